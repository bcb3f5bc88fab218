# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/hardware.md, each between a comment that names it and `<!-- end -->`.

    python -m benchmarks.hardware_tables

Cycles come from the cycle model, which `avatar perf` holds against the simulated hardware,
memories from their shapes, routed designs from what ``avatar synth --json`` printed into
docs/results/synth*.json.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from benchmarks import beyond, program
from golden.spec import GeneratorSpec
from hw.model.cycle_model import CAUSES, CycleModel
from hw.model.resources import board_memories, multipliers
from hw.tiling import ArraySpec, Tiling
from support.failures import InputError
from support.files import replacing

NETWORKS = ("compact", "medium", "contest")
ARRAYS = ((16, 16), (8, 16))
BITS = (8, 6, 5, 4)
LEAKY = (48, 24, 12)  # edges of the tiles show
CLOCK_MHZ = 150  # of the study: the goal


def cycles():
    """Return the table of cycles of networks on arrays."""
    rows = [
        (name, GeneratorSpec.preset(name), ArraySpec(*size)) for name in NETWORKS for size in ARRAYS
    ]
    rows.append(("48-24-12", GeneratorSpec.avatars(channels=LEAKY), ArraySpec(8, 16)))
    lines = []
    for name, spec, array in rows:
        model = CycleModel(Tiling(spec, array))
        ideal = spec.useful_macs / array.macs_per_cycle
        drawn = model.tiling.weight_words * array.word_weights * model.tiling.weight_bits
        lines.append(
            (
                name if name[0].isdigit() else f"`{name}`",
                f"{array.rows} x {array.columns}",
                f"{array.word_weights}",
                f"{drawn / model.cycles_interval:.1f}",
                f"{model.cycles_latency:,}",
                f"{model.cycles_interval:,}",
                f"{ideal / model.cycles_latency:.1%}",
                f"{ideal / model.cycles_interval:.1%}",
            )
        )
    header = (
        "network",
        "array",
        "weights a cycle",
        "bits a cycle, mean",
        "latency",
        "interval",
        "useful, latency",
        "useful, interval",
    )
    return table(header, lines)


def lost():
    """Return the table of lost cycles by cause, on 16 x 16."""
    columns = []
    for name in NETWORKS:
        model = CycleModel(Tiling(GeneratorSpec.preset(name), ArraySpec()))
        for count, causes in (
            (model.cycles_latency, model.lost_in_latency()),
            (model.cycles_interval, model.lost_in_interval()),
        ):
            rate = model.tiling.array.macs_per_cycle
            useful = model.tiling.spec.useful_macs / rate
            cells = [f"{causes[cause] / rate:,.1f}" for cause in CAUSES]
            columns.append([f"{count:,}", f"{useful:,.1f}", *cells])
    header = ["cycles", *(f"`{name}`, {kind}" for name in NETWORKS for kind in ("one", "next"))]
    names = ["all", "useful", *CAUSES]
    return table(header, [[name, *row] for name, row in zip(names, zip(*columns))])


def memories():
    """Return the table of memories of `compact` at 5 bits on 16 x 16."""
    listed = board_memories(Tiling(GeneratorSpec.preset("compact"), ArraySpec()))
    lines = [
        (
            memory.name,
            f"{memory.count}",
            f"{memory.depth:,}",
            f"{memory.width}",
            f"{memory.bits:,}",
            f"{memory.blocks}",
        )
        for memory in listed
    ]
    total = sum(memory.bits for memory in listed), sum(memory.blocks for memory in listed)
    lines.append(("all", "", "", "", f"{total[0]:,}", f"{total[1]}"))
    return table(("memory", "banks", "words", "bits", "bits in all", "block RAMs"), lines)


def fits():
    """Return the table of block RAMs and multipliers by weight bits."""
    lines = []
    for name in ("small", *NETWORKS):
        for rows, columns in ARRAYS:
            cells = []
            for bits in BITS:
                tiling = Tiling(GeneratorSpec.preset(name, bits), ArraySpec(rows, columns))
                blocks = sum(memory.blocks for memory in board_memories(tiling))
                cells.append(f"{blocks:,} / {multipliers(tiling)}")
            lines.append((f"`{name}`", f"{rows} x {columns}", *cells))
    return table(("network", "array", *(f"{bits} bits" for bits in BITS)), lines)


def syntheses():
    """Return the table of routed designs, from the reports there are."""
    lines = []
    for path in sorted(Path("docs/results").glob("synth*.json")):
        report = json.loads(path.read_text())
        resources = [f"{report[name]:,}" for name in ("lut", "ff", "ebr", "mult")]
        by_seed = ", ".join(f"{each:.1f}" for each in report["fmax_mhz_by_seed"].values())
        lines.append(
            (
                "-".join(map(str, report["channels"])),
                f"{max(report['weight_bits'])}",
                f"{report['rows']} x {report['columns']}",
                *resources,
                f"{report['fmax_mhz']:.1f}",
                by_seed,
            )
        )
    if not lines:
        return "No report of `avatar synth --json` lies in docs/results/synth*.json yet."
    header = ("network", "bits", "array", "LUT", "FF", "EBR", "MULT18", "MHz", "by seed")
    return table(header, lines)


def study():
    """Return the tables of :mod:`benchmarks.beyond`."""
    return beyond.as_markdown(beyond.study("compact", CLOCK_MHZ))


TABLES = {
    "cycles": cycles,
    "lost": lost,
    "memories": memories,
    "fits": fits,
    "syntheses": syntheses,
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
