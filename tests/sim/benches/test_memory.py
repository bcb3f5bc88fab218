# SPDX-License-Identifier: Apache-2.0
"""hw.memory under Verilator at the pins of a chip."""

import json
from functools import cache
from pathlib import Path

import pytest

from sim.benches.memory import SETUPS, MemoryBoard
from sim.chips.sdram import SOURCE
from sim.runner import Simulation
from sim.verilog import to_verilog

pytestmark = pytest.mark.sim

ROOT = Path(__file__).parents[3]
WORDS = 25_000  # that the bench of a stream counts


@cache
def simulation(setup):
    text = to_verilog(MemoryBoard(SETUPS[setup]), "memory_board")
    return Simulation(text + SOURCE.read_text(), "memory_board")


@pytest.mark.parametrize("setup", ["traffic-16", "traffic-32"])
def test_memory(setup):
    simulation(setup).run("sim.benches.tb_memory", env={"SETUP": setup})


@pytest.mark.parametrize("setup", ["stream-16", "stream-32"])
def test_stream(setup, tmp_path):
    """The words come without a gap, and docs/hardware.md says where the other clocks go."""
    figures = tmp_path / "figures.json"
    simulation(setup).run("sim.benches.tb_memory", env={"SETUP": setup, "FIGURES": str(figures)})
    lost = json.loads(figures.read_text())
    width, share = SETUPS[setup].geometry.width, f"{100 * WORDS / lost['clocks']:.1f}%"
    counts = [lost[name] for name in ("clocks", "refresh", "row", "turn", "wait")]
    clocks, *causes = (f"{count:,}" for count in counts)
    row = " | ".join([f"| {width}", f"{WORDS:,}", clocks, share, *causes]) + " |"
    assert row in (ROOT / "docs" / "hardware.md").read_text().splitlines()
