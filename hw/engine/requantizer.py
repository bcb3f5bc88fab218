# SPDX-License-Identifier: Apache-2.0
"""Accumulators to activations."""

from amaranth import C, Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from golden.spec import MAX_SHIFT, MUL_BITS
from hw.array import LANES
from hw.primitives.delay import delays
from hw.primitives.multiplier import MAX_WIDTH, Multiplier

OUT_BITS = 10  # t of the last layer; activations of the other layers use -128..255 of it


class Clip(enum.Enum, shape=2):
    """Where values saturate."""

    UNSIGNED = 0  # 0..255: relu
    SIGNED = 1  # -128..127: leaky_relu
    WIDE = 2  # -512..511: the table's index


def channel_layout(acc_width):
    """Return the layout of the constants that `LANES` neighbouring channels share a word of.

    Parameters
    ----------
    acc_width : int
        Bits of a signed accumulator, and of a bias.
    """
    lane = data.StructLayout(
        {"bias": signed(acc_width), "mul": unsigned(MUL_BITS), "neg": unsigned(MUL_BITS)}
    )
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


def multipliers(acc_width):
    """Return those of all `LANES` requantizers."""
    return LANES * len(part_widths(acc_width))


class Requantizer(wiring.Component):
    """``clip(((acc + bias) * factor + 2**(shift - 1)) >> shift)``, one accumulator a cycle.

    The factor is ``neg`` where acc + bias is negative, else ``mul``. ``out`` follows the inputs by
    :attr:`latency` cycles, and never stalls. Rounding is half towards +infinity (RND), overflow
    saturates (SAT) as `clip` says. One 18 x 18 multiplier, or two where acc + bias has more bits.

    Parameters
    ----------
    acc_width : int
        Bits of the signed accumulator.

    Members
    -------
    acc : In(signed(acc_width))
    bias : In(signed(acc_width + 1))
        acc + bias fits as many bits.
    mul, neg : In(unsigned(16))
    shift : In(range(41))
        At least 1.
    clip : In(Clip)
    out : Out(signed(10))
    """

    latency = 11

    def __init__(self, acc_width):
        self.acc_width = acc_width
        super().__init__(
            {
                "acc": In(signed(acc_width)),
                "bias": In(signed(acc_width + 1)),
                "mul": In(unsigned(MUL_BITS)),
                "neg": In(unsigned(MUL_BITS)),
                "shift": In(range(MAX_SHIFT + 1)),
                "clip": In(Clip),
                "out": Out(signed(OUT_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        def register(value):
            stage = Signal(value.shape(), reset_less=True)
            m.d.sync += stage.eq(value)
            return stage

        shift = delays(m, self.shift, 8)
        clip = delays(m, self.clip, 10)

        first_total = register((self.acc + self.bias)[: self.acc_width + 1].as_signed())
        mul, neg = delays(m, self.mul, 1)[-1], delays(m, self.neg, 1)[-1]
        total = register(first_total)
        factor = register(Mux(first_total[-1], neg, mul))

        products, first = [], 0
        for n, width in enumerate(part_widths(self.acc_width)):
            part = total[first : first + width]
            highest = first + width == len(total)
            multiplier = Multiplier(width if highest else width + 1, MUL_BITS + 1)
            m.submodules[f"multiplier_{n}"] = multiplier
            m.d.comb += [
                multiplier.a.eq(part.as_signed() if highest else part),
                multiplier.b.eq(factor),
                multiplier.b_en.eq(1),
            ]
            products.append((first, multiplier.product))
            first += width

        half = register((1 << (shift[4] - 1)[: len(self.shift)])[:MAX_SHIFT])
        (_, lowest), *others = products
        low = register(lowest + half)
        high = [register(product) << first for first, product in others]
        rounded = register(sum(high, start=low))

        coarse = register(rounded >> Cat(C(0, 3), shift[7][3:]))

        fine = register(coarse >> shift[8][:3])

        wide = clip[9] == Clip.WIDE
        sign, above = fine[-1], fine[OUT_BITS - 1 : -1]
        large = fine[8] | (fine[7] & (clip[9] == Clip.SIGNED))
        small = ~fine[8] | (~fine[7] & (clip[9] == Clip.SIGNED))
        over = register(~sign & (above.any() | (large & ~wide)))
        under = register(sign & ~(above.all() & (wide | ((clip[9] == Clip.SIGNED) & ~small))))
        inside = register(fine[:OUT_BITS].as_signed())

        largest, smallest = Signal(signed(OUT_BITS)), Signal(signed(OUT_BITS))
        with m.Switch(clip[10]):
            with m.Case(Clip.WIDE):
                m.d.comb += [
                    largest.eq((1 << OUT_BITS - 1) - 1),
                    smallest.eq(-(1 << OUT_BITS - 1)),
                ]
            with m.Case(Clip.SIGNED):
                m.d.comb += [largest.eq(127), smallest.eq(-128)]
            with m.Default():
                m.d.comb += largest.eq(255)
        clipped = register(Mux(over, largest, Mux(under, smallest, inside)))
        m.d.comb += self.out.eq(clipped)
        return m
