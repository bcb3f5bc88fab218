# SPDX-License-Identifier: Apache-2.0
"""A top with a wall under Verilator, and one without."""

import pytest

from hw.top import Top
from hw.uart import protocol
from hw.uart.facts import State
from hw.uart.identity import Identity
from hw.uart.protocol import Error, Frame, Request
from sim.runner import Simulation
from tests.hw.latents.tb_wall import ASK, NORMAL, order
from tests.hw.uart import outside
from tests.hw.uart.byte_line import ByteLine
from tests.hw.uart.line import Host, simulate
from tests.hw.uart.stand_in import MACHINE, MEMORIES, stand_in_top


@pytest.mark.sim
def test_wall():
    Simulation(stand_in_top(wall=True), "top").run("tests.hw.latents.tb_wall")


def test_damaged_weights_end_a_wall(monkeypatch):
    """From then on pixels are black, and the screen is cleared when they are all there."""
    monkeypatch.setattr(outside, "MODEL", NORMAL)
    dut = Top(
        outside.StandInOutside(NORMAL.words),
        MEMORIES,
        Identity(MACHINE, NORMAL.part),
        ByteLine(),
        wall=True,
    )
    pixels, restarts = [], []

    async def watch(ctx):
        ctx.set(dut.wall_fits, 1)
        ctx.set(dut.wall_pixels.ready, 1)
        ctx.set(dut.memory.ready, 1)
        while True:
            *_, restart, valid, pixel, damage = await ctx.tick().sample(
                dut.wall_restart, dut.wall_pixels.valid, dut.wall_pixels.p, dut.memory.window[-1]
            )
            if restart:
                restarts.append(len(pixels))
            if valid:
                pixels.append((bytes([pixel.r, pixel.g, pixel.b]), damage))

    async def bench(ctx):
        talk = outside.Conversation(ctx, dut)
        await talk.host.idle(20)
        assert await talk.ask(Request.WALL, protocol.WALL.pack(1, 1))
        await ctx.tick().until(dut.wall_pixels.valid)
        ctx.set(dut.memory.window, outside.DAMAGE)
        await talk.host.idle(500)
        assert not ctx.get(dut.active)
        assert (await talk.status()).state == State.NO_MODEL
        assert await talk.ask(Request.WALL, protocol.WALL.pack(1, 1)) == Error.NO_MODEL

    simulate(dut, bench, background=[watch], cycles=40_000)
    assert len(pixels) % NORMAL.pixels == 0
    assert restarts == [0, len(pixels)]
    spoilt = [pixel for pixel, damage in pixels if damage]
    assert len(spoilt) > 4
    assert set(spoilt[4:]) == {bytes(3)}


def test_a_board_without_a_wall_does_not_know_it():
    dut = stand_in_top(NORMAL)
    found = []

    async def bench(ctx):
        host = Host(ctx, dut)
        for wire in (order(1, 1), ASK, Frame(Request.WALL, 2, bytes(9)).encode()):
            await host.send(wire)
            found.extend(await host.receive())

    simulate(dut, bench)
    assert [frame.payload for frame in found] == 3 * [bytes([Error.TYPE])]
