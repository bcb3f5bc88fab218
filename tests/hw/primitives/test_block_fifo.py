# SPDX-License-Identifier: Apache-2.0
"""hw.primitives.block_fifo: every word once and in order, whoever waits; a stream has no gap."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from hw.primitives.block_fifo import BlockFifo

WIDTH, DEPTH, CYCLES = 16, 24, 2000  # a depth that is no power of two


def play(comes, goes):
    """Return what left at which cycle, where words come and are taken as these probabilities."""
    dut, left = BlockFifo(WIDTH, DEPTH), []
    rng = np.random.default_rng(1)

    async def bench(ctx):
        sent = inside = 0
        for cycle in range(CYCLES):
            write = inside < DEPTH and rng.random() < comes
            take = rng.random() < goes
            ctx.set(dut.w_en, int(write))
            ctx.set(dut.w_data, sent)
            ctx.set(dut.o.ready, int(take))
            if take and ctx.get(dut.o.valid):
                left.append((cycle, ctx.get(dut.o.p)))
                inside -= 1
            sent, inside = sent + write, inside + write
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return left


@pytest.mark.parametrize(("comes", "goes"), [(1, 1), (1, 0.3), (0.3, 1), (0.6, 0.6)])
def test_words_come_out_once_and_in_order(comes, goes):
    words = [word for _, word in play(comes, goes)]
    assert words == list(range(len(words)))
    assert len(words) > 0.9 * CYCLES * min(comes, goes) - DEPTH


def test_a_stream_has_no_gap():
    cycles = [cycle for cycle, _ in play(1, 1)]
    assert cycles == list(range(6, CYCLES))
