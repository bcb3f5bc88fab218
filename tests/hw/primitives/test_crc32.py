# SPDX-License-Identifier: Apache-2.0
"""hw.primitives.crc32 against zlib."""

import zlib

import numpy as np
import pytest

from hw.primitives.crc32 import RESIDUE, Crc32
from tests.hw.uart.line import simulate


@pytest.mark.parametrize("width", [8, 24])
def test_equals_zlib(width):
    message = np.random.default_rng(0).bytes(3 * 40)
    dut = Crc32(width)

    async def bench(ctx):
        for _ in range(2):
            assert ctx.get(dut.crc) == 0
            for start in range(0, len(message), width // 8):
                chunk = message[start : start + width // 8]
                ctx.set(dut.data, int.from_bytes(chunk, "little"))
                ctx.set(dut.en, 1)
                await ctx.tick()
                ctx.set(dut.en, 0)
                await ctx.tick()
                assert ctx.get(dut.crc) == zlib.crc32(message[: start + width // 8])
            ctx.set(dut.clear, 1)
            ctx.set(dut.en, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)
            ctx.set(dut.en, 0)

    simulate(dut, bench)


def test_residue():
    for message in (b"", b"a", bytes(100)):
        assert zlib.crc32(message + zlib.crc32(message).to_bytes(4, "little")) == RESIDUE
