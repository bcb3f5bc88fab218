# SPDX-License-Identifier: Apache-2.0
"""How long the last picture took."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hw.uart.protocol import MAX_LATENT, MAX_PIXELS

IN_FLIGHT = 16  # pictures begun and not yet left


class Stopwatch(wiring.Component):
    """Count the clocks of each picture, from its first latent taken to its last pixel out.

    Pictures may overlap, the next one's latents go in before the last one's pixels are out: at
    most `IN_FLIGHT` of them. To be reset whenever the generator is.

    Members
    -------
    latent : In(range(MAX_LATENT + 1)), pixels : In(range(MAX_PIXELS + 1))
        How many there are of a picture.
    latent_taken, pixel_taken, pixel_waits : In(1)
        Transfers into and out of the generator; a pixel that the line does not take yet.
    core_cycles, stalled_cycles : Out(32)
        Of the last picture: clocks from its first latent to its last pixel, those two included,
        and those of them in which a pixel waited. They change in the cycle after the last pixel.
    """

    latent: In(range(MAX_LATENT + 1))
    pixels: In(range(MAX_PIXELS + 1))
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

        def count(total, taken):
            """Return whether the next one to be taken is the first, or the last, of a picture."""
            done, first, last = Signal.like(total), Signal(init=1), Signal()
            end, single = Signal.like(total), Signal()  # settled once the model is
            m.d.sync += [end.eq(total - 2), single.eq(total == 1)]
            with m.If(taken):
                m.d.sync += [done.eq(done + 1), first.eq(0), last.eq(done == end)]
                with m.If(last | single):
                    m.d.sync += [done.eq(0), first.eq(1), last.eq(0)]
            return first, last | single

        first, _ = count(self.latent, self.latent_taken)
        m.d.comb += [starts.w_en.eq(self.latent_taken & first), starts.w_data.eq(before)]

        _, last = count(self.pixels, self.pixel_taken)
        stalled = Signal(32)
        with m.If(self.pixel_waits):
            m.d.sync += stalled.eq(stalled + 1)
        with m.If(self.pixel_taken & last):
            m.d.comb += starts.r_en.eq(1)
            m.d.sync += [
                self.core_cycles.eq(now - starts.r_data),
                self.stalled_cycles.eq(stalled),
                stalled.eq(0),
            ]

        return m
