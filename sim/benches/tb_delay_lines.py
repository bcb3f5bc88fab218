# SPDX-License-Identifier: Apache-2.0
"""Delay lines and the memories in their place: equal from the first cycle on."""

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from sim.benches.bench import PERIOD, generator
from sim.gowin.lines import LINES

CYCLES = 500


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def equal(dut):
    rng = generator()
    Clock(dut.clk, PERIOD, unit="ns").start()
    seen = set()
    for n in range(CYCLES):
        dut.d.value = int.from_bytes(rng.bytes(-(-LINES // 8))) % (1 << LINES)
        await FallingEdge(dut.clk)
        plain, netlist = dut.plain.value, dut.netlist.value
        assert plain == netlist, f"cycle {n}: {plain} is {netlist} in the netlist"
        seen.add(int(plain))
    assert len(seen) > CYCLES * 0.9
