# SPDX-License-Identifier: Apache-2.0
"""Two products of one activation in one 18 x 18 multiplier, for weights of up to 5 bits.

The multiplier takes ``P = act * (high * 2**F + low)`` with a field of F = 8 + weight_bits bits.
As weights are symmetric, ``|act * low| < 2**(F - 1)``: the low field of P, read as a signed number,
is ``act * low``. Where that is negative it has borrowed from the field above, so that
``act * high`` is the high field plus the low one's sign.

Activations stay signed and the sums exact, so nothing else of the machine knows. The borrow inside
the weights is taken when they are stored (:func:`stored_weights`), that of the product is the carry
into an adder that is there anyway: Yosys makes as many cells of it. Weights with an offset would
need no borrow, but the sum of all activations taken from every column, and for layer 1's signed
latents a bias a pixel in all three planes: block RAM, which is scarcer than logic.
"""

from amaranth import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.spec import INPUT_BITS
from hw.primitives.logic_multiplier import LogicMultiplier
from hw.primitives.multiplier import Multiplier

MAX_WEIGHT_BITS = 5  # two weights and the field between them fill 18 bits


def field_bits(weight_bits):
    """Return the width of a product in the multiplier: of 9 bits by symmetric `weight_bits`."""
    return INPUT_BITS - 1 + weight_bits


def shared_columns(columns, *, hop, weight_bits):
    """Return which columns of a row share a multiplier: tuples of one or two, in order.

    Two columns share one where weights are narrow enough and both see an activation in one cycle.

    Parameters
    ----------
    columns : int
        Of the array.
    hop : int
        Columns that see an activation in one cycle.
    weight_bits : int
    """
    share = 2 if weight_bits <= MAX_WEIGHT_BITS else 1
    groups = (range(first, min(first + hop, columns)) for first in range(0, columns, hop))
    return [tuple(group[n : n + share]) for group in groups for n in range(0, len(group), share)]


def stored_weights(tile, *, hop, weight_bits):
    """Return a tile's weights as the multipliers take them.

    The second of two that share a multiplier is one less where the first is negative.

    Parameters
    ----------
    tile : int8 array, shape (rows, columns)
        Symmetric weights, at least -(2**(weight_bits - 1) - 1).
    hop, weight_bits : int
        As in :func:`shared_columns`.

    Returns
    -------
    int8 array, shape (rows, columns)
        At least -2**(weight_bits - 1): as many bits.
    """
    stored = tile.copy()
    for low, *high in shared_columns(tile.shape[1], hop=hop, weight_bits=weight_bits):
        stored[:, high] -= tile[:, [low]] < 0
    return stored


class DualPE(wiring.Component):
    """One multiplier with two active and two shadow weights.

    A :class:`hw.engine.systolic_array.PE` of two columns: the products follow ``act`` by as many
    cycles.

    Parameters
    ----------
    weight_bits : int
        Width of a signed weight, 2 to 5.
    logic : bool
        Of two multipliers made of logic, for which nothing is packed.

    Members
    -------
    act : In(signed(9))
        Activation.
    swap : In(1)
        ``act`` and what follows use the shadow weights.
    load : In(2)
        Write the shadow of the weight at the same place.
    weights : In(ArrayLayout(signed(weight_bits), 2))
        As :func:`stored_weights` gives them.
    low : Out(signed(8 + weight_bits))
        Product of the first weight.
    high, carry : Out(signed(8 + weight_bits)), Out(1)
        ``high + carry`` is the product of the second.
    """

    latency = Multiplier.latency

    def __init__(self, weight_bits, *, logic=False):
        self.weight_bits, self.field = weight_bits, field_bits(weight_bits)
        self.logic = logic
        super().__init__(
            {
                "act": In(signed(INPUT_BITS)),
                "swap": In(1),
                "load": In(2),
                "weights": In(data.ArrayLayout(signed(weight_bits), 2)),
                "low": Out(signed(self.field)),
                "high": Out(signed(self.field)),
                "carry": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shadow = Signal.like(self.weights, reset_less=True)
        for n in range(2):
            with m.If(self.load[n]):
                m.d.sync += shadow[n].eq(self.weights[n])
        if self.logic:
            self._of_logic(m, shadow)
        else:
            self._packed(m, shadow)
        return m

    def _of_logic(self, m, shadow):
        borrow = shadow[0] < 0
        for n, product in enumerate((self.low, self.high)):
            m.submodules[f"multiplier_{n}"] = multiplier = LogicMultiplier(
                INPUT_BITS, self.weight_bits
            )
            m.d.comb += [
                multiplier.a.eq(self.act),
                multiplier.b.eq(shadow[n] + borrow if n else shadow[n]),
                multiplier.b_en.eq(self.swap),
                product.eq(multiplier.product),
            ]

    def _packed(self, m, shadow):
        width = self.field + self.weight_bits
        m.submodules.multiplier = multiplier = Multiplier(INPUT_BITS, width)
        low_field = Signal(signed(self.field))
        m.d.comb += [
            low_field.eq(shadow[0]),
            multiplier.a.eq(self.act),
            multiplier.b.eq(Cat(low_field, shadow[1]).as_signed()),
            multiplier.b_en.eq(self.swap),  # its register holds the active weights
        ]

        low, high = (
            multiplier.product[: self.field],
            multiplier.product[self.field : 2 * self.field],
        )
        m.d.comb += [self.low.eq(low), self.high.eq(high), self.carry.eq(low[-1])]
