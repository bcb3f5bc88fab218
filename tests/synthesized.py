# SPDX-License-Identifier: Apache-2.0
"""What synthesis for the ECP5 makes of a design."""

import json
from pathlib import Path

from sim.verilog import run_yosys


def cells_of(rtlil, folder):
    """Return the cells of the top in Yosys' netlist, by name; files go into `folder`."""
    Path(folder, "design.il").write_text(rtlil)
    run_yosys("read_rtlil design.il; synth_ecp5 -top top -json netlist.json", folder)
    return json.loads(Path(folder, "netlist.json").read_text())["modules"]["top"]["cells"]
