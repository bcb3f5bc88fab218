# SPDX-License-Identifier: Apache-2.0
"""hw.top around an engine whose weights lie outside: a memory that does not start, or changes."""

from hw.uart.facts import Memory, State
from hw.uart.protocol import (
    PICTURE_SUM,
    SELF_TEST_ANSWER,
    SUMS,
    Error,
    Frame,
    Request,
    generate_payload,
)
from tests.hw.uart.outside import DAMAGE, MODEL, converse


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
        await ctx.tick().until(talk.dut.gone)  # the picture is in the making
        ctx.set(memory.window, DAMAGE)
        spoilt = await talk.host.receive()
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
