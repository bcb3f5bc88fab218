# SPDX-License-Identifier: Apache-2.0
"""The rate of the line, and the way back to the one that every host knows."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.uart.protocol import BYTE_BITS, FALLBACK


class BaudRate(wiring.Component):
    """Hold the divisor; go back to the start-up rate where no good frame arrives at another one.

    A new rate is on probation for `FALLBACK` byte-times of the start-up rate: a good frame ends
    the probation, its end without one brings the start-up rate back. A bad frame at a rate that
    is not the start-up one begins a probation: a host that comes to a board which its predecessor
    left at another rate gets through after that time.

    Parameters
    ----------
    startup : int
        Clocks a bit after reset.

    Members
    -------
    set : In(1)
        Take `new`.
    new : In(16)
    good, bad : In(1)
        A frame arrived whole, or spoilt.
    divisor : Out(16)
        Clocks a bit, now.
    probation : Out(1)
    """

    def __init__(self, startup):
        self.startup = startup
        super().__init__(
            {
                "set": In(1),
                "new": In(16),
                "good": In(1),
                "bad": In(1),
                "divisor": Out(16, init=startup),
                "probation": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        span = FALLBACK * BYTE_BITS * self.startup
        clocks = Signal(range(span))
        other = Signal()
        m.d.comb += other.eq(self.divisor != self.startup)

        with m.If(self.probation):
            m.d.sync += clocks.eq(clocks - 1)
            with m.If(clocks == 0):
                m.d.sync += [self.divisor.eq(self.startup), self.probation.eq(0)]
        with m.Elif(other & self.bad):
            m.d.sync += [self.probation.eq(1), clocks.eq(span - 1)]
        with m.If(self.good):
            m.d.sync += self.probation.eq(0)
        with m.If(self.set):
            m.d.sync += [
                self.divisor.eq(self.new),
                self.probation.eq(self.new != self.startup),
                clocks.eq(span - 1),
            ]

        return m
