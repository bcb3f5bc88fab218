# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/hardware.md, each between a comment that names it and `<!-- end -->`.

    python -m benchmarks.hardware_tables

Cycles come from :mod:`benchmarks.cycle_tables`, memories from their shapes, routed designs from
what ``avatar build --json`` printed into docs/results/builds.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from benchmarks import beyond, cycle_tables, program
from boards.catalogue.registry import board
from boards.explore.fit import WORDS
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.engine import load_bus
from hw.model.resources import board_memories, multipliers
from hw.model.schedule import scheduled
from support.failures import InputError
from support.files import replacing

NETWORKS = {
    **{f"`{name}`": GeneratorSpec.preset(name) for name in ("small", "compact", "contest")},
    "`compact` RGB": cycle_tables.RGB,
    "28x28, 7-3-3": cycle_tables.KERNELS_733,
    "28x28, 7-4-4": cycle_tables.KERNELS_744,
}
ARRAYS = ((16, 16), (8, 16))
BITS = (8, 6, 5, 4)
BUILDS = Path("docs/results/builds")
FIRST = "ulx3s-85f"  # the board whose machines stand for all
CLOCK_MHZ = 150  # of the study: the goal


def memories():
    """Return the table of memories of the ULX3S's first machine."""
    capacity = board(FIRST).capacity()
    listed = board_memories(capacity)
    filled = {"identity", *(each.name for each in load_bus.memories(capacity))}
    lines = [
        (
            memory.name.replace("_", " "),
            f"{memory.count}",
            f"{memory.depth:,}",
            f"{memory.width}",
            f"{memory.bits:,}",
            f"{memory.blocks}",
            "model" if memory.name in filled else "",
        )
        for memory in listed
    ]
    total = sum(memory.bits for memory in listed), sum(memory.blocks for memory in listed)
    lines.append(("all", "", "", "", f"{total[0]:,}", f"{total[1]}", ""))
    header = ("memory", "banks", "words", "bits", "bits in all", "block RAMs", "filled by")
    return table(header, lines)


def fits():
    """Return the table of the smallest machine for a network, by weight bits."""
    lines = []
    for name, spec in NETWORKS.items():
        for rows, columns in ARRAYS:
            cells = []
            for bits in BITS:
                tiling = scheduled(spec.with_weight_bits(bits), ArraySpec(rows, columns))
                capacity = Capacity.of(tiling)
                blocks = sum(memory.blocks for memory in board_memories(capacity))
                cells.append(f"{blocks:,} / {multipliers(capacity)}")
            lines.append((name, f"{rows} x {columns}", *cells))
    return table(("network", "array", *(f"{bits} bits" for bits in BITS)), lines)


def needs():
    """Return the table of what networks take of each memory, and what a machine has."""
    header = ("words of", *(name.replace("_", " ") for name in WORDS.values()))
    sizes = {case.label: Capacity.needs(case.model.tiling) for case in cycle_tables.CASES}
    sizes[f"**{FIRST} has**"] = board(FIRST).capacity().sizes
    rows = [(name, *(f"{each[size]:,}" for size in WORDS)) for name, each in sizes.items()]
    return table(header, rows)


def builds():
    """Return the table of routed boards, a line for the seeds of one design."""
    designs = {}
    for path in sorted(BUILDS.glob("*.json")):
        report = json.loads(path.read_text())
        design = report["board"], report["build"], report.get("screen")
        designs.setdefault(design, []).append(report)
    lines = []
    for (name, *_), reports in designs.items():
        capacity = reports[0]["capacity"]
        array = capacity["array"]
        clocks = {each["seed"]: each["fmax_mhz"] for each in reports}
        lines.append(
            (
                name,
                f"{array['rows']} x {array['columns']}",
                f"{capacity['weight_bits']}",
                "outside" if array["weight_bus"] else "on the chip",
                {"sdram": "in the SDRAM", "blocks": "on the chip"}.get(
                    reports[0].get("screen"), "-"
                ),
                *(f"{reports[0][each]:,}" for each in ("lut", "ff", "ebr", "mult")),
                f"{reports[0]['clock_hz'] / 1e6:g}",
                ", ".join(f"{clocks[seed]:.1f} ({seed})" for seed in sorted(clocks)),
            )
        )
    header = (
        *("board", "array", "bits", "weights", "screen's frame", "LUT", "FF", "block RAM"),
        *("multipliers", "asked, MHz", "routed, MHz (seed)"),
    )
    return table(header, lines)


def study():
    """Return the tables of :mod:`benchmarks.beyond`."""
    return beyond.as_markdown(beyond.study("compact", CLOCK_MHZ))


TABLES = {
    "cycles": lambda: table(*cycle_tables.cycles()),
    "outside": lambda: table(*cycle_tables.outside()),
    "lost": lambda: table(*cycle_tables.lost(alone=False)),
    "lost-alone": lambda: table(*cycle_tables.lost(alone=True)),
    "needs": needs,
    "memories": memories,
    "fits": fits,
    "builds": builds,
    "study": study,
}


def table(header, lines):
    """Return a Markdown table, its first column text and the others set right."""
    rows = [header, ["---", *["--:"] * (len(header) - 1)], *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def fill(text):
    """Return `text` with every table between its comments made anew.

    Raises
    ------
    InputError
        A comment names no table.
    """

    def made(match):
        if match[1] not in TABLES:
            raise InputError(f"table {match[1]!r} is unknown; choose from {', '.join(TABLES)}")
        return f"<!-- table: {match[1]} -->\n{TABLES[match[1]]()}\n<!-- end -->"

    return re.sub(r"<!-- table: (\S+) -->.*?<!-- end -->", made, text, flags=re.DOTALL)


def main(argv=None):
    """Fill the tables of a document."""
    parser = argparse.ArgumentParser(description="Fill the tables of docs/hardware.md.")
    parser.add_argument("--document", default="docs/hardware.md", metavar="FILE")
    args = parser.parse_args(argv)
    text = fill(Path(args.document).read_text())
    with replacing(args.document) as beside:
        beside.write_text(text)


if __name__ == "__main__":
    sys.exit(program.run(main))
