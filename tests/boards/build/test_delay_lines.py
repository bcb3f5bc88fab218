# SPDX-License-Identifier: Apache-2.0
"""Chains of flip-flops that become LUT RAM, in netlists for Gowin's chips."""

from collections import Counter

import pytest

from boards.build.gowin.delay_lines import lines, with_delay_lines
from sim.gowin.lines import pair
from sim.runner import Simulation


def netlist(*chains, clocks=None, behind="LUT4", users=()):
    """Return a netlist of chains of so many flip-flops, each behind a cell of this type.

    `users` are (chain, stage) whose output feeds a port, too.
    """
    cells, bits, ports = {}, iter(range(100, 10_000)), {}
    for n, stages in enumerate(chains):
        net, clock = next(bits), (clocks or [2] * len(chains))[n]
        cells[f"source_{n}"] = {
            "type": behind,
            "port_directions": {"F": "output"},
            "connections": {"F": [net]},
        }
        for stage in range(stages):
            out = next(bits)
            cells[f"ff_{n}_{stage:02}"] = {
                "type": "DFF",
                "port_directions": {"CLK": "input", "D": "input", "Q": "output"},
                "connections": {"CLK": [clock], "D": [net], "Q": [out]},
            }
            net = out
            if (n, stage) in users:
                ports[f"tap_{n}_{stage}"] = {"direction": "output", "bits": [net]}
        ports[f"q_{n}"] = {"direction": "output", "bits": [net]}
    return {"modules": {"top": {"cells": cells, "ports": ports, "netnames": {}}}}


def kinds(*chains, **options):
    """Return how many cells of each type are left, the sources not counted."""
    cells = with_delay_lines(netlist(*chains, **options))["modules"]["top"]["cells"]
    return Counter(cell["type"] for name, cell in cells.items() if not name.startswith("source"))


COUNTER = Counter({"DFF": 4, "LUT4": 4})


def test_four_lines_share_a_memory_and_a_counter():
    assert kinds(4, 4, 4, 4) == COUNTER + Counter({"RAM16SDP4": 1, "LUT4": 4})
    assert kinds(16, 16, 16, 16) == COUNTER + Counter({"RAM16SDP4": 1})  # read where it is written
    assert kinds(23) == COUNTER + Counter({"RAM16SDP4": 1, "DFF": 7})
    assert kinds(*4 * [23]) == COUNTER + Counter({"RAM16SDP4": 2, "LUT4": 4})
    twice = Counter({name: 2 * count for name, count in COUNTER.items()})
    assert kinds(16, 16, clocks=[2, 3]) == twice + Counter({"RAM16SDP4": 2})


def test_what_saves_nothing_stays():
    assert kinds(3, 3, 3, 3) == {"DFF": 12}  # eight places behind LUTs of their own, as the memory
    assert kinds(3, 3, 3, 3, behind="ALU")["RAM16SDP4"] == 1
    assert kinds(4, 4) == {"DFF": 8}
    assert kinds(2, 2, 2, 2, behind="ALU") == {"DFF": 8}


@pytest.mark.parametrize("behind", ["IBUF", "VCC", "GND"])
def test_a_line_behind_a_pin_or_a_constant_stays(behind):
    assert kinds(16, 16, behind=behind) == {"DFF": 32}


def test_a_tap_ends_a_line():
    top = netlist(20, users=[(0, 5)])["modules"]["top"]
    assert [len(line.cells) for line in lines(top)] == [6, 14]


@pytest.mark.sim
def test_no_cycle_differs():
    cells, text = pair(with_delay_lines)
    found = Counter(cell["type"] for cell in cells.values())
    # All of 3 stages stay, two of 4, one of 7, one of 8, what 17 has beyond 16, and the counter's.
    assert (found["RAM16SDP4"], found["DFF"]) == (13, 12 + 8 + 7 + 8 + 4 + 4)
    Simulation(text, "pair").run("sim.benches.tb_delay_lines")
