# SPDX-License-Identifier: Apache-2.0
"""hw.uart.layer_crc and picture_crc against zlib."""

import zlib

import numpy as np
import pytest

from hw.uart.layer_crc import LayerCrc
from hw.uart.picture_crc import PictureCrc
from tests.hw.uart.line import simulate


@pytest.mark.parametrize("hidden", [1, 3, 7])
def test_sums_of_each_layer_of_picture_after_picture(hidden):
    dut = LayerCrc()
    rng = np.random.default_rng(0)
    checked = 0

    async def word(ctx, layer, last):
        """Put random lanes on the trace, and return the bytes that count."""
        values, mask = rng.integers(0, 256, 4), int(rng.integers(1, 16))
        ctx.set(dut.valid, 1)
        ctx.set(dut.layer, layer)
        ctx.set(dut.last, last)
        ctx.set(dut.mask, mask)
        ctx.set(dut.values, [int(value) for value in values])
        await ctx.tick()
        ctx.set(dut.valid, 0)
        ctx.set(dut.layer, int(rng.integers(0, 8)))
        for _ in range(int(rng.integers(0, 3))):
            await ctx.tick()
        return bytes(int(v) if mask >> lane & 1 else 0 for lane, v in enumerate(values))

    async def bench(ctx):
        nonlocal checked
        for _ in range(4):
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)
            await ctx.tick().repeat(5)
            sums = []
            for layer in range(hidden + 1):
                message = b""
                for _ in range(int(rng.integers(1, 9))):
                    message += await word(ctx, layer, layer == hidden)
                sums.append(zlib.crc32(message))
            for index, expected in enumerate(sums[:hidden]):
                ctx.set(dut.index, index)
                await ctx.tick().repeat(4)
                assert ctx.get(dut.crc) == expected
                checked += 1

    simulate(dut, bench)
    assert checked == 4 * hidden


@pytest.mark.parametrize("grey", [0, 1])
@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_sum_of_a_picture(grey, stall):
    dut = PictureCrc()
    rng = np.random.default_rng(1)

    async def bench(ctx):
        ctx.set(dut.grey, grey)
        await ctx.tick()
        for count in (1, 2, 3, 50):
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)
            pixels = rng.integers(0, 256, (count, 3), np.uint8)
            for pixel in pixels:
                while rng.random() < stall:
                    await ctx.tick()
                ctx.set(dut.data, int.from_bytes(pixel.tobytes(), "little"))
                ctx.set(dut.en, 1)
                await ctx.tick()
                ctx.set(dut.en, 0)
            await ctx.tick().repeat(2)
            picture = pixels[:, :1] if grey else pixels
            assert ctx.get(dut.crc) == zlib.crc32(picture.tobytes())

    simulate(dut, bench)
