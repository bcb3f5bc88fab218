# SPDX-License-Identifier: Apache-2.0
"""The weight-stationary systolic array with double-buffered weights."""

from itertools import zip_longest
from typing import NamedTuple

from amaranth import Cat, Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.spec import INPUT_BITS
from hw.engine.dual_multiplier import DualPE, shared_columns
from hw.primitives.delay import delay, delays
from hw.primitives.logic_multiplier import LogicMultiplier
from hw.primitives.multiplier import Multiplier


class PE(wiring.Component):
    """One multiplier with an active and a shadow weight.

    ``product`` follows ``act`` by :attr:`latency` cycles; one product a cycle. A weight written
    with ``load`` waits in the shadow until ``swap`` arrives beside the first activation that uses
    it.

    Parameters
    ----------
    weight_bits : int
        Width of the signed weight.
    logic : bool
        Its multiplier is made of logic.

    Members
    -------
    act : In(signed(9))
        Activation.
    swap : In(1)
        ``act`` and what follows use the shadow weight.
    load, weight : In(1), In(signed(weight_bits))
        Write the shadow; beside ``swap`` this is the weight of the tile behind.
    product : Out(signed(9 + weight_bits))
    """

    latency = Multiplier.latency

    def __init__(self, weight_bits, *, logic=False):
        self.weight_bits, self.logic = weight_bits, logic
        super().__init__(
            {
                "act": In(signed(INPUT_BITS)),
                "swap": In(1),
                "load": In(1),
                "weight": In(signed(weight_bits)),
                "product": Out(signed(INPUT_BITS + weight_bits)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shadow = Signal.like(self.weight, reset_less=True)
        with m.If(self.load):
            m.d.sync += shadow.eq(self.weight)

        kind = LogicMultiplier if self.logic else Multiplier
        m.submodules.multiplier = multiplier = kind(INPUT_BITS, self.weight_bits)
        m.d.comb += [
            multiplier.a.eq(self.act),
            multiplier.b.eq(shadow),
            multiplier.b_en.eq(self.swap),  # its register is the active weight
            self.product.eq(multiplier.product),
        ]
        return m


class Term(NamedTuple):
    """A number on its way to a sum, without or with a bit that the next adder takes as carry."""

    value: Value
    carry: Value | None = None


def tree_levels(array):
    """Return the cycles in which the products of a row group are summed."""
    return (min(array.hop, array.rows) - 1).bit_length()


def made_of_logic(wanted, multipliers):
    """Return of each of so many products or pairs, row by row, whether logic makes it: bools.

    Those that `multipliers` have no place for, spread evenly; None is a place for all.
    """
    has = wanted if multipliers is None else min(wanted, multipliers)
    return [(n + 1) * has // wanted == n * has // wanted for n in range(wanted)]


def array_latency(array):
    """Return the cycles from an activation to the sums of the first column group.

    Parameters
    ----------
    array : hw.array.ArraySpec
    """
    return PE.latency + tree_levels(array) + array.row_groups


class SystolicArray(wiring.Component):
    """R x C products: activations run right, partial sums run down, a group of `hop` a cycle.

    Where weights have 5 bits or fewer, two columns share a multiplier
    (:func:`hw.engine.dual_multiplier.shared_columns`). Where there are fewer multipliers than that
    takes, products are made of logic in their place, as many in each row: nothing else changes.

    Everything that enters together stays together: row group i and column group j see activations,
    ``swap`` and weight words i + j cycles late, so a tile may follow the last as soon as its words
    are in. Inside a group of `hop` rows the products are added by a tree. There is no stall: an
    invalid activation costs a beat and is not accumulated.

    ``psums[c]`` belongs to the activation that entered ``latency + c // hop`` cycles before.

    Parameters
    ----------
    array : hw.array.ArraySpec
        Rows, columns, weights in a word, and rows and columns a hop.
    weight_bits, psum_width : int
        Bits of a signed weight, and of a signed sum over one column.
    multipliers : int, optional
        That it may take; None: as many as it wants.

    Members
    -------
    act : In(ArrayLayout(signed(9), rows))
        One activation a row.
    swap : In(1)
        `act` is the first that uses the words loaded since the last swap.
    load : In(1)
        A weight word is here, beside the swap of the tile in the shadow at the earliest.
    index : In(range(words of a tile))
        Position of the word in its tile.
    word : In(ArrayLayout(signed(weight_bits), word_weights))
        Weights ``index * word_weights`` and on of the tile, row by row, as
        :func:`hw.engine.dual_multiplier.stored_weights` gives them.
    psums : Out(ArrayLayout(signed(psum_width), columns))
    """

    def __init__(self, array, *, weight_bits, psum_width, multipliers=None):
        self.array, self.weight_bits, self.psum_width = array, weight_bits, psum_width
        self.multipliers = multipliers
        self.latency = array_latency(array)
        words = -(-array.macs_per_cycle // array.word_weights)
        super().__init__(
            {
                "act": In(data.ArrayLayout(signed(INPUT_BITS), array.rows)),
                "swap": In(1),
                "load": In(1),
                "index": In(range(words)),
                "word": In(data.ArrayLayout(signed(weight_bits), array.word_weights)),
                "psums": Out(data.ArrayLayout(signed(psum_width), array.columns)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        array = self.array
        rows, columns, hop = array.rows, array.columns, array.hop
        row_groups, column_groups = array.row_groups, array.column_groups
        depth = row_groups + column_groups - 1  # the farthest group is depth - 1 hops away

        act = [delays(m, self.act[r], r // hop + column_groups - 1) for r in range(rows)]
        swap = delays(m, self.swap, depth - 1, reset_less=False)
        load = delays(m, self.load, depth - 1, reset_less=False)
        index = delays(m, self.index, depth - 1)
        lanes = [delays(m, self.word[n], depth - 1) for n in range(array.word_weights)]

        shared_by = shared_columns(columns, hop=hop, weight_bits=self.weight_bits)
        logic = made_of_logic(rows * len(shared_by), self.multipliers)
        terms = {}
        for r in range(rows):
            for place, shared in enumerate(shared_by):
                hops = r // hop + shared[0] // hop
                loads, weights = [], []
                for c in shared:
                    word, lane = divmod(r * columns + c, array.word_weights)
                    loads.append(load[hops] & (index[hops] == word))
                    weights.append(lanes[lane][hops])
                kind = DualPE if len(shared) == 2 else PE
                pe = kind(self.weight_bits, logic=logic[r * len(shared_by) + place])
                m.submodules[f"pe_{r}_{shared[0]}"] = pe
                m.d.comb += [pe.act.eq(act[r][hops]), pe.swap.eq(swap[hops])]
                m.d.comb += pe.load.eq(Cat(loads))
                if len(shared) == 2:
                    m.d.comb += pe.weights.eq(Cat(weights))
                    products = Term(pe.low), Term(pe.high, None if pe.logic else pe.carry)
                else:
                    m.d.comb += pe.weight.eq(weights[0])
                    products = (Term(pe.product),)
                terms.update(zip(((r, c) for c in shared), products, strict=True))

        for c in range(columns):
            psum = None
            for first in range(0, rows, hop):
                group = [terms[r, c] for r in range(first, min(rows, first + hop))]
                psum = self._add(m, psum, self._tree(m, group))
            m.d.comb += self.psums[c].eq(psum.value)
        return m

    def _tree(self, m, terms):
        """Sum `terms` in exactly :func:`tree_levels` cycles; at most one carry is left."""
        for _ in range(tree_levels(self.array)):
            terms = [self._add(m, a, b) for a, b in zip_longest(terms[::2], terms[1::2])]
        return terms[0]

    def _add(self, m, *terms):
        """Register the sum of one or two terms, None being nothing.

        An adder takes one carry. Of two the second stays with the sum, for the next adder.
        """
        terms = [term for term in terms if term is not None]
        carries = [term.carry for term in terms if term.carry is not None]
        total = sum((term.value for term in terms[1:]), start=terms[0].value)
        width = min(len(total) + (len(terms) < 2 and bool(carries)), self.psum_width)
        register = Signal(signed(width), reset_less=True)
        m.d.sync += register.eq(sum(carries[:1], start=total))
        return Term(register, *(delay(m, carry, 1) for carry in carries[1:]))
