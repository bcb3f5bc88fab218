# SPDX-License-Identifier: Apache-2.0
"""The figures of docs/hardware.md that follow from the tiling: no simulation.

python -m benchmarks.hardware_figures --out docs/hardware
"""

from __future__ import annotations

import argparse
import sys
from itertools import product
from pathlib import Path

import matplotlib

from benchmarks import program
from benchmarks.tiles import starts, tiles
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.model.schedule import scheduled
from hw.work import Axis
from support.files import make_folder, replacing

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.patches import FancyArrowPatch, Rectangle

COLOURS = ("#3465a4", "#cc5500", "#4e9a06", "#75507b")  # of phases, and of layers
INK = "#333333"


def phases(path):
    """Draw which taps of the kernel reach which output, and from which input."""
    figure, (kernel, output, taken) = plt.subplots(
        1, 3, figsize=(10, 3.6), dpi=110, width_ratios=(1, 2, 2.2)
    )
    for axes, size, title in (
        (kernel, 4, "kernel, 4 x 4"),
        (output, 8, "output, 8 x 8, and the input's 4 x 4"),
    ):
        axes.set(xlim=(0, size), ylim=(size, 0), aspect="equal", xticks=[], yticks=[], title=title)
    axes_of = [Axis.of(GeneratorSpec.preset("compact").shapes[1], phase) for phase in range(2)]
    for phase in range(4):
        odd_y, odd_x = divmod(phase, 2)
        for t_y, t_x in product(range(2), repeat=2):
            kh, kw = axes_of[odd_y].first_tap + 2 * t_y, axes_of[odd_x].first_tap + 2 * t_x
            kernel.add_patch(Rectangle((kw, kh), 1, 1, color=COLOURS[phase], alpha=0.75))
            kernel.text(kw + 0.5, kh + 0.5, f"{kh},{kw}", ha="center", va="center", color="white")
    for y in range(8):
        for x in range(8):
            colour = COLOURS[2 * (y & 1) + (x & 1)]
            output.add_patch(Rectangle((x, y), 1, 1, color=colour, alpha=0.6, ec="white"))
    for n in range(5):
        output.plot([2 * n] * 2, [0, 8], color="black", linewidth=1.2)
        output.plot([0, 8], [2 * n] * 2, color="black", linewidth=1.2)
    taken.set(xlim=(-0.8, 4.4), ylim=(8.2, -0.4), xticks=[], yticks=[], title="one axis")
    taken.axis("off")
    for u in range(4):
        taken.add_patch(Rectangle((0, 2 * u + 0.35), 0.9, 1.3, facecolor="#dddddd", ec=INK))
        taken.text(0.45, 2 * u + 1, f"in {u}", ha="center", va="center")
    for y in range(8):
        colour = COLOURS[2 * (y & 1)]
        taken.add_patch(Rectangle((3.2, y + 0.1), 1.1, 0.8, facecolor=colour, alpha=0.6, ec=INK))
        taken.text(3.75, y + 0.5, f"out {y}", ha="center", va="center")
        u, odd = divmod(y, 2)
        for t in range(2):
            source = u + axes_of[odd].offset - t
            tap = axes_of[odd].first_tap + 2 * t
            if 0 <= source < 4:
                start, end = (0.9, 2 * source + 1 + 0.18 * (tap - 1.5)), (3.2, y + 0.5)
                taken.add_patch(FancyArrowPatch(start, end, arrowstyle="-", color=colour))
                taken.text(2.55, y + 0.5 + (0.16, -0.16)[t == 1], tap,
                           fontsize=7, color=INK, ha="center", va="center")  # fmt: skip
    _save(figure, path)


def order(path):
    """Draw when the tiles of `compact` run: the whole avatar, and the first job of layer 2."""
    tiling = scheduled(GeneratorSpec.preset("compact"), ArraySpec())
    found = tiles(tiling)
    at = starts(found)
    figure, (whole, part) = plt.subplots(2, 1, figsize=(10, 3.6), dpi=110)
    for n in range(4):
        chosen = [i for i, tile in enumerate(found) if tile.layer == n]
        begin, end = at[chosen[0]], at[chosen[-1] + 1]
        whole.broken_barh([(begin, end - begin)], (0, 1), color=COLOURS[n], alpha=0.75)
        whole.text((begin + end) / 2, 0.5, n + 1, ha="center", va="center")
        jobs = [at[i] for i in chosen if (found[i].row_tile, found[i].tap) == (0, 0) and n]
        whole.vlines(jobs, 0, 1, color="white", linewidth=0.6)
    whole.set(
        xlim=(0, at[-1]),
        ylim=(0, 1),
        yticks=[],
        xlabel="layers 1 to 4, cycles of the feeder; white: a job begins",
        title=f"{len(found):,} tiles of compact on 16 x 16",
    )
    first = next(i for i, tile in enumerate(found) if tile.layer == 1)
    shown = range(first, first + 4 * len(tiling.layers[1].jobs[0].taps))
    for i in shown:
        tile = found[i]
        shade = 0.35 + 0.15 * tile.tap
        part.broken_barh(
            [(at[i], at[i + 1] - at[i])], (0, 1), color=COLOURS[1], alpha=shade, ec="w"
        )
        text = f"row {tile.row_tile}\ntap {tile.tap}\n{tile.beats}"
        part.text((at[i] + at[i + 1]) / 2, 0.5, text, ha="center", va="center", fontsize=7)
    part.set(
        xlim=(at[first], at[shown[-1] + 1]),
        ylim=(0, 1),
        yticks=[],
        xlabel="layer 2, column tile 0, phase 0: row tiles 0 to 3, their taps, the beats of each",
    )
    _save(figure, path)


