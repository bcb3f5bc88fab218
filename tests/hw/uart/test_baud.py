# SPDX-License-Identifier: Apache-2.0
"""hw.uart.baud: back to the start-up rate where nothing good comes."""

import pytest

from hw.uart.baud import BaudRate
from hw.uart.protocol import BYTE_BITS
from tests.hw.uart.line import simulate

STARTUP, OTHER, FALLBACK = 8, 4, 20
SPAN = FALLBACK * BYTE_BITS * STARTUP


@pytest.fixture
def dut(monkeypatch):
    monkeypatch.setattr("hw.uart.baud.FALLBACK", FALLBACK)
    return BaudRate(STARTUP)


async def strobe(ctx, signal):
    ctx.set(signal, 1)
    await ctx.tick()
    ctx.set(signal, 0)


async def change(ctx, dut, divisor):
    ctx.set(dut.new, divisor)
    await strobe(ctx, dut.set)
    assert ctx.get(dut.divisor) == divisor


def test_starts_at_the_startup_rate_and_stays_there(dut):
    async def bench(ctx):
        assert ctx.get(dut.divisor) == STARTUP
        await strobe(ctx, dut.bad)
        assert not ctx.get(dut.probation)
        await change(ctx, dut, STARTUP)
        assert not ctx.get(dut.probation)

    simulate(dut, bench)


def test_falls_back_after_the_stated_time(dut):
    async def bench(ctx):
        await change(ctx, dut, OTHER)
        await ctx.tick().repeat(SPAN - 1)
        assert ctx.get(dut.divisor) == OTHER
        await ctx.tick()
        assert ctx.get(dut.divisor) == STARTUP
        assert not ctx.get(dut.probation)

    simulate(dut, bench)


def test_a_good_frame_keeps_the_rate_until_a_bad_one(dut):
    async def bench(ctx):
        await change(ctx, dut, OTHER)
        await ctx.tick().repeat(SPAN - 10)
        await strobe(ctx, dut.bad)  # does not prolong the probation
        await strobe(ctx, dut.good)
        await ctx.tick().repeat(2 * SPAN)
        assert ctx.get(dut.divisor) == OTHER
        await strobe(ctx, dut.bad)
        await ctx.tick().repeat(SPAN)
        assert ctx.get(dut.divisor) == STARTUP

    simulate(dut, bench)


def test_a_change_during_probation_begins_another(dut):
    async def bench(ctx):
        await change(ctx, dut, OTHER)
        await ctx.tick().repeat(SPAN - 5)
        await change(ctx, dut, 16)
        await ctx.tick().repeat(SPAN - 1)
        assert ctx.get(dut.divisor) == 16
        await ctx.tick()
        assert ctx.get(dut.divisor) == STARTUP

    simulate(dut, bench)
