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
from boards.catalogue.capacities import LFE5U_85F
from golden.spec import GeneratorSpec, Layer
from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.model.cycle_model import CAUSES, CycleModel
from hw.model.resources import board_memories, multipliers
from hw.model.schedule import scheduled
from support.failures import InputError
from support.files import replacing

NETWORKS = ("compact", "medium", "contest")
ARRAYS = ((16, 16), (8, 16))
BITS = (8, 6, 5, 4)
LEAKY = (48, 24, 12)  # edges of the tiles show
CLOCK_MHZ = 150  # of the study: the goal


def _network(*layers):
    """Return a network of one plane: channels, kernel, stride, padding, output_padding a layer."""
    *hidden, last = layers
    made = [Layer(*each, weight_bits=5) for each in hidden]
    return GeneratorSpec(100, 1, (*made, Layer(*last, "table", 5)))


RGB_HEAD = _network((128, 4, 1, 0, 0), (64,), (32,), (3, 4, 2, 1, 0))
OTHERS = (  # name, network, latents of a pass
    (
        "PyTorch's DCGAN, 64x64x3",
        _network((512, 4, 1, 0, 0), (256,), (128,), (64,), (3, 4, 2, 1, 0)),
        1,
    ),
    ("`compact` with a head of three channels", RGB_HEAD, 1),
    ("the same", RGB_HEAD, 4),
    ("28x28, kernels 7-4-4", _network((128, 7, 1, 0, 0), (64,), (1, 4, 2, 1, 0)), 1),
    (
        "28x28, kernels 7-3-3",
        _network((128, 7, 1, 0, 0), (32, 3, 2, 1, 1), (1, 3, 2, 1, 1)),
        1,
    ),
    (
        "TensorFlow's tutorial, 28x28, kernels 7-5-5-5",
        _network((256, 7, 1, 0, 0), (128, 5, 1, 2, 0), (64, 5, 2, 2, 1), (1, 5, 2, 2, 1)),
        1,
    ),
)


def cycles():
    """Return the table of cycles of networks on arrays."""
    rows = [
        (f"`{name}`", GeneratorSpec.preset(name), 1, ArraySpec(*size))
        for name in NETWORKS
        for size in ARRAYS
    ]
    rows += [(*each, ArraySpec()) for each in OTHERS]
    rows.append(("48-24-12", GeneratorSpec.avatars(channels=LEAKY), 1, ArraySpec(8, 16)))
    lines = []
    for name, spec, slots, array in rows:
        model = CycleModel(scheduled(spec, array, slots))
        ideal = slots * spec.useful_macs / array.macs_per_cycle
        drawn = model.tiling.streamed_words * array.word_weights * max(spec.weight_bits)
        lines.append(
            (
                name,
                f"{array.rows} x {array.columns}",
                f"{slots}",
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
        "latents a pass",
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
        model = CycleModel(scheduled(GeneratorSpec.preset(name), ArraySpec()))
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
    """Return the table of memories of the LFE5U-85F's machine for 5 bits."""
    listed = board_memories(LFE5U_85F["w5"])
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
                spec = GeneratorSpec.preset(name, bits)
                capacity = Capacity.of(scheduled(spec, ArraySpec(rows, columns)))
                blocks = sum(memory.blocks for memory in board_memories(capacity))
                cells.append(f"{blocks:,} / {multipliers(capacity)}")
            lines.append((f"`{name}`", f"{rows} x {columns}", *cells))
    return table(("network", "array", *(f"{bits} bits" for bits in BITS)), lines)


def syntheses():
    """Return the table of routed designs, from the reports there are."""
    lines = []
    for path in sorted(Path("docs/results").glob("synth*.json")):
        report = json.loads(path.read_text())
        resources = [f"{report[name]:,}" for name in ("lut", "ff", "ebr", "mult")]
        by_seed = ", ".join(f"{each:.1f}" for each in report["fmax_mhz_by_seed"].values())
        sizes = report["capacity"]
        lines.append(
            (
                f"{sizes['array']['rows']} x {sizes['array']['columns']}",
                f"{sizes['weight_bits']}",
                f"{sizes['weight_words']:,}",
                *resources,
                f"{report['fmax_mhz']:.1f}",
                by_seed,
            )
        )
    if not lines:
        return "No report of `avatar synth --json` lies in docs/results/synth*.json yet."
    header = ("array", "bits", "weight words", "LUT", "FF", "EBR", "MULT18", "MHz", "by seed")
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
