# SPDX-License-Identifier: Apache-2.0
"""hw.uart.receiver and hw.uart.transmitter, bit by bit."""

import numpy as np
import pytest

from hw.uart.receiver import Receiver
from hw.uart.transmitter import Transmitter
from tests.hw.uart.line import simulate

BYTES = [0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80, *np.random.default_rng(0).bytes(20)]


def line_levels(chunk, clocks, *, stop=1):
    """The line's level in each cycle, for bytes without a gap; `clocks` a bit may be a fraction."""
    bits = [b for byte in chunk for b in (0, *(byte >> n & 1 for n in range(8)), stop)]
    return [bits[int(n / clocks)] for n in range(int(len(bits) * clocks))]


def received(levels, divisor):
    """Return the (byte, broken) that a receiver makes of a line."""
    dut = Receiver()
    found = []

    async def bench(ctx):
        ctx.set(dut.divisor, divisor)
        ctx.set(dut.rx, 1)
        await ctx.tick().repeat(5)
        for level in [*levels, *[1] * (2 * divisor + 8)]:
            ctx.set(dut.rx, level)
            await ctx.tick()
            if ctx.get(dut.o.valid):
                found.append((ctx.get(dut.o.p.data), ctx.get(dut.o.p.broken)))
        assert not ctx.get(dut.active)

    simulate(dut, bench)
    return found


@pytest.mark.parametrize("divisor", [4, 5, 8, 33])
@pytest.mark.parametrize("error", [-0.02, 0.0, 0.02])
def test_receives_at_rates_that_differ_a_little(divisor, error):
    assert received(line_levels(BYTES, divisor * (1 + error)), divisor) == [(b, 0) for b in BYTES]


def test_a_low_stop_bit_breaks_the_byte_and_not_the_next():
    levels = line_levels([0x5A], 8, stop=0) + [1] * 16 + line_levels([0xA5], 8)
    assert received(levels, 8) == [(0x5A, 1), (0xA5, 0)]


def test_a_break_is_one_broken_byte():
    assert received([0] * 800 + [1] * 20 + line_levels([7], 8), 8) == [(0, 1), (7, 0)]


def test_a_glitch_is_no_byte():
    assert received([0, 0, 0] + [1] * 50 + line_levels([7], 8), 8) == [(7, 0)]


@pytest.mark.parametrize("divisor", [2, 4, 9])
def test_transmits_without_gaps_and_idles_high(divisor):
    dut = Transmitter()
    levels = []

    async def feed(ctx):
        ctx.set(dut.divisor, divisor)
        for byte in BYTES:
            ctx.set(dut.i.p, byte)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
        ctx.set(dut.i.valid, 0)

    async def watch(ctx):
        while ctx.get(dut.tx):
            await ctx.tick()
        for _ in range(len(BYTES) * 10 * divisor):
            levels.append(ctx.get(dut.tx))
            await ctx.tick()
        for _ in range(20):
            assert ctx.get(dut.tx)
            assert not ctx.get(dut.active)
            await ctx.tick()

    simulate(dut, feed, watch)
    assert levels == line_levels(BYTES, divisor)
