# SPDX-License-Identifier: Apache-2.0
"""The model of a serial flash, in flash.v, for simulated designs."""

import re
from pathlib import Path

from amaranth import ClockSignal, Instance

SOURCE = Path(__file__).with_name("flash.v")
FILE = "+flash={}"  # argument of a simulation: what lies there

RULES = {
    int(number): rule
    for number, rule in re.findall(r'broken\((\d+), "([^"]+)"\)', SOURCE.read_text())
}


def flash(pins, **parameters):
    """Return the instance of a chip at pins.

    Parameters
    ----------
    pins : hw.flash.reader.PINS
        Of the design that reads.
    **parameters
        Of flash.v; and its ports where they are more than pins, as ``o_violation``.
    """
    ports = {name: value for name, value in parameters.items() if name[:2] in ("i_", "o_")}
    values = {f"p_{name}": value for name, value in parameters.items() if name not in ports}
    return Instance(
        "flash",
        **values,
        i_cs_n=~pins.cs,
        i_clk=pins.clk,
        i_copi=pins.copi,
        o_cipo=pins.cipo,
        **{"i_tick": ClockSignal(), "i_forget": 0} | ports,
    )
