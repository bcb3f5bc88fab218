# SPDX-License-Identifier: Apache-2.0
"""A time-out counted in byte-times of the line."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.uart.protocol import BYTE_BITS


class Timeout(wiring.Component):
    """Count the silence since the last restart, in bit-times of the rate in force.

    Parameters
    ----------
    byte_times : int

    Members
    -------
    divisor : In(16)
        Clocks a bit, at least 2.
    restart : In(1)
        Start counting anew.
    expired : Out(1)
        One cycle, once `byte_times` have passed; counting starts anew by itself.
    """

    def __init__(self, byte_times):
        self.bit_times = byte_times * BYTE_BITS
        super().__init__({"divisor": In(16), "restart": In(1), "expired": Out(1)})

    def elaborate(self, platform):
        m = Module()
        clocks, bit_ends = Signal(16), Signal(init=1)  # `clocks` is 0
        bits, last = Signal(range(self.bit_times)), Signal()  # `bits` is 0, settled as a bit ends

        m.d.sync += [bit_ends.eq(clocks == 1), last.eq(bits == 0)]
        with m.If(self.restart | bit_ends):
            m.d.sync += [clocks.eq(self.divisor - 1), bit_ends.eq(0)]
        with m.Else():
            m.d.sync += clocks.eq(clocks - 1)
        with m.If(self.restart | (bit_ends & last)):
            m.d.sync += bits.eq(self.bit_times - 1)
        with m.Elif(bit_ends):
            m.d.sync += bits.eq(bits - 1)
        m.d.sync += self.expired.eq(bit_ends & last & ~self.restart)

        return m
