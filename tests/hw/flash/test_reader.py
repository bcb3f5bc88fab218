# SPDX-License-Identifier: Apache-2.0
"""hw.flash.reader: bytes as they lie there, however late bits come, and with pauses."""

import pytest
from amaranth.hdl import ResetInserter, Signal

from hw.flash.reader import FlashReader, half_clocks
from tests.hw.flash.chip import READ, WAKE, Chip
from tests.hw.uart.line import simulate

STORED = bytes(range(7, 250, 3))


@pytest.mark.parametrize(("half", "late"), [(2, 0), (2, 2), (3, 4)])
def test_bytes_come_in_order(half, late):
    reader = FlashReader(half)
    chip = Chip(reader.pins, STORED, late=late)

    async def bench(ctx):
        for n, byte in enumerate(STORED):
            if n % 5 == 0:  # the other side is busy: the flash's clock stands
                await ctx.tick().repeat(n * 3 + 1)
            ctx.set(reader.o.ready, 1)
            (came,) = await ctx.tick().sample(reader.o.p).until(reader.o.valid)
            assert came == byte, n
            ctx.set(reader.o.ready, 0)
        assert chip.commands == [WAKE, READ]

    simulate(reader, bench, background=[chip.run], cycles=60_000)


def test_a_bit_has_the_time_that_it_needs():
    assert half_clocks(125_000_000) == 2  # 31.25 MHz
    assert half_clocks(132_000_000) == 2
    assert half_clocks(132_000_001) == 3
    assert half_clocks(921_600) == 2


def test_a_reset_begins_anew():
    reset = Signal()
    inner = FlashReader(2)
    chip = Chip(inner.pins, STORED)
    reader = ResetInserter(reset)(inner)

    async def bench(ctx):
        ctx.set(inner.o.ready, 1)
        for pause in (1, 333, 12):
            await ctx.tick().repeat(pause)
            ctx.set(reset, 1)
            await ctx.tick().repeat(2)
            assert not ctx.get(inner.pins.cs)
            ctx.set(reset, 0)
            for byte in STORED[:3]:
                (came,) = await ctx.tick().sample(inner.o.p).until(inner.o.valid)
                assert came == byte

    simulate(reader, bench, background=[chip.run], cycles=60_000)
