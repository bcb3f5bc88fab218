# SPDX-License-Identifier: Apache-2.0
"""Delay lines of a netlist in LUT RAM: on Gowin's chips a flip-flop takes the place of a LUT."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

from support.tools import ToolFailed

DEPTH, WIDTH = 16, 4  # words of a RAM16SDP4, and bits of one
PLACES = 8  # of LUTs that it takes, with all flip-flops beside them
MIN_STAGES = 3  # shorter lines never pay
STILL = (None, "IBUF", "VCC", "GND")  # before a line that stays


class Line(NamedTuple):
    """Flip-flops of one bit, each of which feeds nothing but the next one."""

    clock: int  # net
    cells: tuple[str, ...]
    places: int  # that they take: none where the first is behind a LUT of its own


def with_delay_lines(netlist):
    """Return a netlist of Yosys in which LUT RAM takes the place of long chains of flip-flops.

    Four lines of as many stages share a memory. It is read so many words behind the one that is
    written, and one counter serves all of them. A flip-flop without a reset begins with 0, as the
    memory does: no cycle differs. A line behind a pin stays, since it is there for the signal to
    settle, and so does one of a constant.

    Parameters
    ----------
    netlist : dict
        As Yosys writes it, top module ``top``; it is changed.
    """
    top = netlist["modules"]["top"]
    cells = top["cells"]
    waiting = defaultdict(list)
    for line in lines(top):
        waiting[line.clock, len(line.cells)].append(line)
    new = _New(top)
    counters = {}
    for (clock, stages), alike in waiting.items():
        alike.sort(key=lambda line: -line.places)
        for n in range(0, len(alike), WIDTH):
            group = alike[n : n + WIDTH]
            if sum(line.places for line in group) <= PLACES:
                break
            if clock not in counters:
                counters[clock] = new.counter(clock)
            inputs = [cells[line.cells[0]]["connections"]["D"][0] for line in group]
            outputs = [cells[line.cells[-1]]["connections"]["Q"][0] for line in group]
            new.memory(clock, counters[clock], stages, inputs, outputs)
            for name in (name for line in group for name in line.cells):
                del cells[name]
    return netlist


def lines(top):
    """Return the :class:`Line` of each chain of a module, cut where a memory ends."""
    cells = top["cells"]
    drivers, users = {}, Counter(bit for port in top["ports"].values() for bit in port["bits"])
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "output":
                drivers.update(dict.fromkeys(bits, name))
            else:
                users.update(bits)

    plain = {name: cell["connections"] for name, cell in cells.items() if cell["type"] == "DFF"}
    source = {name: drivers.get(ports["D"][0]) for name, ports in plain.items()}
    after = {
        source[name]: name
        for name, ports in plain.items()
        if source[name] in plain
        and users[ports["D"][0]] == 1
        and plain[source[name]]["CLK"] == ports["CLK"]
    }
    found = []
    for first in plain.keys() - set(after.values()):
        kind = cells[source[first]]["type"] if source[first] else None
        if kind in STILL:
            continue
        chain = [first]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        own_lut = kind.startswith("LUT") and users[plain[first]["D"][0]] == 1
        for n in range(0, len(chain), DEPTH):
            part = tuple(chain[n : n + DEPTH])
            if len(part) >= MIN_STAGES:
                found.append(Line(plain[first]["CLK"][0], part, len(part) - (own_lut and not n)))
    return sorted(found, key=lambda line: line.cells)


class _New:
    """New cells and nets of a module, numbered."""

    def __init__(self, top):
        self.top = top
        bits = (bit for cell in top["cells"].values() for each in cell["connections"].values()
                for bit in each)  # fmt: skip
        self.next = 1 + max(bit for bit in bits if isinstance(bit, int))
        self.memories = 0
        self.addresses = {}

    def counter(self, clock):
        """Add a counter, and return its nets; the lowest bit first."""
        count = [self._net(f"delay_counter_{clock}_{n}") for n in range(4)]
        following = self._table(f"delay_counter_{clock}", count, 1)
        for n, (bit, net) in enumerate(zip(count, following, strict=True)):
            ports = {"CLK": clock, "D": net}
            self._cell(f"delay_counter_{clock}_{n}_DFF", "DFF", {}, ports, {"Q": bit})
        return count

    def memory(self, clock, count, stages, inputs, outputs):
        """Add a memory of up to four lines."""
        if (clock, stages) not in self.addresses:
            name = f"delay_read_{clock}_{stages}"
            self.addresses[clock, stages] = (
                count if stages == DEPTH else self._table(name, count, -stages)
            )
        name = f"delay_memory_{self.memories}"
        self.memories += 1
        idle = [self._net(f"{name}_idle_{n}") for n in range(len(outputs), WIDTH)]
        ports = {
            "CLK": [clock],
            "WRE": ["1"],
            "DI": inputs + ["0"] * len(idle),
            "WAD": count,
            "RAD": self.addresses[clock, stages],
        }
        settings = {f"INIT_{n}": "0" * DEPTH for n in range(WIDTH)}
        self._cell(name, "RAM16SDP4", settings, ports, {"DO": outputs + idle})

    def _table(self, name, count, step):
        """Add four LUTs that make the number `step` behind a count; return their nets."""
        nets = []
        for bit in range(4):
            values = [(value + step) % DEPTH >> bit & 1 for value in range(DEPTH)]
            nets.append(self._net(f"{name}_{bit}_F"))
            ports = {f"I{n}": net for n, net in enumerate(count)}
            settings = {"INIT": "".join(map(str, reversed(values)))}
            self._cell(f"{name}_{bit}_LUT", "LUT4", settings, ports, {"F": nets[-1]})
        return nets

    def _net(self, name):
        self.next += 1
        self.top["netnames"][name] = {"hide_name": 0, "bits": [self.next - 1], "attributes": {}}
        return self.next - 1

    def _cell(self, name, kind, settings, inputs, outputs):
        ports = {port: bits if isinstance(bits, list) else [bits] for port, bits in
                 (inputs | outputs).items()}  # fmt: skip
        if name in self.top["cells"]:
            raise ToolFailed(f"the netlist has a cell {name} already")
        self.top["cells"][name] = {
            "hide_name": 0,
            "type": kind,
            "parameters": settings,
            "attributes": {},
            "port_directions": {port: "output" if port in outputs else "input" for port in ports},
            "connections": ports,
        }
