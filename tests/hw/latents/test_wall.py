# SPDX-License-Identifier: Apache-2.0
"""A wall behind the pins of a top: what it shows, and what goes on beside it."""

import zlib
from dataclasses import replace

import numpy as np
import pytest

from golden.on_chip_latents import MAX_SEED, draw_on_chip
from hw.uart import protocol
from hw.uart.facts import Info, State
from hw.uart.protocol import ANSWER, ERROR, Error, Frame, Request
from tests.hw.uart.line import Host, simulate
from tests.hw.uart.stand_in import CAPACITY_ID, StandInModel, stand_in_top

NORMAL = StandInModel(latents="normal")
CHOICES = StandInModel(latent=10, pixels=16, latents="categorical")
PICTURE = Frame(Request.GENERATE, 9, protocol.generate_payload(NORMAL.digest[:8], NORMAL.self_test))
ASK = Frame(Request.WALL, 3).encode()


def order(seed, mode, tag=2):
    return Frame(Request.WALL, tag, protocol.WALL.pack(seed, mode)).encode()


def state(frame):
    """Return seed, mode and pictures that an answer tells."""
    assert frame.type == Request.WALL | ANSWER, frame
    return protocol.WALL_ANSWER.unpack(frame.payload)


class Screen:
    """Takes pixels with pauses, and keeps the pictures behind each `restart`."""

    def __init__(self, dut, model, stall=0.3):
        self.dut, self.model, self.stall = dut, model, stall
        self.screens = []  # of (size, pictures)
        self.rng = np.random.default_rng(0)

    async def watch(self, ctx):
        stream, dut = self.dut.wall_pixels, self.dut
        pixels = []
        while True:
            ready = self.rng.random() >= self.stall
            ctx.set(stream.ready, ready)
            _, _, restart, size, valid, pixel = await ctx.tick().sample(
                dut.wall_restart, dut.wall_size, stream.valid, stream.p
            )
            if restart:
                assert not pixels, "a picture was cut"
                self.screens.append((size, []))
            if ready and valid:
                assert size**2 == self.model.pixels
                pixels += [pixel.r] if self.model.grey else [pixel.r, pixel.g, pixel.b]
                if len(pixels) == self.model.pixels * (1 if self.model.grey else 3):
                    self.screens[-1][1].append(bytes(pixels))
                    pixels = []

    async def fill(self, ctx, count, limit=60_000):
        """Wait until the screen has `count` pictures."""
        for _ in range(limit):
            if self.screens and len(self.screens[-1][1]) >= count:
                return
            await ctx.tick()
        raise AssertionError(f"not {count} pictures in {limit} clocks")


def shown(model, seed, count, walk=0):
    """Return the first pictures of a wall."""
    latents = draw_on_chip(seed, count, model.latents, model.latent, 1 << walk)
    return [model.picture(latent.tolist()) for latent in latents]


def run(model, bench, *, dut=None, cycles=400_000):
    """Run `bench` on a top with a wall, `model` in it; return the screens."""
    dut = dut or stand_in_top(model, wall=True)
    screen = Screen(dut, model)

    async def testbench(ctx):
        await bench(ctx, Host(ctx, dut), dut, screen)

    simulate(dut, testbench, background=[screen.watch], cycles=cycles)
    return screen.screens


async def ask(host, wire, count=1):
    await host.send(wire)
    return await host.receive(count)


@pytest.mark.parametrize(
    ("model", "mode"), [(NORMAL, 1), (CHOICES, 2), (replace(NORMAL, grey=True), 3)], ids=str
)
def test_a_wall_shows_the_pictures_of_its_seed(model, mode):
    async def bench(ctx, host, dut, screen):
        (answer,) = await ask(host, order(7, mode))
        assert state(answer) == (7, mode, 0)
        await screen.fill(ctx, 9)
        (answer,) = await ask(host, ASK)
        seed, said, pictures = state(answer)
        assert (seed, said) == (7, mode)
        assert 9 <= pictures <= len(screen.screens[-1][1]) + 8
        assert ctx.get(dut.active)

    ((size, pictures),) = run(model, bench)
    assert size**2 == model.pixels
    assert len(pictures) >= 9
    assert pictures == shown(model, 7, len(pictures), mode - 1)


def test_requests_and_self_tests_go_on_beside_a_wall():
    async def bench(ctx, host, dut, screen):
        await ask(host, order(1, 1))
        await screen.fill(ctx, 2)
        for wire in (PICTURE, Frame(Request.SELF_TEST, 9), PICTURE, PICTURE):
            before = len(screen.screens[-1][1])
            (answer,) = await ask(host, wire.encode())
            assert answer.tag == 9
            if wire is PICTURE:
                assert answer.payload == NORMAL.picture(NORMAL.self_test)
            else:
                stored, computed = protocol.SELF_TEST_ANSWER.unpack(answer.payload)
                assert stored == computed
            await screen.fill(ctx, before + 2)

    ((_, pictures),) = run(NORMAL, bench)
    assert pictures == shown(NORMAL, 1, len(pictures))


