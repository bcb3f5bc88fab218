# SPDX-License-Identifier: Apache-2.0
"""hw.top around an engine whose weights lie outside: a memory that does not start, or changes."""

import zlib

from amaranth.lib.wiring import Out

from hw.memory.machine_port import machine_port
from hw.top import Top
from hw.uart.facts import Info, Memory, State
from hw.uart.identity import Identity
from hw.uart.protocol import (
    ANSWER,
    ERROR,
    LOAD_BEGIN,
    OFFSET,
    PICTURE_SUM,
    SELF_TEST_ANSWER,
    SUMS,
    Error,
    Frame,
    Request,
    generate_payload,
)
from hw.uart.serial_line import SerialLine
from tests.hw.uart.line import Host, simulate
from tests.hw.uart.stand_in import CAPACITY_ID, MACHINE, MEMORIES, StandIn, StandInModel

MODEL = StandInModel()
DAMAGE = 0x80  # in the window: how a bench tells the stand-in that its weights are damaged


class StandInOutside(StandIn):
    """A :class:`StandIn` with a port that it does not use."""

    def __init__(self):
        outside = {"memory": Out(machine_port(16, 64)), "damaged": Out(1)}
        super().__init__(MODEL.words, outside)

    def elaborate(self, platform):
        m = super().elaborate(platform)
        m.d.comb += self.damaged.eq(self.memory.window[-1])
        return m


class Conversation:
    """Requests and their answers."""

    def __init__(self, ctx, dut):
        self.ctx, self.dut, self.host, self.tag = ctx, dut, Host(ctx, dut), 0

    async def ask(self, request, payload=b""):
        """Return the payload of the answer, or an Error."""
        self.tag += 1
        await self.host.send(Frame(request, self.tag, payload).encode())
        (frame,) = await self.host.receive(byte_times=400)
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


def converse(bench):
    """Run a bench with a :class:`Conversation` on a top that has a model at power-up."""
    dut = Top(StandInOutside(), MEMORIES, Identity(MACHINE, MODEL.part), SerialLine(4))

    async def run(ctx):
        talk = Conversation(ctx, dut)
        await talk.host.idle(100)
        await bench(ctx, dut.memory, talk)

    simulate(dut, run, cycles=600_000)


def test_no_load_before_the_memory_has_started():
    async def bench(ctx, memory, talk):
        assert ctx.get(talk.dut.active)
        status = await talk.status()
        assert (status.state, status.memory) == (State.NO_MODEL, Memory.STARTING)
        assert await talk.begin() == Error.MEMORY
        ctx.set(memory.failed, 1)
        ctx.set(memory.window, 0b0110)
        status = await talk.status()
        assert (status.memory, status.window) == (Memory.FAILED, 0b0110)
        assert await talk.begin() == Error.MEMORY
        assert await talk.picture() == Error.NO_MODEL
        await talk.host.idle(20)
        assert not ctx.get(talk.dut.active)

    converse(bench)


def test_a_memory_that_changes_ends_the_model():
    async def bench(ctx, memory, talk):
        ctx.set(memory.ready, 1)
        ctx.set(memory.phase, 5)
        stored, computed = SELF_TEST_ANSWER.unpack(await talk.load())
        assert stored == computed
        status = await talk.status()
        assert (status.state, status.memory) == (State.UPLOADED, Memory.READY)
        assert status.phase == 5
        picture = MODEL.picture(MODEL.self_test)
        assert await talk.picture() == picture

        send = Frame(Request.GENERATE, 99, generate_payload(MODEL.digest[:8], MODEL.self_test))
        await talk.host.send(send.encode())
        await ctx.tick().until(~talk.dut.tx)  # the picture is in the making
        ctx.set(memory.window, DAMAGE)
        (spoilt,) = await talk.host.receive()
        assert len(spoilt.payload) == len(picture) + 1
        assert await talk.picture() == Error.NO_MODEL
        status = await talk.status()
        assert (status.state, status.memory) == (State.NO_MODEL, Memory.DAMAGED)

        # Another load is as good as ever; one into a memory that is damaged fails by its test.
        stored, computed = (
            SUMS.unpack(each) for each in SELF_TEST_ANSWER.unpack(await talk.load())
        )
        assert stored[:PICTURE_SUM] == computed[:PICTURE_SUM]
        assert stored[PICTURE_SUM] == computed[PICTURE_SUM] ^ 0xFFFFFFFF
        assert await talk.picture() == Error.NO_MODEL
        ctx.set(memory.window, 0)
        assert len(set(SELF_TEST_ANSWER.unpack(await talk.load()))) == 1
        assert await talk.picture() == picture

    converse(bench)
