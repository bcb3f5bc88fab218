# SPDX-License-Identifier: Apache-2.0
"""Bytes without a wire: ten times as fast as on one, for tests of what lies behind the line."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.axi.line import GAP
from hw.uart import protocol
from hw.uart.serial_line import LINE

DIVISOR = protocol.MIN_DIVISOR  # of which time-outs are counted


class ByteLine(wiring.Component):
    """A line whose bytes come and go whole, one in :data:`hw.axi.line.GAP` clocks at most.

    Members
    -------
    came : In(1), byte_in : In(8)
        A byte for the top, in one cycle.
    gone : Out(1), byte_out : Out(8)
        One from the top.
    link : Out(LINE)
    """

    came: In(1)
    byte_in: In(8)
    gone: Out(1)
    byte_out: Out(8)
    link: Out(LINE)

    def elaborate(self, platform):
        m = Module()
        link, wait = self.link, Signal(range(GAP))
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Elif(self.gone):
            m.d.sync += wait.eq(GAP - 1)
        m.d.comb += [
            link.received.valid.eq(self.came),
            link.received.p.data.eq(self.byte_in),
            link.send.ready.eq(wait == 0),
            self.gone.eq(link.send.valid & link.send.ready),
            self.byte_out.eq(link.send.p),
            link.sending.eq(wait != 0),
            link.divisor.eq(DIVISOR),
        ]
        return m


class ByteHost:
    """What :class:`tests.hw.uart.line.Host` does, at the pins of a top with a :class:`ByteLine`."""

    def __init__(self, ctx, dut):
        self.ctx, self.dut = ctx, dut

    async def idle(self, bits):
        """Let the line rest for so many bit-times."""
        await self.ctx.tick().repeat(bits * DIVISOR)

    async def send(self, chunk):
        """Send bytes as fast as they may come."""
        for byte in chunk:
            self.ctx.set(self.dut.byte_in, byte)
            self.ctx.set(self.dut.came, 1)
            await self.ctx.tick()
            self.ctx.set(self.dut.came, 0)
            await self.ctx.tick().repeat(GAP - 1)

    async def receive(self):
        """Return the next frame."""
        unstuffer = protocol.Unstuffer()
        async for *_, gone, byte in self.ctx.tick().sample(self.dut.gone, self.dut.byte_out):
            if gone:
                for body in unstuffer.feed([byte]):
                    return protocol.Frame.decode(body)
