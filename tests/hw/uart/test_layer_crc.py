# SPDX-License-Identifier: Apache-2.0
"""hw.uart.layer_crc against zlib, with pictures under way behind the one that is asked for."""

import zlib
from collections import deque

import numpy as np

from hw.uart.layer_crc import LayerCrc
from hw.uart.protocol import SUMMED_LAYERS
from tests.hw.uart.line import simulate


def test_sums_of_each_layer_of_the_picture_that_left_last():
    dut = LayerCrc()
    rng = np.random.default_rng(0)
    waiting = deque()  # sums of the pictures that have not left
    checked = 0

    async def leave(ctx):
        nonlocal checked
        ctx.set(dut.picture_done, 1)
        await ctx.tick()
        ctx.set(dut.picture_done, 0)
        for index, expected in enumerate(waiting.popleft()):
            ctx.set(dut.index, index)
            await ctx.tick().repeat(2)
            assert ctx.get(dut.crc) == expected
            checked += 1

    async def bench(ctx):
        for _ in range(12):
            sums = []
            for layer in range(SUMMED_LAYERS + 1):
                message = bytearray()
                for _ in range(int(rng.integers(1, 9))):
                    values, mask = rng.integers(0, 256, 4), int(rng.integers(1, 16))
                    ctx.set(dut.valid, 1)
                    ctx.set(dut.layer, layer)
                    ctx.set(dut.mask, mask)
                    ctx.set(dut.values, [int(value) for value in values])
                    message += bytes(
                        int(v) if mask >> lane & 1 else 0 for lane, v in enumerate(values)
                    )
                    await ctx.tick()
                    ctx.set(dut.valid, 0)
                    ctx.set(dut.layer, int(rng.integers(0, 4)))
                    for _ in range(int(rng.integers(0, 3))):
                        await ctx.tick()
                sums.append(zlib.crc32(message))
            waiting.append(sums[:SUMMED_LAYERS])
            leaving = int(rng.integers(len(waiting) + 1)) or len(waiting) // 3
            for _ in range(leaving):
                await leave(ctx)
        while waiting:
            await leave(ctx)

    simulate(dut, bench)
    assert checked == 12 * SUMMED_LAYERS
