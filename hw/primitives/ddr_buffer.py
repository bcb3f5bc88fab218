# SPDX-License-Identifier: Apache-2.0
"""Double data rate pins, also where the platform has no cells for them."""

from amaranth import ClockDomain, ClockSignal, Module, Mux, Signal
from amaranth.lib import io

from hw.primitives.delay import delay


class DdrBuffer(io.DDRBuffer):
    """:class:`amaranth.lib.io.DDRBuffer`, in plain code where a platform has no I/O buffers.

    That code takes as many clocks as the cells of the ECP5 (ODDRX1F, IDDRX1F, OFS1P3DX).
    ``o[0]`` is at the pins in the first half of a clock, ``o[1]`` in the second, ``oe`` for all of
    it. ``i[0]`` is the pin at a rising edge, ``i[1]`` half a clock later; both come with the next
    rising edge.
    """

    o_latency = 3  # from the clock in which `o` is set to the one in which it is at the pin
    i_latency = 1

    def elaborate(self, platform):
        if hasattr(platform, "get_io_buffer"):
            return platform.get_io_buffer(self)
        m = Module()
        m.submodules.pins = pins = io.Buffer(self.direction, self.port)
        if self.direction is not io.Direction.Input:
            halves = [delay(m, self.o[n], self.o_latency) for n in range(2)]
            m.d.comb += [
                pins.o.eq(Mux(ClockSignal(), *halves)),
                pins.oe.eq(delay(m, self.oe, self.o_latency)),
            ]
        if self.direction is not io.Direction.Output:
            m.domains.fall = ClockDomain(clk_edge="neg", reset_less=True, local=True)
            m.d.comb += ClockSignal("fall").eq(ClockSignal())
            falling = Signal.like(pins.i)
            m.d.fall += falling.eq(pins.i)
            m.d.comb += self.i[0].eq(delay(m, pins.i, 1 + self.i_latency))
            m.d.comb += self.i[1].eq(delay(m, falling, self.i_latency))
        return m
