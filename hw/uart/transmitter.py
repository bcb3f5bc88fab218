# SPDX-License-Identifier: Apache-2.0
"""Bytes to serial line."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Transmitter(wiring.Component):
    """UART transmitter, 8N1, with a bit time that may change between bytes.

    A byte takes 10 bit-times; its start bit begins in the cycle after it was taken. Bytes that
    wait follow each other without a gap.

    Members
    -------
    i : In(stream.Signature(8))
    divisor : In(16)
        Clocks a bit, at least 2.
    tx : Out(1)
        The line, from a register; high when idle.
    active : Out(1)
        A byte, its stop bit included, is on the line.
    """

    i: In(stream.Signature(8))
    divisor: In(16)
    tx: Out(1, init=1)
    active: Out(1)

    def elaborate(self, platform):
        m = Module()
        clocks = Signal(16)  # left of this bit, after this one
        bits = Signal(range(10))  # left of this byte, after this one
        shift = Signal(9)
        bit_ends = Signal()
        m.d.comb += [
            bit_ends.eq(clocks == 0),
            self.i.ready.eq(bit_ends & (bits == 0)),
        ]

        with m.If(~bit_ends):
            m.d.sync += clocks.eq(clocks - 1)
        with m.Elif(bits != 0):
            m.d.sync += [
                clocks.eq(self.divisor - 1),
                bits.eq(bits - 1),
                Cat(self.tx, shift).eq(Cat(shift, Const(1, 1))),
            ]
        with m.Elif(self.i.valid):
            m.d.sync += [
                clocks.eq(self.divisor - 1),
                bits.eq(9),
                Cat(self.tx, shift).eq(Cat(Const(0, 1), self.i.p, Const(1, 1))),
            ]
        m.d.comb += self.active.eq(~self.i.ready)

        return m
