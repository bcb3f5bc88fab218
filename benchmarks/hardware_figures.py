# SPDX-License-Identifier: Apache-2.0
"""The figures of docs/hardware.md, from the tiling and the cycle model: no simulation.

python -m benchmarks.hardware_figures --out docs/hardware
"""

from __future__ import annotations

import argparse
import sys
from itertools import product
from pathlib import Path
from typing import NamedTuple

import matplotlib

from benchmarks import program
from golden.spec import TABLE, GeneratorSpec, Layer
from hw.array import ArraySpec
from hw.engine.tap_adder import lane_of, tap_places
from hw.model.cycle_model import CycleModel, Run
from hw.model.schedule import scheduled
from hw.work import Axis
from support.files import make_folder, replacing

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.patches import FancyArrowPatch, Rectangle

COLOURS = ("#3465a4", "#cc5500", "#4e9a06", "#75507b")  # of phases, and of layers
INK = "#333333"
SMALL = 4  # pixels of a map that a figure shows along an axis


def compact():
    """Return the tiling of `compact` on 16 x 16."""
    return scheduled(GeneratorSpec.preset("compact"), ArraySpec())


def shape_of(kernel_size, padding, output_padding=0):
    """Return a last layer of stride 2 that takes a map of 4 x 4 pixels."""
    last = Layer(1, kernel_size, 2, padding, output_padding, TABLE)
    return GeneratorSpec(8, 1, (Layer(8, SMALL, 1, 0), last)).shapes[-1]


def phases(path):
    """Draw which taps of a kernel reach which output, and from which input: two kernels."""
    figure, rows = plt.subplots(2, 3, figsize=(10, 7), dpi=110, width_ratios=(1, 2, 2.2))
    for axes, shape in zip(rows, (shape_of(4, 1), shape_of(5, 2, 1))):
        _phases(*axes, shape)
    _save(figure, path)


def _phases(kernel, output, taken, shape):
    taps, size = shape.kernel_size, shape.out_size
    words = f"{size} x {size} outputs of {SMALL} x {SMALL} inputs"
    for axes, count, title in ((kernel, taps, f"kernel {taps}"), (output, size, words)):
        axes.set(xlim=(0, count), ylim=(count, 0), aspect="equal", xticks=[], yticks=[])
        axes.set_title(title)
    along = [Axis.of(shape, phase) for phase in range(2)]
    for phase_y, phase_x in product(range(2), repeat=2):
        colour = COLOURS[2 * phase_y + phase_x]
        for t_y, t_x in product(range(along[phase_y].taps), range(along[phase_x].taps)):
            kh, kw = (along[a].first_tap + 2 * t for a, t in ((phase_y, t_y), (phase_x, t_x)))
            kernel.add_patch(Rectangle((kw, kh), 1, 1, color=colour, alpha=0.75))
            kernel.text(kw + 0.5, kh + 0.5, f"{kh},{kw}", ha="center", va="center",
                        color="white", fontsize=8)  # fmt: skip
    for y, x in product(range(size), repeat=2):
        colour = COLOURS[2 * (y & 1) + (x & 1)]
        output.add_patch(Rectangle((x, y), 1, 1, color=colour, alpha=0.6, ec="white"))
    for n in range(SMALL + 1):
        output.plot([2 * n] * 2, [0, size], color="black", linewidth=1.2)
        output.plot([0, size], [2 * n] * 2, color="black", linewidth=1.2)
    taken.set(xlim=(-0.8, 4.4), ylim=(size + 0.2, -0.4), xticks=[], yticks=[], title="one axis")
    taken.axis("off")
    for u in range(SMALL):
        taken.add_patch(Rectangle((0, 2 * u + 0.35), 0.9, 1.3, facecolor="#dddddd", ec=INK))
        taken.text(0.45, 2 * u + 1, f"in {u}", ha="center", va="center")
    for y in range(size):
        u, odd = divmod(y, 2)
        colour, axis = COLOURS[2 * odd], along[odd]
        taken.add_patch(Rectangle((3.2, y + 0.1), 1.1, 0.8, facecolor=colour, alpha=0.6, ec=INK))
        taken.text(3.75, y + 0.5, f"out {y}", ha="center", va="center", fontsize=9)
        for t in range(axis.taps):
            source, tap = u + axis.offset - t, axis.first_tap + 2 * t
            if 0 <= source < SMALL:
                begin, end = (0.9, 2 * source + 1 + 0.14 * (tap - taps / 2)), (3.2, y + 0.5)
                taken.add_patch(FancyArrowPatch(begin, end, arrowstyle="-", color=colour))
                near = 0.72  # of the way
                place = [a + near * (b - a) for a, b in zip(begin, end)]
                taken.text(*place, tap, fontsize=7, color=INK, ha="center", va="center",
                           bbox={"fc": "white", "ec": "none", "pad": 0.4})  # fmt: skip


