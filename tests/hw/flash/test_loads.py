# SPDX-License-Identifier: Apache-2.0
"""A whole top that loads from its flash, and one whose memory does not start.

What it refuses, and a host beside it, are in tests/sim/board/test_flash.py.
"""

from hw.flash.loader import FlashLoader
from hw.flash.stored import HEADER_SIZE, stored
from hw.top import Top
from hw.uart.facts import Flash, Memory, State
from hw.uart.identity import Identity
from hw.uart.protocol import ANSWER, WALL, Error, Frame, Request
from tests.hw.flash.chip import Chip
from tests.hw.flash.headers import with_header
from tests.hw.latents.tb_wall import NORMAL
from tests.hw.uart.byte_line import ByteHost, ByteLine
from tests.hw.uart.line import simulate
from tests.hw.uart.outside import DAMAGE, MODEL, Conversation, StandInOutside, converse
from tests.hw.uart.stand_in import MACHINE, MEMORIES

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


def test_of_an_image_longer_than_any_flash_no_byte_is_read():
    """The header alone says so."""
    contents = with_header(STORED, length=1 << 24 | len(MODEL.image))

    async def bench(ctx, memory, talk, chip):
        ctx.set(memory.ready, 1)
        await rest(ctx, talk)
        assert lamps(ctx, talk) == (0, 1)
        assert chip.reads <= HEADER_SIZE + 1
        assert (await talk.status()).flash == Flash.DAMAGED

    converse(bench, contents)


def wall_and_flash():
    """Return a top that has both, and its chip with a model that a wall draws."""
    loader, about = FlashLoader(2), Identity(MACHINE)
    dut = Top(StandInOutside(), MEMORIES, about, ByteLine(), wall=True, flash=loader)
    return dut, Chip(dut.flash, stored(NORMAL.image, NORMAL.digest[:8]))


def test_a_wall_begins_by_itself_and_a_host_is_heard():
    """The wall never rests: a host's answers must not wait for that."""
    dut, chip = wall_and_flash()

    async def bench(ctx):
        talk = Conversation(ctx, dut)
        for pin in (dut.wall_fits, dut.wall_pixels.ready, dut.wall_start, dut.memory.ready):
            ctx.set(pin, 1)
        await ctx.tick()
        ctx.set(dut.wall_start, 0)
        await ctx.tick().until(dut.wall_pixels.valid)
        for _ in range(2):
            status = await talk.status()
            assert (status.state, status.flash) == (State.UPLOADED, Flash.LOADED)

    simulate(dut, bench, background=[chip.run], cycles=100_000)


def test_an_order_as_the_model_comes_waits_until_its_room_is_known():
    dut, chip = wall_and_flash()

    async def bench(ctx):
        host = ByteHost(ctx, dut)
        for pin in (dut.wall_pixels.ready, dut.memory.ready):
            ctx.set(pin, 1)
        *most, last = Frame(Request.WALL, 1, WALL.pack(7, 1)).encode()
        await host.send(most)
        await ctx.tick().until(dut.holds)
        await host.send([last])
        await ctx.tick().repeat(300)  # WallFinder's time
        ctx.set(dut.wall_fits, 1)
        answer = await host.receive()
        assert answer.type == Request.WALL | ANSWER
        await ctx.tick().until(dut.wall_pixels.valid)

    simulate(dut, bench, background=[chip.run], cycles=100_000)
