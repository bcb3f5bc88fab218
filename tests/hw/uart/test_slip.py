# SPDX-License-Identifier: Apache-2.0
"""hw.uart.slip and hw.uart.frame_sender against hw.uart.protocol."""

import zlib

import numpy as np
import pytest

from hw.uart import protocol
from hw.uart.frame_sender import FrameSender
from hw.uart.protocol import END, ESC, ESC_END, ESC_ESC
from hw.uart.slip import Decoder, Encoder
from tests.hw.uart.line import simulate

RNG = np.random.default_rng(0)
BODIES = [
    b"\x01",
    b"\xc0",
    b"\xdb",
    bytes([END, ESC, ESC_END, ESC_ESC]),
    RNG.choice([END, ESC, ESC_END, 3], 60).astype(np.uint8).tobytes(),
]


@pytest.mark.parametrize("stall", [0.0, 0.6])
@pytest.mark.parametrize(
    ("dut", "frames"),
    [
        (Encoder, [protocol.stuff(body) for body in BODIES]),
        (
            FrameSender,
            [protocol.stuff(b + zlib.crc32(b).to_bytes(4, "little")) for b in BODIES],
        ),
    ],
    ids=["encoder", "sender"],
)
def test_bodies_to_frames(dut, frames, stall):
    dut = dut()
    rng = np.random.default_rng(1)
    sent = bytearray()
    expected = b"".join(frames)

    async def feed(ctx):
        for body in BODIES:
            for n, byte in enumerate(body):
                while rng.random() < stall:
                    await ctx.tick()
                ctx.set(dut.i.p, {"data": byte, "last": n == len(body) - 1})
                ctx.set(dut.i.valid, 1)
                await ctx.tick().until(dut.i.ready)
                ctx.set(dut.i.valid, 0)

    async def drain(ctx):
        while len(sent) < len(expected):
            ctx.set(dut.o.ready, rng.random() >= stall)
            _, _, valid, ready, byte = await ctx.tick().sample(dut.o.valid, dut.o.ready, dut.o.p)
            if valid and ready:
                sent.append(byte)
        ctx.set(dut.o.ready, 0)
        await ctx.tick().repeat(4)
        assert not ctx.get(dut.active)

    simulate(dut, feed, drain)
    assert bytes(sent) == expected


def decoded(bytes_in):
    """Return what a decoder makes of (byte, broken) pairs; None in their place is a clear."""
    dut = Decoder()
    events = []

    async def bench(ctx):
        for item in bytes_in:
            ctx.set(dut.clear, item is None)
            if item is not None:
                ctx.set(dut.i.p, {"data": item[0], "broken": item[1]})
                ctx.set(dut.i.valid, 1)
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
            ctx.set(dut.clear, 0)
            if ctx.get(dut.o.valid):
                event = ctx.get(dut.o.p)
                kind = ("bad " if event.bad else "") + ("end" if event.end else "")
                events.append(kind or event.data)
            await ctx.tick()

    simulate(dut, bench)
    return events


def good(*chunk):
    return [(byte, 0) for byte in chunk]


@pytest.mark.parametrize(
    ("bytes_in", "events"),
    [
        (good(END, 1, 2, END), ["end", 1, 2, "end"]),
        (good(ESC, ESC_END, ESC, ESC_ESC, ESC_END, ESC_ESC), [END, ESC, ESC_END, ESC_ESC]),
        (good(ESC, 7, 8, END), ["bad ", 8, "end"]),
        (good(1, ESC, END, 2), [1, "bad end", 2]),
        ([(1, 0), (2, 1), (3, 0)], [1, "bad ", 3]),
        ([(ESC, 0), (END, 1), (3, 0)], ["bad ", 3]),
        ([(ESC, 0), None, (ESC_END, 0)], [ESC_END]),
    ],
    ids=["plain", "escapes", "false escape", "escaped end", "broken", "broken escape", "clear"],
)
def test_bytes_to_events(bytes_in, events):
    assert decoded(bytes_in) == events
