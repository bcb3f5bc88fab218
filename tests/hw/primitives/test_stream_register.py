# SPDX-License-Identifier: Apache-2.0
"""hw.primitives.stream_register: nothing lost, doubled or swapped, and no cycle given away."""

import numpy as np
import pytest

from hw.primitives.stream_register import StreamRegister
from tests.hw.uart.line import simulate

COUNT = 300


@pytest.mark.parametrize(("offered", "taken"), [(1.0, 1.0), (1.0, 0.4), (0.4, 1.0), (0.5, 0.5)])
def test_passes_everything_on(offered, taken):
    dut = StreamRegister(8)
    rng = np.random.default_rng(0)
    payloads = rng.integers(0, 256, COUNT).tolist()

    async def bench(ctx):
        sent, came, cycles, offering = 0, [], 0, False
        while len(came) < COUNT:
            offering = sent < COUNT and (offering or rng.random() < offered)
            ctx.set(dut.i.valid, offering)
            ctx.set(dut.i.p, payloads[sent] if offering else 0xAA)
            ctx.set(dut.o.ready, rng.random() < taken)
            goes_in = offering and ctx.get(dut.i.ready)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                came.append(ctx.get(dut.o.p))
            await ctx.tick()
            if goes_in:
                sent, offering = sent + 1, False
            cycles += 1
            assert cycles < 10 * COUNT
        assert came == payloads
        assert cycles == COUNT + 1 or min(offered, taken) < 1

    simulate(dut, bench)


def test_ready_does_not_depend_on_the_other_side():
    """In the cycle in which the sink turns busy the source still reads ready."""
    dut = StreamRegister(8)

    async def bench(ctx):
        ctx.set(dut.i.valid, 1)
        ctx.set(dut.o.ready, 1)
        await ctx.tick().repeat(3)
        ctx.set(dut.o.ready, 0)
        assert ctx.get(dut.i.ready)
        await ctx.tick()
        assert not ctx.get(dut.i.ready)
        ctx.set(dut.o.ready, 1)
        assert not ctx.get(dut.i.ready)
        await ctx.tick()
        assert ctx.get(dut.i.ready)

    simulate(dut, bench)
