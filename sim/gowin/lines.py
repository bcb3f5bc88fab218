# SPDX-License-Identifier: Apache-2.0
"""Delay lines beside a netlist of them that was changed."""

import json

from sim.gowin.netlist import netlist_verilog
from sim.netlist import cell_models
from sim.verilog import through_yosys

STAGES = {3: 4, 4: 6, 7: 9, 16: 4, 17: 4, 23: 8, 40: 5}  # lines, by their stages
LINES = sum(STAGES.values())

_DESIGN = """
module {name}(input clk, input [{lines} - 1:0] d, output [{lines} - 1:0] q);
{parts}
endmodule
"""
_PART = """
    reg [{width} * {stages} - 1:0] line_{stages} = 0;
    always @(posedge clk) line_{stages} <= {{line_{stages}, ~d[{first} +: {width}]}};
    assign q[{first} +: {width}] = line_{stages}[{width} * {stages} - 1 -: {width}];
"""
_PAIR = """
module pair(clk, d, plain, netlist);
    input clk;
    input [{lines} - 1:0] d;
    output [{lines} - 1:0] plain, netlist;
    plain one(clk, d, plain);
    mapped other(clk, d, netlist);
endmodule
"""


def design(name):
    """Return lines of all :data:`STAGES`, behind an inverter each, as plain Verilog."""
    parts, first = [], 0
    for stages, width in STAGES.items():
        parts.append(_PART.format(stages=stages, width=width, first=first))
        first += width
    return _DESIGN.format(name=name, lines=LINES, parts="".join(parts))


def pair(change):
    """Return the lines beside their netlist after a change.

    Parameters
    ----------
    change : callable
        Takes Yosys' netlist and returns it.

    Returns
    -------
    (dict, str)
        The netlist's cells by name, and Verilog of both, top module ``pair``.
    """
    script = (
        "read_verilog design.v; synth_gowin -family gw2a -nowidelut -noiopads -top top "
        "-json netlist.json"
    )
    netlist = change(json.loads(through_yosys({"design.v": design("top")}, script, "netlist.json")))
    mapped = netlist_verilog(netlist, "mapped")
    text = "\n".join([_PAIR.format(lines=LINES), design("plain"), mapped, cell_models("gowin")])
    return netlist["modules"]["top"]["cells"], text
