# SPDX-License-Identifier: Apache-2.0
"""What Yosys made of a design, on our models of the cells, against the design itself."""

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from sim.benches.bench import PERIOD, generator

CYCLES = 4000
NEAR = 40  # addresses that are read soon after they are written


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def equal(dut):
    rng = generator()
    dut.rst.value = 0
    Clock(dut.clk, PERIOD, unit="ns").start()
    seen = set()
    for n in range(CYCLES):
        await FallingEdge(dut.clk)
        plain, netlist = dut.plain.value, dut.netlist.value
        assert plain == netlist, f"cycle {n}: {plain} is {netlist} in the netlist"
        seen.add(int(plain))
        reach = 1 << 14 if n % 3 else NEAR
        dut.ra.value = int(rng.integers(reach))
        dut.wa.value = int(rng.integers(reach))
        dut.ren.value = int(rng.random() < 0.8)
        dut.wen.value = int(rng.random() < 0.6)
        dut.be.value = int(rng.integers(16))
        dut.a.value = int(rng.integers(1 << 36))
        dut.b.value = int(rng.integers(1 << 36))
        dut.rst.value = int(rng.random() < 0.01)
    assert len(seen) > CYCLES // 2
