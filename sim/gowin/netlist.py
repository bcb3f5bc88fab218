# SPDX-License-Identifier: Apache-2.0
"""A netlist of Gowin's cells as Verilog that runs on our models."""

import json
import tempfile
from pathlib import Path

from sim.verilog import run_yosys


def netlist_verilog(netlist, name):
    """Return Yosys' netlist, a dict whose top module is ``top``, as Verilog of module `name`.

    Raises
    ------
    InputError
        Yosys is not installed.
    support.tools.ToolFailed
        Yosys failed.
    """
    with tempfile.TemporaryDirectory(prefix="avatar-yosys-") as folder:
        Path(folder, "netlist.json").write_text(json.dumps(netlist))
        run_yosys(
            f"read_json netlist.json; rename top {name}; delete t:$scopeinfo; splitnets; "
            "write_verilog -noattr netlist.v",
            folder,
        )
        return Path(folder, "netlist.v").read_text()
