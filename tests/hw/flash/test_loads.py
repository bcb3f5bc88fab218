# SPDX-License-Identifier: Apache-2.0
"""A whole top that loads from its flash, and one whose memory does not start.

What it refuses, and a host beside it, are in tests/sim/board/test_flash.py.
"""

from hw.flash.stored import stored
from hw.uart.facts import Flash, Memory, State
from hw.uart.protocol import Error
from tests.hw.uart.outside import DAMAGE, MODEL, converse

STORED = stored(MODEL.image, MODEL.digest[:8])


async def rest(ctx, talk):
    """Wait until nothing goes on, and a lamp later."""
    await ctx.tick().repeat(20)
    await ctx.tick().until(~talk.dut.active)
    await ctx.tick().repeat(4)


def lamps(ctx, talk):
    """Return whether the top holds a model, and whether it has refused one."""
    return ctx.get(talk.dut.holds), ctx.get(talk.dut.refused)


def test_a_board_draws_without_a_host():
    async def bench(ctx, memory, talk, chip):
        assert await talk.picture() == Error.NO_MODEL
        assert chip.commands == []  # the memory comes first
        ctx.set(memory.ready, 1)
        await rest(ctx, talk)
        assert lamps(ctx, talk) == (1, 0)
        assert await talk.picture() == MODEL.picture(MODEL.self_test)
        status = await talk.status()
        assert (status.state, status.flash) == (State.UPLOADED, Flash.LOADED)
        assert (status.memory, status.next) == (Memory.READY, len(MODEL.image))
        assert chip.reads <= len(STORED) + 1
        ctx.set(memory.window, DAMAGE)
        await ctx.tick().repeat(20)
        assert await talk.picture() == Error.NO_MODEL
        assert lamps(ctx, talk) == (0, 0)

    converse(bench, STORED)


def test_a_memory_that_does_not_start():
    async def bench(ctx, memory, talk, chip):
        await ctx.tick().repeat(1000)
        status = await talk.status()
        assert (status.memory, status.flash) == (Memory.STARTING, Flash.READING)
        assert ctx.get(talk.dut.active)
        ctx.set(memory.failed, 1)
        await rest(ctx, talk)
        assert lamps(ctx, talk) == (0, 1)
        status = await talk.status()
        assert (status.memory, status.flash) == (Memory.FAILED, Flash.LEFT)
        assert await talk.picture() == Error.NO_MODEL
        assert chip.commands == []

    converse(bench, STORED)


def test_a_refused_image_lights_a_lamp():
    async def bench(ctx, memory, talk, chip):
        ctx.set(memory.ready, 1)
        await rest(ctx, talk)
        assert lamps(ctx, talk) == (0, 1)
        assert (await talk.status()).flash == Flash.DAMAGED

    converse(bench, STORED[:20])
