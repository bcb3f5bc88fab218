# SPDX-License-Identifier: Apache-2.0
"""hw.primitives.logic_multiplier: a multiplier of adders is a multiplier."""

import pytest
from amaranth import Module
from amaranth.sim import Simulator

from hw.primitives.logic_multiplier import LogicMultiplier
from hw.primitives.multiplier import Multiplier


@pytest.mark.parametrize(("a_width", "b_width"), [(9, 4), (5, 5), (4, 1), (3, 8)])
def test_it_is_a_multiplier(a_width, b_width):
    """Every pair of operands, `b` held between; products come when a multiplier's do."""
    m = Module()
    m.submodules.plain = plain = Multiplier(a_width, b_width)
    m.submodules.logic = logic = LogicMultiplier(a_width, b_width)
    assert logic.latency == plain.latency
    pairs = [(a, b) for b in range(1 << b_width) for a in range(1 << a_width)]
    seen = []

    async def drive(ctx):
        for n, (a, b) in enumerate(pairs):
            for part in (plain, logic):
                ctx.set(part.a, a)
                ctx.set(part.b, b if n % (1 << a_width) == 0 else ~b)
                ctx.set(part.b_en, n % (1 << a_width) == 0)
            await ctx.tick()
            seen.append((ctx.get(plain.product), ctx.get(logic.product)))

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    assert all(expected == found for expected, found in seen)
    signs = [
        (a - (a >> a_width - 1 << a_width)) * (b - (b >> b_width - 1 << b_width)) for a, b in pairs
    ]
    late = logic.latency - 1
    assert [found for _, found in seen[late:]] == signs[:-late]
