# SPDX-License-Identifier: Apache-2.0
"""hw.axi.line: a bus as a line, and how fast bytes may come from it."""

from itertools import pairwise

from hw.axi.line import AxiLine
from hw.axi.registers import Register
from tests.hw.uart.line import simulate

CHUNK = bytes(range(50, 90))
DIVISOR = 868


def test_bytes_come_with_room_between_them():
    """What is behind a line takes a byte in 4 cycles; the bus is faster."""
    dut = AxiLine(DIVISOR)
    found, clocks = [], []

    async def write(ctx):
        ctx.set(dut.s_axi_awaddr, 4 * Register.TX_FIFO)
        ctx.set(dut.s_axi_wstrb, 1)
        ctx.set(dut.s_axi_bready, 1)
        for byte in CHUNK:
            ctx.set(dut.s_axi_wdata, byte)
            ctx.set(dut.s_axi_awvalid, 1)
            ctx.set(dut.s_axi_wvalid, 1)
            await ctx.tick().until(dut.s_axi_awready)
        ctx.set(dut.s_axi_awvalid, 0)
        ctx.set(dut.s_axi_wvalid, 0)
        while len(found) < len(CHUNK):
            await ctx.tick()
        await ctx.tick().repeat(10)
        assert not ctx.get(dut.link.active)
        assert not ctx.get(dut.link.sending)

    async def watch(ctx):
        clock = 0
        async for *_, valid, byte, broken in ctx.tick().sample(
            dut.link.received.valid, dut.link.received.p.data, dut.link.received.p.broken
        ):
            clock += 1
            if valid:
                assert not broken
                found.append(byte)
                clocks.append(clock)

    simulate(dut, write, background=[watch])
    assert bytes(found) == CHUNK
    assert {later - clock for clock, later in pairwise(clocks)} == {4}


def test_a_rate_changes_nothing():
    dut = AxiLine(DIVISOR)

    async def bench(ctx):
        ctx.set(dut.link.new, 4)
        ctx.set(dut.link.set, 1)
        ctx.set(dut.link.bad, 1)
        await ctx.tick().repeat(5)
        assert ctx.get(dut.link.divisor) == DIVISOR

    simulate(dut, bench)
