# SPDX-License-Identifier: Apache-2.0
"""hw.ecp5 on our cell models: equal to the plain twins; the models equal to what Yosys infers."""

import pytest

from hw.primitives.ecp5.block_ram import blocks
from sim.ecp5.pairs import MEMORIES, OPERANDS, Pairs, inferred_netlist, pairs_verilog
from sim.runner import BenchFailed, Simulation
from sim.verilog import to_verilog

pytestmark = pytest.mark.sim


@pytest.fixture(scope="module")
def netlist():
    return inferred_netlist()


def test_yosys_infers_one_cell_each(netlist):
    """Nothing but the cells that the models stand for, so the bench tests just those."""
    assert netlist.count("MULT18X18D ") == 2
    assert netlist.count("DP16KD ") == 1
    assert not [name for name in ("LUT4", "TRELLIS_FF", "CCU2C", "PFUMX") if name in netlist]


def test_primitives_come_in_the_planned_number():
    text = to_verilog(Pairs(), "pairs")
    assert text.count("MULT18X18D ") == len(OPERANDS)
    planned = {name: blocks(*shape[:3]) for name, shape in MEMORIES.items()}
    assert planned == {"nine": 2, "eighteen": 3, "pair": 3, "gaps": 3}
    assert text.count("DP16KD ") == sum(planned.values())
    for count, width in ((6, 9), (4, 18), (1, 36)):
        assert text.count(f".DATA_WIDTH_B(32'd{width})") == count


def test_primitives_equal_their_twins_and_models_what_yosys_infers(netlist):
    Simulation(pairs_verilog(netlist), "pairs").run("sim.benches.tb_ecp5")


@pytest.mark.slow
def test_a_mode_without_a_model_stops_the_simulation(netlist):
    text = pairs_verilog(netlist).replace('.CLKBMUX("CLKB")', '.CLKBMUX("INV")')
    with pytest.raises(BenchFailed, match="DP16KD: an attribute has a value that this model lacks"):
        Simulation(text, "pairs").run("sim.benches.tb_ecp5")
