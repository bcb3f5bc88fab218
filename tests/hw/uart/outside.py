# SPDX-License-Identifier: Apache-2.0
"""A top around a stand-in whose weights lie outside, and a host that talks with it."""

import zlib

from amaranth.lib.wiring import Out

from hw.flash.loader import FlashLoader
from hw.memory.machine_port import machine_port
from hw.top import Top
from hw.uart.facts import Info
from hw.uart.identity import Identity
from hw.uart.protocol import (
    ANSWER,
    ERROR,
    LOAD_BEGIN,
    OFFSET,
    Error,
    Frame,
    Request,
    generate_payload,
)
from tests.hw.flash.chip import Chip
from tests.hw.uart.byte_line import ByteHost, ByteLine
from tests.hw.uart.line import simulate
from tests.hw.uart.stand_in import CAPACITY_ID, MACHINE, MEMORIES, StandIn, StandInModel

MODEL = StandInModel()
DAMAGE = 0x80  # in the window: how a bench tells the stand-in that its weights are damaged


class StandInOutside(StandIn):
    """A :class:`StandIn` with a port that it does not use; `DAMAGE` in its window is damage."""

    def __init__(self, words=None):
        outside = {"memory": Out(machine_port(16, 64)), "damaged": Out(1)}
        super().__init__(words, outside)

    def elaborate(self, platform):
        m = super().elaborate(platform)
        m.d.comb += self.damaged.eq(self.memory.window[-1])
        return m


class Conversation:
    """Requests and their answers."""

    def __init__(self, ctx, dut):
        self.ctx, self.dut, self.host, self.tag = ctx, dut, ByteHost(ctx, dut), 0

    async def ask(self, request, payload=b""):
        """Return the payload of the answer, or an Error."""
        self.tag += 1
        await self.host.send(Frame(request, self.tag, payload).encode())
        frame = await self.host.receive()
        if frame.type == ERROR:
            return Error(frame.payload[0])
        assert frame.type == request | ANSWER
        return frame.payload

    async def status(self):
        return Info.unpack(await self.ask(Request.INFO)).status

    async def begin(self):
        image = MODEL.image
        head = LOAD_BEGIN.pack(CAPACITY_ID, len(image), zlib.crc32(image), MODEL.digest[:8])
        return await self.ask(Request.LOAD_BEGIN, head)

    async def load(self):
        """Return what the self-test gives."""
        assert await self.begin() == OFFSET.pack(0)
        for at in range(0, len(MODEL.image), 512):
            data = MODEL.image[at : at + 512]
            assert await self.ask(Request.LOAD_DATA, OFFSET.pack(at) + data)
        return await self.ask(Request.LOAD_END)

    async def picture(self):
        payload = generate_payload(MODEL.digest[:8], MODEL.self_test)
        return await self.ask(Request.GENERATE, payload)


def converse(bench, stored=None):
    """Run a bench with a :class:`Conversation` on a top that has a model at power-up.

    Where something is `stored`, it has no model, but a flash; the bench gets its chip, too.
    """
    if stored is None:
        about = Identity(MACHINE, MODEL.part)
        dut = Top(StandInOutside(MODEL.words), MEMORIES, about, ByteLine())
        chips = []
    else:
        about, loader = Identity(MACHINE), FlashLoader(2)
        dut = Top(StandInOutside(), MEMORIES, about, ByteLine(), flash=loader)
        chips = [Chip(dut.flash, stored)]

    async def run(ctx):
        talk = Conversation(ctx, dut)
        await talk.host.idle(100)
        await bench(ctx, dut.memory, talk, *chips)

    simulate(dut, run, background=[chip.run for chip in chips], cycles=60_000)
