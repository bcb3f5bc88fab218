# SPDX-License-Identifier: Apache-2.0
"""Primitives on our cell models: equal to plain twins; the models equal to what Yosys infers."""

import pytest

from hw.primitives.ecp5.block_ram import blocks
from sim.runner import BenchFailed, Simulation
from sim.twins import OPERANDS, TWINS, Pairs, inferred_netlist, pairs_verilog
from sim.verilog import to_verilog

pytestmark = pytest.mark.sim


@pytest.fixture(scope="module", params=TWINS)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def netlist(family):
    return inferred_netlist(TWINS[family])


def run(family, text):
    Simulation(text, "pairs").run("sim.benches.tb_twins", env={"FAMILY": family})


CELLS = {  # a multiplier, a block RAM
    "ecp5": ("MULT18X18D", "DP16KD"),
    "gowin": ("MULT18X18", "SDPX9B"),
}


def test_yosys_infers_one_cell_each(family, netlist):
    """Nothing but the cells that the models stand for, so the bench tests just those."""
    multiplier, block = CELLS[family]
    assert netlist.count(f"{multiplier} ") == 2
    assert netlist.count(f"{block} ") == 1
    others = ("LUT4", "TRELLIS_FF", "DFF", "CCU2C", "PFUMX")
    assert not [name for name in others if name in netlist]


def test_ecp5_primitives_come_in_the_planned_number():
    text = to_verilog(Pairs(TWINS["ecp5"]), "pairs")
    assert text.count("MULT18X18D ") == len(OPERANDS)
    planned = {name: blocks(*shape[:3]) for name, shape in TWINS["ecp5"].memories.items()}
    assert planned == {"nine": 2, "eighteen": 3, "pair": 3, "gaps": 3}
    assert text.count("DP16KD ") == sum(planned.values())
    for count, width in ((6, 9), (4, 18), (1, 36)):
        assert text.count(f".DATA_WIDTH_B(32'd{width})") == count


def test_gowin_primitives_come_in_the_planned_number():
    text = to_verilog(Pairs(TWINS["gowin"]), "pairs")
    assert text.count("MULT18X18 ") == len(OPERANDS)
    for count, width in ((1, 1), (2, 2), (1, 4), (10, 9), (6, 36)):
        assert text.count(f".BIT_WIDTH_1(32'd{width})") == count
    assert text.count(".READ_MODE(1'h1)") == 2  # the blocks of `registered`


def test_primitives_equal_their_twins(family, netlist):
    """And our models of the cells what Yosys infers."""
    run(family, pairs_verilog(family, netlist))


@pytest.mark.slow
def test_a_mode_without_a_model_stops_the_simulation(family, netlist):
    before, after, cell = {
        "ecp5": ('.CLKBMUX("CLKB")', '.CLKBMUX("INV")', "DP16KD: an attribute"),
        "gowin": (".BLK_SEL_0(3'h0)", ".BLK_SEL_0(3'h1)", "SDPB, SDPX9B: a parameter"),
    }[family]
    text = pairs_verilog(family, netlist)
    assert before in text
    with pytest.raises(BenchFailed, match=f"{cell} has a value that this model lacks"):
        run(family, text.replace(before, after))
