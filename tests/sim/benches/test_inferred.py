# SPDX-License-Identifier: Apache-2.0
"""Our models of the ECP5's cells, held against what Yosys infers of plain Verilog."""

import re

import pytest

from sim.ecp5 import inferred
from sim.runner import BenchFailed, Simulation

pytestmark = pytest.mark.sim


@pytest.fixture(scope="module")
def netlist():
    return inferred.netlist()


def test_models_equal_what_yosys_mapped(netlist):
    cells = set(re.findall(r"^  ([A-Z][A-Z0-9_]+) ", netlist, re.MULTILINE))
    assert cells >= {"CCU2C", "DP16KD", "LUT4", "PFUMX", "TRELLIS_DPR16X4", "TRELLIS_FF"}
    widths = {int(n) for n in re.findall(r"DATA_WIDTH_[AB]\(32'd(\d+)\)", netlist)}
    assert widths == set(inferred.WIDTHS)
    assert set(re.findall(r'SRMODE\("(\w+)"\)', netlist)) == {"ASYNC", "LSR_OVER_CE"}
    Simulation(inferred.pair(netlist), "pair").run("sim.benches.tb_inferred")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "cell"),
    [
        ('.GSR("DISABLED")', '.GSR("ENABLED")', "TRELLIS_FF"),
        ('.INJECT1_0("NO")', '.INJECT1_0("MAYBE")', "CCU2C"),
        ('.WCKMUX("WCK")', '.WCKMUX("INV")', "TRELLIS_DPR16X4"),
    ],
)
def test_a_mode_without_a_model_stops_the_simulation(netlist, before, after, cell):
    assert before in netlist
    text = inferred.pair(netlist.replace(before, after))
    with pytest.raises(BenchFailed, match=f"{cell}: an attribute has a value that this model"):
        Simulation(text, "pair").run("sim.benches.tb_inferred")