def test_a_busy_line_does_not_stop_a_wall():
    dut, count = stand_in_top(NORMAL, wall=True), 12
    screen, answers = Screen(dut, NORMAL), []

    async def send(ctx):
        host = Host(ctx, dut)
        await host.send(order(1, 1))
        await screen.fill(ctx, 1)
        await host.send(count * PICTURE.encode())

    async def receive(ctx):
        answers.extend(await Host(ctx, dut).receive(1 + count, byte_times=2000))

    simulate(dut, send, receive, background=[screen.watch], cycles=400_000)
    assert {frame.payload for frame in answers[1:]} == {NORMAL.picture(NORMAL.self_test)}
    assert len(answers) == 1 + count
    ((_, pictures),) = screen.screens
    assert len(pictures) > count // 2  # behind each picture that waits for the line
    assert pictures == shown(NORMAL, 1, len(pictures))


def test_another_seed_begins_a_new_screen_and_off_ends_it():
    async def bench(ctx, host, dut, screen):
        await ask(host, order(MAX_SEED, 1))
        await screen.fill(ctx, 3)
        await ask(host, order(8, 2))
        await screen.fill(ctx, 3)
        await ask(host, order(8, 2))  # the same again begins again
        while len(screen.screens) < 3:
            await ctx.tick()
        await screen.fill(ctx, 2)
        (answer,) = await ask(host, order(5, 0))
        assert state(answer)[:2] == (8, 0)
        while len(screen.screens) < 4:
            await ctx.tick()
        await host.idle(2000)
        assert not ctx.get(dut.active)
        (answer,) = await ask(host, PICTURE.encode())
        assert answer.payload == NORMAL.picture(NORMAL.self_test)
        (answer,) = await ask(host, order(0, 0))
        assert state(answer)[:2] == (8, 0)
        await host.idle(200)

    first, second, third, last = (pictures for _, pictures in run(NORMAL, bench))
    assert first == shown(NORMAL, MAX_SEED, len(first))
    assert second == shown(NORMAL, 8, len(second), walk=1)
    assert third == shown(NORMAL, 8, len(third), walk=1)
    assert last == []


@pytest.mark.parametrize(
    ("model", "wires", "before"),
    [
        (None, {order(1, 1): Error.NO_MODEL, order(1, 7): Error.WALK}, None),
        (replace(NORMAL, latents=""), {order(1, 1): Error.LATENTS}, None),
        (replace(NORMAL, latents="tanh"), {order(1, 6): Error.LATENTS}, None),
        (
            NORMAL,
            {
                order(1, 7): Error.WALK,
                order(1, 255): Error.WALK,
                Frame(Request.WALL, 2, bytes(4)).encode(): Error.LENGTH,
                Frame(Request.WALL, 2, bytes(6)).encode(): Error.LENGTH,
            },
            (4, 1),
        ),
    ],
    ids=["empty", "untold", "tanh", "order"],
)
def test_refusals_change_nothing(model, wires, before):
    async def bench(ctx, host, dut, screen):
        if before:
            await ask(host, order(*before))
        for wire, code in wires.items():
            (answer,) = await ask(host, wire)
            assert answer == Frame(ERROR, 2, bytes([code]))
            (answer,) = await ask(host, ASK)
            assert state(answer)[:2] == (before or (1, 0))
        (answer,) = await ask(host, order(9, 0))  # off is always understood
        assert state(answer)[1] == 0

    run(model or NORMAL, bench, dut=stand_in_top(model, wall=True))


def test_a_board_without_a_wall_does_not_know_it():
    dut = stand_in_top(NORMAL)
    found = []

    async def bench(ctx):
        host = Host(ctx, dut)
        for wire in (order(1, 1), ASK):
            found.extend(await ask(host, wire))

    simulate(dut, bench)
    assert [frame.payload for frame in found] == 2 * [bytes([Error.TYPE])]


async def upload(host, model, data=None):
    """Send a model, or other bytes in its place; return the answer to load-end."""
    data = data or model.image
    head = protocol.LOAD_BEGIN.pack(CAPACITY_ID, len(data), zlib.crc32(data), model.digest[:8])
    await ask(host, Frame(Request.LOAD_BEGIN, 4, head).encode())
    for at in range(0, len(data), protocol.MAX_DATA):
        payload = protocol.OFFSET.pack(at) + data[at : at + protocol.MAX_DATA]
        (answer,) = await ask(host, Frame(Request.LOAD_DATA, 4, payload).encode())
        assert answer.type == Request.LOAD_DATA | ANSWER
    (answer,) = await ask(host, Frame(Request.LOAD_END, 4).encode())
    return answer


