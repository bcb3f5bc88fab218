# SPDX-License-Identifier: Apache-2.0
"""Accumulators to activations."""

from amaranth import C, Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.spec import MAX_SHIFT, MUL_BITS
from hw.primitives.delay import delays
from hw.primitives.multiplier import MAX_WIDTH, Multiplier
from hw.tiling import LANES

OUT_BITS = 10  # t of layer 4; activations of the other layers use 0..255 of it


def channel_layout(acc_width):
    """Return the layout of the constants that `LANES` neighbouring channels share a word of.

    Parameters
    ----------
    acc_width : int
        Bits of a signed accumulator, and of a bias.
    """
    lane = data.StructLayout({"bias": signed(acc_width), "mul": unsigned(MUL_BITS)})
    return data.StructLayout(
        {"lanes": data.ArrayLayout(lane, LANES), "shift": range(MAX_SHIFT + 1)}
    )


def part_widths(acc_width):
    """Return the bits of each part of acc + bias, the lowest first: a multiplier takes one.

    Only the highest part is signed.
    """
    total = acc_width + 1
    if total <= MAX_WIDTH:
        return (total,)
    return tuple(min(MAX_WIDTH - 1, total - low) for low in range(0, total, MAX_WIDTH - 1))


class Requantizer(wiring.Component):
    """``clip(((acc + bias) * mul + 2**(shift - 1)) >> shift)``, one accumulator a cycle.

    ``out`` follows the inputs by :attr:`latency` cycles, and never stalls. Rounding is half towards
    +infinity (RND), overflow saturates (SAT) to 0..255 or, with `wide`, to -512..511. One 18 x 18
    multiplier, or two where acc + bias has more bits.

    Parameters
    ----------
    acc_width : int
        Bits of the signed accumulator.

    Members
    -------
    acc : In(signed(acc_width))
    bias : In(signed(acc_width + 1))
        acc + bias fits as many bits.
    mul : In(unsigned(16))
    shift : In(range(41))
        At least 1.
    wide : In(1)
        Layer 4's range in place of the ReLU's.
    out : Out(signed(10))
    """

    latency = 10

    def __init__(self, acc_width):
        self.acc_width = acc_width
        super().__init__(
            {
                "acc": In(signed(acc_width)),
                "bias": In(signed(acc_width + 1)),
                "mul": In(unsigned(MUL_BITS)),
                "shift": In(range(MAX_SHIFT + 1)),
                "wide": In(1),
                "out": Out(signed(OUT_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        def register(value):
            stage = Signal(value.shape(), reset_less=True)
            m.d.sync += stage.eq(value)
            return stage

        shift = delays(m, self.shift, 7)
        wide = delays(m, self.wide, 9)

        total = register((self.acc + self.bias)[: self.acc_width + 1].as_signed())
        mul = register(self.mul)

        products, first = [], 0
        for n, width in enumerate(part_widths(self.acc_width)):
            part = total[first : first + width]
            highest = first + width == len(total)
            multiplier = Multiplier(width if highest else width + 1, MUL_BITS + 1)
            m.submodules[f"multiplier_{n}"] = multiplier
            m.d.comb += [
                multiplier.a.eq(part.as_signed() if highest else part),
                multiplier.b.eq(mul),
                multiplier.b_en.eq(1),
            ]
            products.append((first, multiplier.product))
            first += width

        half = register((1 << (shift[3] - 1)[: len(self.shift)])[:MAX_SHIFT])
        (_, lowest), *others = products
        low = register(lowest + half)
        high = [register(product) << first for first, product in others]
        rounded = register(sum(high, start=low))

        coarse = register(rounded >> Cat(C(0, 3), shift[6][3:]))

        fine = register(coarse >> shift[7][:3])

        sign, above = fine[-1], fine[OUT_BITS - 1 : -1]
        over = register(~sign & (above.any() | (fine[8] & ~wide[8])))
        under = register(sign & ~(above.all() & wide[8]))
        inside = register(fine[:OUT_BITS].as_signed())

        largest = Mux(wide[9], (1 << OUT_BITS - 1) - 1, 255)
        smallest = Mux(wide[9], -(1 << OUT_BITS - 1), 0)
        clipped = register(Mux(over, largest, Mux(under, smallest, inside))[:OUT_BITS])
        m.d.comb += self.out.eq(clipped)
        return m
