# SPDX-License-Identifier: Apache-2.0
"""A CRC-32 of a picture's bytes, a pixel a clock."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.primitives.crc32 import next_state
from hw.primitives.delay import delay


class PictureCrc(wiring.Component):
    """The CRC-32 of :func:`zlib.crc32` over pixels of three bytes, or of one.

    Two cycles behind a pixel, with at most four LUTs between registers: the pixel's share of the
    next state, then the state's own.

    Members
    -------
    grey : In(1)
        A pixel is its lowest byte; the same for a whole picture.
    clear : In(1)
        Start anew; a pixel of this cycle or of the one before is not counted.
    en : In(1)
        Count `data`.
    data : In(24)
    crc : Out(32)
        CRC of everything counted until now.
    """

    grey: In(1)
    clear: In(1)
    en: In(1)
    data: In(24)
    crc: Out(32)

    def elaborate(self, platform):
        m = Module()
        state = Signal(32, init=0xFFFFFFFF)
        of_pixel = Signal(32, reset_less=True)
        en = delay(m, self.en, 1, reset_less=False)

        def share(of, bits):
            return Cat(of[k] for k in bits).xor() if bits else 0

        for n, (colour, grey) in enumerate(zip(next_state(24), next_state(8), strict=True)):
            m.d.sync += of_pixel[n].eq(
                Mux(self.grey, share(self.data, grey[1]), share(self.data, colour[1]))
            )
            with m.If(en):
                m.d.sync += state[n].eq(
                    of_pixel[n] ^ Mux(self.grey, share(state, grey[0]), share(state, colour[0]))
                )
        with m.If(self.clear):
            m.d.sync += state.eq(state.init)
        m.d.comb += self.crc.eq(~state)
        return m