def test_a_load_ends_a_wall_and_the_new_model_has_its_own():
    async def bench(ctx, host, dut, screen):
        await ask(host, order(3, 1))
        await screen.fill(ctx, 2)
        wrong = protocol.LOAD_BEGIN.pack(bytes(8), 1, 1, bytes(8))
        (answer,) = await ask(host, Frame(Request.LOAD_BEGIN, 4, wrong).encode())
        assert answer.payload == bytes([Error.CAPACITY])
        (answer,) = await ask(host, ASK)
        assert state(answer)[:2] == (3, 1)  # it goes on
        await upload(host, CHOICES)
        (answer,) = await ask(host, ASK)
        assert state(answer)[:2] == (3, 0)
        screen.model = CHOICES
        (info,) = await ask(host, Frame(Request.INFO, 3).encode())
        info = Info.unpack(info.payload)
        assert info.status.state == State.UPLOADED
        assert info.model.latents == "categorical"
        await ask(host, order(6, 2))
        await screen.fill(ctx, 7)

    before, between, after = run(NORMAL, bench, cycles=900_000)
    assert before[1] == shown(NORMAL, 3, len(before[1]))
    assert between[1] == []
    assert after[0] == 4
    assert after[1] == shown(CHOICES, 6, len(after[1]), walk=1)


def test_a_failed_self_test_leaves_no_wall_and_the_next_load_works():
    """A picture that does not come is given up; nothing of it meets the next wall."""
    endless = replace(NORMAL, seed=1)
    spoilt = replace(endless.part.facts, pixels=8)  # a pixel less than the machine makes

    async def bench(ctx, host, dut, screen):
        await ask(host, order(3, 1))
        await screen.fill(ctx, 2)
        endless_image = endless.image.replace(endless.part.facts.pack(), spoilt.pack())
        assert endless_image != endless.image
        answer = await upload(host, endless, endless_image)
        stored, computed = protocol.SELF_TEST_ANSWER.unpack(answer.payload)
        assert stored != computed
        (answer,) = await ask(host, order(3, 1))
        assert answer.payload == bytes([Error.NO_MODEL])
        answer = await upload(host, NORMAL)
        stored, computed = protocol.SELF_TEST_ANSWER.unpack(answer.payload)
        assert stored == computed
        await ask(host, order(9, 1))
        await screen.fill(ctx, 3)

    screens = run(NORMAL, bench, cycles=900_000)
    assert screens[-1][1] == shown(NORMAL, 9, len(screens[-1][1]))


async def pulse(ctx, signal):
    ctx.set(signal, 1)
    await ctx.tick()
    ctx.set(signal, 0)


def test_a_board_begins_by_itself_and_a_button_changes_the_seed():
    async def bench(ctx, host, dut, screen):
        await pulse(ctx, dut.wall_start)
        await screen.fill(ctx, 2)
        await pulse(ctx, dut.wall_button)
        while len(screen.screens) < 2:
            await ctx.tick()
        await screen.fill(ctx, 2)
        (answer,) = await ask(host, ASK)
        assert state(answer)[:2] == (2, 1)
        await ask(host, order(0, 0))
        while len(screen.screens) < 3:
            await ctx.tick()
        await pulse(ctx, dut.wall_button)  # of a dark screen: it begins
        await screen.fill(ctx, 1)

    screens = run(NORMAL, bench)
    assert len(screens) == 4
    for seed, (_, pictures) in zip((1, 2, 0, 3), screens):
        assert pictures == (shown(NORMAL, seed, len(pictures)) if seed else [])


def test_start_waits_for_a_model_unless_an_order_comes():
    async def bench(ctx, host, dut, screen):
        await pulse(ctx, dut.wall_button)  # without a model it does nothing
        await pulse(ctx, dut.wall_start)
        await host.idle(100)
        assert not ctx.get(dut.active)
        await upload(host, NORMAL)
        await screen.fill(ctx, 2)

    ((_, pictures),) = run(NORMAL, bench, dut=stand_in_top(wall=True), cycles=900_000)
    assert pictures == shown(NORMAL, 1, len(pictures))

    async def off(ctx, host, dut, screen):
        await pulse(ctx, dut.wall_start)
        await ask(host, order(0, 0))
        await upload(host, NORMAL)
        await host.idle(200)
        assert not ctx.get(dut.active)

    assert run(NORMAL, off, dut=stand_in_top(wall=True), cycles=900_000) == []
