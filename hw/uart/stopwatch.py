# SPDX-License-Identifier: Apache-2.0
"""How long the last picture took."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hw.uart.protocol import LATENT, PIXELS

IN_FLIGHT = 4  # pictures begun and not yet left


class Stopwatch(wiring.Component):
    """Count the clocks of each picture, from its first latent taken to its last pixel out.

    Pictures may overlap, the next one's latents go in before the last one's pixels are out: at
    most `IN_FLIGHT` of them.

    Members
    -------
    latent_taken, pixel_taken, pixel_waits : In(1)
        Transfers into and out of the generator; a pixel that the line does not take yet.
    core_cycles, stalled_cycles : Out(32)
        Of the last picture: clocks from its first latent to its last pixel, those two included,
        and those of them in which a pixel waited. They change in the cycle after the last pixel.
    """

    latent_taken: In(1)
    pixel_taken: In(1)
    pixel_waits: In(1)
    core_cycles: Out(32)
    stalled_cycles: Out(32)

    def elaborate(self, platform):
        m = Module()
        m.submodules.starts = starts = SyncFIFOBuffered(width=32, depth=IN_FLIGHT)

        now = Signal(32)
        before = Signal(32)  # now - 1: the first and the last cycle both count
        m.d.sync += [now.eq(now + 1), before.eq(now)]

        latents, first = Signal(range(LATENT)), Signal(init=1)  # `latents` is 0
        m.d.comb += [starts.w_en.eq(self.latent_taken & first), starts.w_data.eq(before)]
        with m.If(self.latent_taken):
            m.d.sync += [latents.eq(latents + 1), first.eq(0)]
            with m.If(latents == LATENT - 1):
                m.d.sync += [latents.eq(0), first.eq(1)]

        pixels, last = Signal(range(PIXELS)), Signal()  # `pixels` is the last
        stalled = Signal(32)
        with m.If(self.pixel_waits):
            m.d.sync += stalled.eq(stalled + 1)
        with m.If(self.pixel_taken):
            m.d.sync += [pixels.eq(pixels + 1), last.eq(pixels == PIXELS - 2)]
            with m.If(last):
                m.d.comb += starts.r_en.eq(1)
                m.d.sync += [
                    pixels.eq(0),
                    self.core_cycles.eq(now - starts.r_data),
                    self.stalled_cycles.eq(stalled),
                    stalled.eq(0),
                ]

        return m
