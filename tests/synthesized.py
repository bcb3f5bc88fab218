# SPDX-License-Identifier: Apache-2.0
"""What synthesis for the ECP5 makes of a design."""

import json

from sim.verilog import through_yosys


def cells_of(rtlil):
    """Return the cells of the top in Yosys' netlist, by name."""
    script = "read_rtlil design.il; synth_ecp5 -top top -json netlist.json"
    netlist = json.loads(through_yosys({"design.il": rtlil}, script, "netlist.json"))
    return netlist["modules"]["top"]["cells"]
