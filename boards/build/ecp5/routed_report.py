# SPDX-License-Identifier: Apache-2.0
"""What nextpnr says of a routed ECP5 design: resources, clocks, the critical path."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

RESOURCES = {
    "lut": "TRELLIS_COMB",
    "ff": "TRELLIS_FF",
    "ebr": "DP16KD",  # nextpnr turns a PDPW16KD into one
    "mult": "MULT18X18D",
}
_GLOBAL = re.compile(r"^\$glbnet\$|\$TRELLIS_IO_IN$")
_MADE_BY_TOOLS = re.compile(r"^\$|\$(tr_io|TRELLIS_IO)")


@dataclass(frozen=True)
class CriticalPath:
    """The slowest path of a clock.

    Attributes
    ----------
    components : tuple of str
        Hierarchical names of the components that it goes through, repetitions left out.
    begins, ends : str
        Names of its first and its last cell.
    logic_ns, routing_ns : float
        Nanoseconds in cells, set-up included, and between them.
    """

    components: tuple[str, ...]
    begins: str
    ends: str
    logic_ns: float
    routing_ns: float

    def __str__(self):
        return " -> ".join(self.components)


@dataclass(frozen=True)
class RoutedReport:
    """Numbers of a routed design.

    Attributes
    ----------
    used : dict of str to int
        By the keys of :data:`RESOURCES`.
    fmax_mhz, constraints_mhz : dict of str to float
        Reached, and wanted, by clock.
    critical_paths : dict of str to CriticalPath
        By clock.
    """

    used: dict
    fmax_mhz: dict
    constraints_mhz: dict
    critical_paths: dict

    @classmethod
    def read(cls, path):
        """Read the file that ``nextpnr-ecp5 --report`` wrote."""
        return cls.of(json.loads(Path(path).read_text()))

    @classmethod
    def of(cls, facts):
        """Return the numbers of that file's contents."""
        paths = {}
        for each in facts["critical_paths"]:
            if each["from"] == each["to"]:  # one clock, one edge
                paths[clock_name(each["from"].split(" ", 1)[1])] = _critical_path(each["path"])
        return cls(
            used={name: facts["utilization"][cell]["used"] for name, cell in RESOURCES.items()},
            fmax_mhz={clock_name(name): each["achieved"] for name, each in facts["fmax"].items()},
            constraints_mhz={
                clock_name(name): each["constraint"] for name, each in facts["fmax"].items()
            },
            critical_paths=paths,
        )

    @property
    def slowest(self):
        """Name of the clock with the least frequency."""
        return min(self.fmax_mhz, key=self.fmax_mhz.get)


def clock_name(net):
    """Return the name that the design has for a clock net."""
    return _GLOBAL.sub("", net)


def component(cell):
    """Return the component that a cell belongs to: its hierarchical name without the last part.

    Cells of the top itself, and those that the tools added, are ``top``.
    """
    if _MADE_BY_TOOLS.search(cell) or "." not in cell:
        return "top"
    return cell.rpartition(".")[0]


def _critical_path(steps):
    cells = [step["from"]["cell"] for step in steps] + [steps[-1]["to"]["cell"]]
    routing = sum(step["delay"] for step in steps if step["type"] == "routing")
    return CriticalPath(
        components=tuple(name for name, _ in groupby(map(component, cells))),
        begins=cells[0],
        ends=cells[-1],
        logic_ns=round(sum(step["delay"] for step in steps) - routing, 2),
        routing_ns=round(routing, 2),
    )