def last_layer(path):
    """Draw which tap each column of the last layer has, and where a pixel reads each."""
    shape, array = shape_of(4, 1), ArraySpec()
    places = tap_places(array.lanes)
    lanes = [lane_of(place) for place in places]
    along = [Axis.of(shape, phase) for phase in range(2)]
    figure, (kernel, raster, output) = plt.subplots(
        1, 3, figsize=(10, 4.3), dpi=110, width_ratios=(1, 1.35, 1.5)
    )
    grid = SMALL + 1  # rows and pixels of the grid: outputs look one back
    for axes, count, title in (
        (kernel, 4, "kernel: each tap's column"),
        (raster, grid, "sums: columns read for one place"),
        (output, 8, "the pixels of that place"),
    ):
        axes.set(xlim=(0, count), ylim=(count, 0), aspect="equal", xticks=[], yticks=[])
        axes.set_title(title, fontsize=10)
        axes.axis("off")
    read = {}
    for column, place in enumerate(places):
        (phase_y, phase_x), (y, x) = divmod(lanes[column], 2), (n % 2 for n in place)
        kh, kw = along[phase_y].first_tap + 2 * y, along[phase_x].first_tap + 2 * x
        colour = COLOURS[lanes[column]]
        kernel.add_patch(Rectangle((kw, kh), 1, 1, color=colour, alpha=0.75, ec="white"))
        kernel.text(kw + 0.5, kh + 0.5, column, ha="center", va="center", color="white")
        read.setdefault((y, x), []).append(column)
    here_y, here_x = 2, 2
    for y, x in product(range(grid), repeat=2):
        inside = y < SMALL and x < SMALL
        style = {"fc": "#eeeeee", "ls": "-"} if inside else {"fc": "none", "ls": ":"}
        raster.add_patch(Rectangle((x, y), 1, 1, ec=INK, lw=0.6, **style))
    for (y, x), columns in read.items():
        left, top = here_x - x, here_y - y
        raster.add_patch(Rectangle((left, top), 1, 1, fc="#f5deb3", ec=INK))
        for n, column in enumerate(columns):
            down, right = divmod(n, 2)
            raster.text(left + 0.28 + 0.44 * right, top + 0.3 + 0.42 * down, column, fontsize=9,
                        ha="center", va="center", color=COLOURS[lanes[column]])  # fmt: skip
    for y, x in product(range(8), repeat=2):
        phase = 2 * (y & 1) + (x & 1)
        at = [(n + along[n & 1].offset * 2 - (n & 1)) // 2 for n in (y, x)]
        made = at == [here_y, here_x]
        output.add_patch(
            Rectangle((x, y), 1, 1, fc=COLOURS[phase], alpha=0.75 if made else 0.12, ec="white")
        )
        if made:
            output.text(x + 0.5, y + 0.5, phase, ha="center", va="center", color="white")
    _save(figure, path)


class Tile(NamedTuple):
    """A load of the array's weights, and what it takes."""

    layer: int
    opens_job: bool
    row_tile: int
    place: tuple
    beats: int
    words: int


def tiles(tiling):
    """Return every :class:`Tile` of a pass in order."""
    return [
        Tile(
            n,
            (row_tile, t) == (0, 0),
            row_tile,
            tap.place,
            sum(sweep.rows * sweep.columns for sweep in tap.sweeps) * tiling.layers[n].slots,
            tiling.layers[n].words(row_tile),
        )
        for n, _, job in tiling.walk()
        for row_tile in range(tiling.layers[n].row_tiles)
        for t, tap in enumerate(job.taps)
    ]


def order(path):
    """Draw when the tiles of `compact` run: the whole avatar, and the first job of layer 2."""
    tiling = compact()
    found = tiles(tiling)
    starts = [0]
    for tile, behind in zip(found, found[1:] + found[:1], strict=True):
        starts.append(starts[-1] + max(tile.beats, behind.words))
    figure, (whole, part) = plt.subplots(2, 1, figsize=(10, 3.6), dpi=110)
    for n in range(len(tiling.layers)):
        chosen = [i for i, tile in enumerate(found) if tile.layer == n]
        begin, end = starts[chosen[0]], starts[chosen[-1] + 1]
        whole.broken_barh([(begin, end - begin)], (0, 1), color=COLOURS[n], alpha=0.75)
        whole.text((begin + end) / 2, 0.5, n + 1, ha="center", va="center")
        jobs = [starts[i] for i in chosen if found[i].opens_job and n]
        whole.vlines(jobs, 0, 1, color="white", linewidth=0.6)
    whole.set(
        xlim=(0, starts[-1]),
        ylim=(0, 1),
        yticks=[],
        xlabel="layers 1 to 4, cycles of the feeder; white: a job begins",
        title=f"{len(found):,} tiles of compact on 16 x 16",
    )
    first = next(i for i, tile in enumerate(found) if tile.layer == 1)
    taps = len(tiling.layers[1].jobs[0].taps)
    shown = range(first, first + 4 * taps)
    for i in shown:
        tile = found[i]
        shade = 0.35 + 0.15 * ((i - first) % taps)
        part.broken_barh(
            [(starts[i], starts[i + 1] - starts[i])], (0, 1), color=COLOURS[1], alpha=shade, ec="w"
        )
        text = f"row {tile.row_tile}\ntap {tile.place[0]},{tile.place[1]}\n{tile.beats}"
        part.text((starts[i] + starts[i + 1]) / 2, 0.5, text, ha="center", va="center", fontsize=7)
    part.set(
        xlim=(starts[first], starts[shown[-1] + 1]),
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
    found = tiles(compact())
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


class Recorder(Run):
    """Passes of a machine, and when each of their jobs was at work.

    Attributes
    ----------
    jobs : list of (int, (int, int), (int, int), int)
        Layer, first and last cycle in the array, in the readout, and when its half was free.
    """

    def __init__(self, model):
        super().__init__(model)
        self.jobs = []

    def _read(self, job, number, last_beat):
        rows = super()._read(job, number, last_beat)
        self.jobs.append((job.layer, self.fed, self.read, self.halves[-1][0]))
        return rows


def schedule(path):
    """Draw array, halves and readout of two avatars that are made back to back."""
    run = Recorder(CycleModel(compact()))
    passes = [run.make() for _ in range(2)]
    end = passes[0].last_pixel
    figure, panels = plt.subplots(2, 1, figsize=(11, 5), dpi=110)
    layer_4 = next(fed[0] for layer, fed, _, _ in run.jobs if layer == 3)
    for axes, window in zip(panels, ((0, 1.35 * end), (layer_4 - 700, end + 300))):
        for n, (layer, fed, read, free) in enumerate(run.jobs):
            spans = ((3, fed), (2 - n % 2, (fed[0], free)), (0, read))
            for place, (begin, stop) in spans:
                if begin < window[1] and stop > window[0]:
                    axes.broken_barh([(begin, stop - begin)], (place, 0.75), color=COLOURS[layer],
                                     alpha=0.75, ec="white", lw=0.6)  # fmt: skip
        for each in passes:
            axes.axvline(each.last_pixel, color=INK, linestyle="--", linewidth=1)
        axes.set(
            xlim=window,
            ylim=(-0.15, 4),
            yticks=[n + 0.37 for n in range(4)],
            yticklabels=["read-out", "half 1", "half 0", "array"],
        )
    handles = [Rectangle((0, 0), 1, 1, color=colour, alpha=0.75) for colour in COLOURS]
    panels[0].legend(handles, [f"layer {n}" for n in range(1, 5)], ncols=4, fontsize=8,
                     loc="upper right", frameon=False)  # fmt: skip
    panels[0].set_ylim(-0.15, 4.6)
    panels[1].set_xlabel("clock cycles; dashed: the last pixel of the first avatar")
    _save(figure, path)


def _arrow(axes, start, end, colour):
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="->", color=colour, mutation_scale=9))


def _save(figure, path):
    figure.tight_layout()
    with replacing(path) as beside:
        figure.savefig(beside, format="png", metadata={"Software": None})
    plt.close(figure)


FIGURES = {
    "phases": phases,
    "last-layer": last_layer,
    "order": order,
    "array": array,
    "double-buffer": double_buffer,
    "schedule": schedule,
}


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
