# SPDX-License-Identifier: Apache-2.0
"""A netlist of Gowin's cells as Verilog that runs on our models."""

import json

from sim.verilog import through_yosys


def netlist_verilog(netlist, name):
    """Return Yosys' netlist, a dict whose top module is ``top``, as Verilog of module `name`.

    Raises
    ------
    InputError
        Yosys is not installed.
    support.tools.ToolFailed
        Yosys failed.
    """
    script = (
        f"read_json netlist.json; rename top {name}; delete t:$scopeinfo; splitnets; "
        "write_verilog -noattr netlist.v"
    )
    return through_yosys({"netlist.json": json.dumps(netlist)}, script, "netlist.v")
