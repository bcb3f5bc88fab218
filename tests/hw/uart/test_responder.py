# SPDX-License-Identifier: Apache-2.0
"""hw.uart.responder: pictures as bodies, each of the pixels that are its own."""

import numpy as np
import pytest

from hw.uart.command import Kind
from hw.uart.protocol import ANSWER, ERROR, HEAD, ORDER, VERSION, Error, Request
from hw.uart.responder import Responder
from tests.hw.uart.line import simulate


def bodies_of(jobs, pictures, *, grey=False, stall=0.0):
    """Return the bodies that jobs (kind, tag, value) become, each picture's pixels in turn."""
    dut = Responder()
    rng = np.random.default_rng(5)
    bodies = [bytearray()]

    async def order(ctx):
        ctx.set(dut.pixels, pictures.shape[1])
        ctx.set(dut.grey, grey)
        await ctx.tick().repeat(2)
        for kind, tag, value in jobs:
            ctx.set(dut.i_jobs.p, {"kind": kind, "tag": tag, "value": value})
            ctx.set(dut.i_jobs.valid, 1)
            await ctx.tick().until(dut.i_jobs.ready)
            ctx.set(dut.i_jobs.valid, 0)

    async def draw(ctx):
        for r, g, b in pictures.reshape(-1, 3).tolist():
            while rng.random() < stall:
                await ctx.tick()
            ctx.set(dut.i_pixels.p, {"r": r, "g": g, "b": b})
            ctx.set(dut.i_pixels.valid, 1)
            await ctx.tick().until(dut.i_pixels.ready)
            ctx.set(dut.i_pixels.valid, 0)

    async def take(ctx):
        while len(bodies) <= len(jobs):
            ctx.set(dut.o.ready, rng.random() >= stall)
            _, _, valid, ready, byte = await ctx.tick().sample(dut.o.valid, dut.o.ready, dut.o.p)
            if valid and ready:
                bodies[-1].append(byte.data)
                if byte.last:
                    bodies.append(bytearray())

    simulate(dut, order, draw, take)
    return [bytes(body) for body in bodies[:-1]]


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("pixels", [1, 2, 3, 784])
@pytest.mark.parametrize("stall", [0.0, 0.3])
def test_pictures_follow_each_other(pixels, grey, stall):
    pictures = np.random.default_rng(5).integers(0, 256, (3, pixels, 3), np.uint8)
    tags = (0x1234, 0xC0DB, 7)
    jobs = [(Kind.PICTURE, tag, 0) for tag in tags]
    bodies = bodies_of(jobs, pictures, grey=grey, stall=stall)
    for tag, picture, body in zip(tags, pictures, bodies, strict=True):
        head = HEAD.pack(VERSION, Request.GENERATE | ANSWER, tag)
        assert body == head + (picture[:, 0] if grey else picture).tobytes()


@pytest.mark.parametrize(
    ("kind", "value", "type_", "payload"),
    [
        (Kind.BAUD, 0x1234, Request.BAUD | ANSWER, b"\x34\x12"),
        (Kind.ERROR, Error.MODEL, ERROR, b"\x06"),
        (Kind.ORDER, 0x01020304, ERROR, ORDER.pack(Error.ORDER, 0x01020304)),
        (Kind.LOAD_BEGIN, 0, Request.LOAD_BEGIN | ANSWER, bytes(4)),
        (Kind.LOAD_DATA, 0x01020304, Request.LOAD_DATA | ANSWER, b"\4\3\2\1"),
    ],
)
def test_short_answers(kind, value, type_, payload):
    (body,) = bodies_of([(kind, 9, value)], np.zeros((0, 1, 3)))
    assert body == HEAD.pack(VERSION, type_, 9) + payload