def array(path):
    """Draw the array's groups, and how many cycles later each sees what enters."""
    spec = ArraySpec()
    figure, axes = plt.subplots(figsize=(6.2, 5.4), dpi=110)
    groups = spec.row_groups, spec.column_groups
    for i in range(groups[0]):
        for j in range(groups[1]):
            late = (i + j) / (sum(groups) - 2)
            axes.add_patch(Rectangle((j + 0.06, i + 0.06), 0.88, 0.88, fc=(0.9 - 0.5 * late,) * 3))
            axes.text(j + 0.5, i + 0.4, f"+{i + j}", ha="center", va="center", fontsize=12)
            axes.text(j + 0.5, i + 0.68, f"{spec.hop} x {spec.hop}", ha="center", fontsize=8)
            if j + 1 < groups[1]:
                _arrow(axes, (j + 0.9, i + 0.5), (j + 1.1, i + 0.5), COLOURS[0])
            _arrow(axes, (j + 0.5, i + 0.9), (j + 0.5, i + 1.1), COLOURS[1])
    for i in range(groups[0]):
        _arrow(axes, (-0.35, i + 0.5), (0.1, i + 0.5), COLOURS[0])
    axes.text(-0.4, groups[0] / 2, "activations, weights", rotation=90, ha="right", va="center",
              color=COLOURS[0])  # fmt: skip
    axes.text(groups[1] / 2, groups[0] + 0.3, "sums, to the accumulator banks", ha="center",
              color=COLOURS[1])  # fmt: skip
    axes.set(xlim=(-0.8, groups[1] + 0.1), ylim=(groups[0] + 0.5, -0.1), aspect="equal",
             title=f"{spec.rows} x {spec.columns}: cycles behind the first group")  # fmt: skip
    axes.axis("off")
    _save(figure, path)


def double_buffer(path):
    """Draw words and beats of neighbouring tiles where words bind, and where beats do."""
    found = tiles(scheduled(GeneratorSpec.preset("compact"), ArraySpec()))
    figure, panels = plt.subplots(2, 1, figsize=(10, 3.4), dpi=110)
    for axes, layer, count, binds in zip(panels, (0, 1), (8, 3), ("words", "beats")):
        first = next(i for i, tile in enumerate(found) if tile.layer == layer) + 1
        now = 0
        for n in range(count):
            tile, behind = found[first + n], found[first + n + 1]
            colour, following = COLOURS[n % 2], COLOURS[(n + 1) % 2]
            axes.broken_barh([(now, tile.beats)], (0, 0.8), color=colour, alpha=0.75)
            axes.broken_barh([(now, behind.words)], (1, 0.8), color=following, alpha=0.75)
            now += max(tile.beats, behind.words)
        axes.set(
            xlim=(0, now),
            ylim=(0, 1.8),
            yticks=[0.4, 1.4],
            yticklabels=["active: beats", "shadow: words"],
            title=f"layer {layer + 1}: {binds} bind",
        )
    panels[1].set_xlabel("cycles")
    _save(figure, path)


def _arrow(axes, start, end, colour):
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="->", color=colour, mutation_scale=9))


def _save(figure, path):
    figure.tight_layout()
    with replacing(path) as beside:
        figure.savefig(beside, format="png", metadata={"Software": None})
    plt.close(figure)


FIGURES = {"phases": phases, "order": order, "array": array, "double-buffer": double_buffer}


def main(argv=None):
    """Draw all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="docs/hardware", metavar="DIR")
    args = parser.parse_args(argv)
    make_folder(args.out)
    for name, draw in FIGURES.items():
        draw(Path(args.out, f"{name}.png"))


if __name__ == "__main__":
    sys.exit(program.run(main))
