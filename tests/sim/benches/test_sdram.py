# SPDX-License-Identifier: Apache-2.0
"""The model of an SDRAM chip under Verilator, driven at its pins."""

import pytest

from sim.benches.sdram_pins import SdramPins
from sim.chips.sdram import SOURCE
from sim.runner import BenchFailed, Simulation
from sim.verilog import to_verilog

pytestmark = pytest.mark.sim


def simulation(**parameters):
    text = to_verilog(SdramPins(**parameters), "sdram_pins")
    return Simulation(text + SOURCE.read_text(), "sdram_pins")


def test_rules():
    simulation().run("sim.benches.tb_sdram")


@pytest.mark.slow
def test_a_broken_rule_stops_the_simulation():
    stops = simulation(STOP=1)
    with pytest.raises(BenchFailed, match="SDRAM: start-up: a command before the pause ends"):
        stops.run("sim.benches.tb_sdram", testcase="start_up")
