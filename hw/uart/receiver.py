# SPDX-License-Identifier: Apache-2.0
"""Serial line to bytes."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

BYTE = data.StructLayout({"data": 8, "broken": 1})


class Receiver(wiring.Component):
    """UART receiver, 8N1, with a bit time that may change while it runs.

    A byte leaves half a bit-time and 3 cycles after its stop bit began. Each bit is sampled once,
    in its middle, to within a cycle.

    Members
    -------
    rx : In(1)
        The line, not synchronous to anything; high when idle.
    divisor : In(16)
        Clocks a bit, at least 4.
    o : Out(stream.Signature(StructLayout({"data": 8, "broken": 1}), always_ready=True))
        Received bytes; `broken` where the stop bit was low (a break, noise, or another rate).
    active : Out(1)
        Inside a byte, or waiting for a low line to rise.
    """

    rx: In(1, init=1)
    divisor: In(16)
    o: Out(stream.Signature(BYTE, always_ready=True))
    active: Out(1)

    def elaborate(self, platform):
        m = Module()
        rx = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, rx, init=1)

        clocks = Signal(16)  # until the next sample
        sample = Signal()
        m.d.comb += sample.eq(clocks == 0)
        with m.If(sample):
            m.d.sync += clocks.eq(self.divisor - 1)
        with m.Else():
            m.d.sync += clocks.eq(clocks - 1)

        bit = Signal(range(8))
        shift = Signal(8)
        m.d.sync += self.o.valid.eq(0)
        with m.FSM() as fsm:
            with m.State("IDLE"):
                with m.If(~rx):
                    m.d.sync += clocks.eq((self.divisor >> 1) - 1)
                    m.next = "START"
            with m.State("START"):
                with m.If(sample):
                    with m.If(rx):  # a glitch
                        m.next = "IDLE"
                    with m.Else():
                        m.next = "DATA"
            with m.State("DATA"):
                with m.If(sample):
                    m.d.sync += [shift.eq(Cat(shift[1:], rx)), bit.eq(bit + 1)]
                    with m.If(bit == 7):
                        m.next = "STOP"
            with m.State("STOP"):
                with m.If(sample):
                    m.d.sync += [
                        self.o.valid.eq(1),
                        self.o.p.data.eq(shift),
                        self.o.p.broken.eq(~rx),
                    ]
                    m.next = "IDLE"
                    with m.If(~rx):
                        m.next = "HIGH"
            with m.State("HIGH"):
                with m.If(rx):
                    m.next = "IDLE"
        m.d.comb += self.active.eq(~fsm.ongoing("IDLE"))

        return m
