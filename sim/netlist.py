# SPDX-License-Identifier: Apache-2.0
"""What synthesis for the ECP5 makes of a component, as Verilog that runs on our models."""

import hashlib
from pathlib import Path

from hw.primitives.ecp5.platform import Ecp5Primitives
from hw.rtlil import to_rtlil
from sim.verilog import cached_verilog, through_yosys

MODELS = Path(__file__).parent
# Nets bit by bit: a vector that a cell feeds back bit by bit looks like a loop to Verilator.
SCRIPT = """
read_rtlil design.il
synth_ecp5 -top {name}
delete t:$scopeinfo
chtype -set TRELLIS_IO_INPUT t:TRELLIS_IO r:DIR=INPUT %i
chtype -set TRELLIS_IO_OUTPUT t:TRELLIS_IO r:DIR=OUTPUT %i
splitnets
write_verilog -noattr netlist.v
"""
# A netlist is one long list of small assignments: short functions, or the compiler takes minutes.
BUILD_ARGS = ("-Wno-PINMISSING", "--output-split-cfuncs", "1000")


class _SmallChip(Ecp5Primitives):
    multipliers = 12  # so that of the smallest machine's products some are made of logic


def synthesize(component, name):
    """Return `component` with a small ECP5's primitives as a netlist of its cells, Verilog.

    Ports of the top module `name` are the component's members. Raises as :func:`netlist_of`.
    """
    return netlist_of(to_rtlil(component, name, platform=_SmallChip()), name)


def netlist_of(rtlil, name):
    """Return the netlist that synthesis makes of a design in RTLIL, top module `name`, Verilog.

    Raises
    ------
    InputError
        Yosys is not installed.
    support.tools.ToolFailed
        Yosys failed.
    """
    script = SCRIPT.format(name=name).strip().replace("\n", "; ")
    return through_yosys({"design.il": rtlil}, script, "netlist.v")


def cell_models(family="ecp5"):
    """Return our models of a family's cells, ``ecp5`` or ``gowin``, Verilog."""
    return "".join(path.read_text() for path in sorted(MODELS.glob(f"{family}/*.v")))


def cached_netlist(name, key, make, *, convert=synthesize):
    """Return ``convert(make(), name)``, a netlist of top module `name`, kept between runs.

    Parameters are those of :func:`sim.verilog.cached_verilog`.
    """
    key = hashlib.sha256(SCRIPT.encode() + key).digest()
    return cached_verilog(name, key, make, convert=convert)
