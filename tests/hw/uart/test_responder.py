# SPDX-License-Identifier: Apache-2.0
"""hw.uart.responder: pictures as bodies, each of the pixels that are its own."""

import numpy as np
import pytest

from hw.uart.command import Kind
from hw.uart.protocol import ANSWER, HEAD, PIXELS, VERSION, Request
from hw.uart.responder import Responder
from tests.hw.uart.line import simulate


@pytest.mark.parametrize("stall", [0.0, 0.3])
def test_pictures_follow_each_other(stall):
    dut = Responder()
    rng = np.random.default_rng(5)
    pictures = rng.integers(0, 256, (2, PIXELS, 3), np.uint8)
    tags = (0x1234, 0xC0DB)
    bodies = [bytearray()]

    async def order(ctx):
        for tag in tags:
            ctx.set(dut.i_jobs.p, {"kind": Kind.PICTURE, "tag": tag, "value": 0})
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
        while len(bodies) <= len(tags):
            ctx.set(dut.o.ready, rng.random() >= stall)
            _, _, valid, ready, byte = await ctx.tick().sample(dut.o.valid, dut.o.ready, dut.o.p)
            if valid and ready:
                bodies[-1].append(byte.data)
                if byte.last:
                    bodies.append(bytearray())

    simulate(dut, order, draw, take)
    for tag, picture, body in zip(tags, pictures, bodies[:-1], strict=True):
        head = HEAD.pack(VERSION, Request.GENERATE | ANSWER, tag)
        assert bytes(body) == head + picture.tobytes()
