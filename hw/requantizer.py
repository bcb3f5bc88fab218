# SPDX-License-Identifier: Apache-2.0
"""Accumulators to activations."""

from amaranth import C, Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.spec import MAX_SHIFT, MUL_BITS
from hw.delay import delay
from hw.tiling import LANES

OUT_BITS = 10  # t of layer 4; activations of the other layers use 0..255 of it


def channel_layout(tiling):
    """Return the layout of the constants that `LANES` neighbouring channels share a word of."""
    lane = data.StructLayout({"bias": signed(tiling.acc_width), "mul": unsigned(MUL_BITS)})
    return data.StructLayout(
        {"lanes": data.ArrayLayout(lane, LANES), "shift": range(MAX_SHIFT + 1)}
    )


class Requantizer(wiring.Component):
    """``clip(((acc + bias) * mul + 2**(shift - 1)) >> shift)``, one accumulator a cycle.

    ``out`` follows the inputs by :attr:`latency` cycles, and never stalls. Rounding is half towards
    +infinity (RND), overflow saturates (SAT) to 0..255 or, with `wide`, to -512..511.

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

    latency = 6

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

        shift = [self.shift]
        for _ in range(4):
            shift.append(register(shift[-1]))
        wide = delay(m, self.wide, 5)

        total = register((self.acc + self.bias)[: self.acc_width + 1].as_signed())
        mul = register(self.mul)

        product = register(total * mul)
        half = register((1 << (shift[1] - 1)[: len(self.shift)])[:MAX_SHIFT])

        rounded = register(product + half)

        coarse = register(rounded >> Cat(C(0, 3), shift[3][3:]))

        fine = register(coarse >> shift[4][:3])

        low = Mux(wide, -(1 << OUT_BITS - 1), 0)
        high = Mux(wide, (1 << OUT_BITS - 1) - 1, 255)
        clipped = register(Mux(fine < low, low, Mux(fine > high, high, fine))[:OUT_BITS])
        m.d.comb += self.out.eq(clipped)
        return m
