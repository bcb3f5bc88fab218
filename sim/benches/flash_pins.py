# SPDX-License-Identifier: Apache-2.0
"""The chip of a flash alone, at ports of a simulated top."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.flash.reader import PINS
from sim.chips.flash import flash

CLOCK = 4000  # ps
LATE = 2  # clocks


class FlashPins(wiring.Component):
    """A chip that counts what it sees and does not stop; its time is the clock's.

    Members
    -------
    All ports of flash.v but `tick`.
    """

    cs_n: In(1, init=1)
    clk_in: In(1)
    copi: In(1)
    forget: In(1)
    cipo: Out(1)
    violation: Out(8)

    def elaborate(self, platform):
        m = Module()
        pins = PINS.create()
        m.submodules.chip = flash(
            pins,
            ADDRESS_BITS=12,
            STOP=0,
            CLOCK=CLOCK,
            LATE=LATE,
            i_forget=self.forget,
            o_violation=self.violation,
        )
        m.d.comb += [
            pins.cs.eq(~self.cs_n),
            pins.clk.eq(self.clk_in),
            pins.copi.eq(self.copi),
            self.cipo.eq(pins.cipo),
        ]
        kept = Signal()  # a module without a register has no clock
        m.d.sync += kept.eq(self.forget)
        return m
