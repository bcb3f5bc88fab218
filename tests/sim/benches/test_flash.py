# SPDX-License-Identifier: Apache-2.0
"""The model of a flash under Verilator, driven at its pins."""

import pytest

from sim.benches.flash_pins import FlashPins
from sim.chips.flash import FILE, SOURCE
from sim.runner import Simulation
from sim.verilog import to_verilog

pytestmark = pytest.mark.sim

STORED = bytes(range(3, 250, 13))


def test_rules(tmp_path):
    file = tmp_path / "stored"
    file.write_bytes(STORED)
    text = to_verilog(FlashPins(), "flash_pins") + SOURCE.read_text()
    simulation = Simulation(text, "flash_pins")
    simulation.run(
        "sim.benches.tb_flash", env={"STORED": STORED.hex()}, plusargs=[FILE.format(file)]
    )
