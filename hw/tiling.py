# SPDX-License-Identifier: Apache-2.0
"""How a network is cut into the work of the array: the one place that knows the order of work.

A *pass* carries up to four slots through the network: the three planes of one avatar, or as many
latents of a network of one plane. The loops of a layer are, from the outside:

===========  =======================================================================
column tile  a group of output channels; in the last layer one output channel
job          an output phase, and a band of its rows: what fills a half of the sums
row tile     a group of input channels
tap          a load of the array's weights: a *tile*
sweep        a rectangle of inputs that meets the tap, a beat a pixel and slot
===========  =======================================================================

Along an axis output ``s u + a`` belongs to phase a of the stride s. It meets tap ``k0 + s t`` at
input ``u + offset - t``, for t = 0, 1, ... (:class:`Axis`). Only inputs that exist are streamed.

In the last layer, which has few channels, columns hold taps. Column (jy, jx) of a phase sums tap
``t = b B + j`` of each block b at ``input + b B``; the output is the sum of all columns, each read
j pixels back. Bands of the last layer are bands of that *grid* ``v = u + offset``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np

from golden.spec import GeneratorSpec
from hw.array import LANES, SUMS, ArraySpec
from support.failures import InputError

MAX_SLOTS = 4
RECURRENCE = 5  # cycles after which a sum may be added to again (hw.engine.accumulator)
IN_FLIGHT = 3  # jobs begun and not written, at most: two halves and one on its way to a map


@dataclass(frozen=True)
class Axis:
    """One phase of a layer along one axis.

    Attributes
    ----------
    first_tap, taps : int
        Kernel positions ``first_tap + stride * t`` for t < taps.
    offset : int
        Output u meets tap t at input ``u + offset - t``.
    outputs : int
        Outputs of the phase.
    """

    first_tap: int
    taps: int
    offset: int
    outputs: int

    @classmethod
    def of(cls, shape, phase):
        """Return the phase of a :class:`golden.spec.LayerShape`."""
        stride, padding = shape.stride, shape.padding
        first = (phase + padding) % stride
        return cls(
            first_tap=first,
            taps=max(0, -(-(shape.kernel_size - first) // stride)),
            offset=(phase + padding - first) // stride,
            outputs=-(-(shape.out_size - phase) // stride),
        )


@dataclass(frozen=True)
class Sweep:
    """A rectangle of beats.

    Attributes
    ----------
    y, x, rows, columns : int
        Sums that it reaches, in the job's raster.
    in_y, in_x : int
        The input of its first beat.
    opens : bool
        In the first row tile its sums start at 0 in place of adding to what is there.
    settles : bool
        The next sweep adds to its sums so soon that it must wait :data:`RECURRENCE` cycles.
    """

    y: int
    x: int
    rows: int
    columns: int
    in_y: int
    in_x: int
    opens: bool = False
    settles: bool = False


@dataclass(frozen=True)
class Tap:
    """A load of the array's weights, for all row tiles alike.

    Attributes
    ----------
    place : (int, int) or None
        Kernel position; in the last layer the block's first t along y and x. None: all weights are
        0, for sums that no tap reaches.
    sweeps : tuple of Sweep
    """

    place: tuple | None
    sweeps: tuple


@dataclass(frozen=True)
class Job:
    """What fills a half of the accumulator banks, and how it is read.

    Attributes
    ----------
    phase : int
        ``stride * y phase + x phase``; in the last layer the first of those in the columns.
    first_row, rows, columns : int
        Of the raster of sums: outputs u of the phase, in the last layer inputs of the grid.
    taps : tuple of Tap
    again : bool
        Its weights are those of the job before.
    grid_row, grid_rows : int
        Last layer: the rows of the grid that are read; both 0 in others.
    needs : tuple of bool
        Whether it reads rows that the last job of the layer before writes, the one before that, ...
    free_after : int
        Sums after whose reading the half is free; all of them in the last layer.
    """

    phase: int
    first_row: int
    rows: int
    columns: int
    taps: tuple
    again: bool = False
    grid_row: int = 0
    grid_rows: int = 0
    needs: tuple = ()
    free_after: int = 0

    @property
    def places(self):
        """Where its weights are from."""
        return self.phase, tuple(tap.place for tap in self.taps)


@dataclass(frozen=True)
class LayerTiling:
    """A layer's loops.

    Attributes
    ----------
    shape : golden.spec.LayerShape
    array : ArraySpec
    slots : int
        Beats of a pixel.
    out_slots : int
        Slots of a pixel that is read; more than `slots` in layer 1 of three planes.
    jobs : tuple of Job
        Of each column tile.
    reached_from : tuple of int
        The first row tile that reads a channel of the last job of the layer before, of the one
        before that, ...
    block : (int, int)
        Last layer: taps of a phase in the columns, along y and x.
    """

    shape: object
    array: ArraySpec
    slots: int
    out_slots: int
    jobs: tuple
    reached_from: tuple = ()
    block: tuple = (1, 1)

    @property
    def row_tiles(self):
        """Groups of input channels."""
        return -(-self.shape.in_channels // self.array.rows)

    @property
    def last_rows(self):
        """Rows in use in the last row tile."""
        return self.shape.in_channels - (self.row_tiles - 1) * self.array.rows

    @property
    def column_tiles(self):
        """Groups of output channels."""
        if self.shape.is_last:
            return self.shape.out_channels
        return -(-self.shape.out_channels // self.array.columns)

    @property
    def out_groups(self):
        """Groups of `rows` channels in the layer's output map."""
        return -(-self.shape.out_channels // self.array.rows)

    def allow(self, job, row_tile):
        """Return how many of the jobs before may be unwritten when `job` reads `row_tile`."""
        for age, (needed, reached) in enumerate(zip(job.needs, self.reached_from)):
            if needed and row_tile >= reached:
                return age
        return IN_FLIGHT

    def used_columns(self, column_tile):
        """Columns that hold an output channel (not in the last layer)."""
        left = column_tile * self.array.columns
        return min(self.array.columns, self.shape.out_channels - left)

    def words(self, row_tile):
        """Words of the weight stream in a tile of that row tile; unused rows are not sent."""
        last = row_tile == self.row_tiles - 1
        return self.array.words(self.last_rows if last else self.array.rows)

    def rows_used(self, row_tile):
        """Rows in use in that row tile."""
        return self.last_rows if row_tile == self.row_tiles - 1 else self.array.rows

    @property
    def spread(self):
        """Whether the last layer's columns hold several phases of 2 x 2 taps, a lane each."""
        return self.shape.is_last and self.shape.stride == 2 and self.shape.kernel_size <= 4

    @property
    def phases_at_once(self):
        """Phases of the last layer that a job makes."""
        return self.array.lanes if self.spread else 1


@dataclass(frozen=True)
class Tiling:
    """`spec` on `array`, `slots` latents of a network of one plane in a pass.

    Parameters
    ----------
    spec : GeneratorSpec
    array : ArraySpec
    slots : int
        1 to 4; 1 where the network has three planes, which are the slots themselves.
    bands : tuple of int, optional
        Bands of each layer's phases; by default as few as fit.

    Raises
    ------
    InputError
        Too many slots, or a row of sums does not fit a half bank.
    """

    spec: GeneratorSpec
    array: ArraySpec
    slots: int = 1
    bands: tuple | None = None

    def __post_init__(self):
        limit = MAX_SLOTS if self.spec.planes == 1 else 1
        if not 1 <= self.slots <= limit:
            raise InputError(f"slots is {self.slots}; this network takes 1 to {limit} in a pass")

    @property
    def pass_slots(self):
        """Slots of a pass behind layer 1."""
        return self.spec.planes * self.slots

    @cached_property
    def layers(self):
        """A :class:`LayerTiling` for each layer."""
        layers = []
        for n, shape in enumerate(self.spec.shapes):
            bands = self.bands[n] if self.bands else None
            slots = self.slots if shape.is_first else self.pass_slots
            layer = LayerTiling(shape, self.array, slots, self.pass_slots, ())
            layer = (_last_layer if shape.is_last else _layer)(layer, bands)
            if layers:
                layer = _with_waits(layer, layers[-1])
            layers.append(layer)
        return _with_free_after(layers)

    def walk(self):
        """Yield (layer, column tile, job) of a pass in order: indices and the Job."""
        for n, layer in enumerate(self.layers):
            for column_tile in range(layer.column_tiles):
                for job in layer.jobs:
                    yield n, column_tile, job

    @property
    def weight_words(self):
        """Words of weights of a pass, those that are sent again counted once."""
        return self._words(again=False)

    @property
    def streamed_words(self):
        """Words of the weight stream of a pass."""
        return self._words(again=True)

    def _words(self, *, again):
        total = 0
        for layer in self.layers:
            words = sum(layer.words(tile) for tile in range(layer.row_tiles))
            for job in layer.jobs:
                if again or not job.again:
                    total += layer.column_tiles * words * len(job.taps)
        return total

    @property
    def map_sizes(self):
        """Words of each layer's output map; the last layer has none."""
        return tuple(
            layer.out_groups * layer.shape.out_size**2 * self.pass_slots
            for layer in self.layers[:-1]
        )

    @property
    def map_words(self):
        """Words of a bank that hold every two neighbouring maps."""
        sizes = (0, *self.map_sizes, 0)
        return max(map(sum, zip(sizes, sizes[1:])))

    def map_base(self, layer, depth):
        """Return where the output map of `layer` begins: at the bottom or the top of a bank.

        A map is written while the one before is read; older ones are dead.
        """
        return depth - self.map_sizes[layer] if layer % 2 else 0

    @property
    def channel_words(self):
        """Words of the channels' constants: one a quad of columns, in the last layer a channel."""
        *hidden, last = self.layers
        return sum(layer.column_tiles for layer in hidden) * self.array.quads + last.column_tiles

    @property
    def plane_bias_words(self):
        """Words of layer 1's biases in planes 1 and 2: one a quad in use, pixel and plane."""
        if self.spec.planes == 1:
            return 0
        first = self.layers[0]
        quads = sum(-(-first.used_columns(tile) // LANES) for tile in range(first.column_tiles))
        return quads * first.shape.out_size**2 * 2

    @property
    def plane_bias_width(self):
        """Bits of a signed bias of layer 1 with the sum of v1 or v2: twice the largest sum."""
        return self.spec.shapes[0].acc_width + 1

    @property
    def block_row(self):
        """Blocks of 2 x 2 pixels in a row of a picture."""
        return -(-self.spec.size // 2)

    @property
    def pixel_words(self):
        """Words of a pixel bank that hold a pass's pictures."""
        return self.slots * self.block_row**2


def band_rows(rows, row_sums, bands, least=1):
    """Cut `rows` into bands of about the same height, as many as given or as few as fit.

    Parameters
    ----------
    rows, row_sums : int
        Rows of a phase, and sums of each.
    bands : int or None
        None: as few as fit.
    least : int
        Rows that a band has beside its own.

    Returns
    -------
    list of (int, int)
        First row and height.

    Raises
    ------
    InputError
        One row does not fit.
    """
    most = SUMS // row_sums - (least - 1)
    if most < 1:
        raise InputError(
            f"{least} rows of {row_sums} sums do not fit the {SUMS} accumulators of a half bank"
        )
    bands = min(rows, max(-(-rows // most), bands or 1))
    edges = [rows * n // bands for n in range(bands + 1)]
    if max(b - a for a, b in zip(edges, edges[1:])) > most:
        edges = [min(rows, most * n) for n in range(-(-rows // most) + 1)]
    return [(a, b - a) for a, b in zip(edges, edges[1:])]


def _layer(layer, bands):
    """Return `layer` with its jobs: columns are output channels."""
    shape, stride = layer.shape, layer.shape.stride
    jobs = []
    for phase_y, phase_x in product(range(stride), repeat=2):
        along_y, along_x = Axis.of(shape, phase_y), Axis.of(shape, phase_x)
        if not along_y.outputs or not along_x.outputs:
            continue
        row_sums = along_x.outputs * layer.slots
        for first, rows in band_rows(along_y.outputs, row_sums, bands):
            reach = {}
            for t_y, t_x in product(range(along_y.taps), range(along_x.taps)):
                span_y = _span(first, rows, along_y.offset - t_y, shape.in_size)
                span_x = _span(0, along_x.outputs, along_x.offset - t_x, shape.in_size)
                if span_y and span_x:
                    place = along_y.first_tap + stride * t_y, along_x.first_tap + stride * t_x
                    reach[place] = span_y, span_x
            taps = _taps(reach, rows, along_x.outputs, layer)
            jobs.append(
                Job(stride * phase_y + phase_x, first, rows, along_x.outputs, taps)
            )
    return replace(layer, jobs=_with_again(jobs))


def _last_layer(layer, bands):
    """Return `layer` with its jobs: columns are taps."""
    shape, stride, lanes = layer.shape, layer.shape.stride, layer.array.lanes
    full = (2, 2) if layer.spread else {4: (4, 4), 2: (2, 4), 1: (2, 2)}[lanes]
    wide = shape.in_size + 2 * shape.kernel_size  # more than a row of any block's raster
    height = full[0]
    while height > 1 and (height * wide * layer.slots > SUMS):
        height //= 2
    layer = replace(layer, block=(height, full[1]))
    jobs = []
    for phase in range(0, stride**2, layer.phases_at_once):
        group = [divmod(phase + n, stride) for n in range(layer.phases_at_once)]
        ys = [Axis.of(shape, y) for y, _ in group]
        xs = [Axis.of(shape, x) for _, x in group]
        if not any(y.outputs and x.outputs for y, x in zip(ys, xs)):
            continue
        blocks = [
            max(1, -(-max(axis.taps for axis in axes) // size))
            for axes, size in zip((ys, xs), layer.block)
        ]
        raster = [
            shape.in_size + (count - 1) * size for count, size in zip(blocks, layer.block)
        ]
        first_v = min(axis.offset for axis in ys)
        last_v = max(axis.offset + axis.outputs for axis in ys)
        halo = layer.block[0]
        for band, height in band_rows(last_v - first_v, raster[1] * layer.slots, bands, halo):
            grid_row = first_v + band
            first = min(max(0, grid_row - (halo - 1)), raster[0] - 1)
            rows = max(1, min(raster[0], grid_row + height) - first)
            reach = {}
            for place in product(*(range(count) for count in blocks)):
                start_y, start_x = (n * size for n, size in zip(place, layer.block))
                span_y = _span(first, rows, -start_y, shape.in_size)
                span_x = _span(0, raster[1], -start_x, shape.in_size)
                if span_y and span_x:
                    reach[start_y, start_x] = span_y, span_x
            taps = _taps(reach, rows, raster[1], layer)
            jobs.append(
                Job(phase, first, rows, raster[1], taps, grid_row=grid_row, grid_rows=height)
            )
    return replace(layer, jobs=_with_again(jobs))


def _span(first, count, offset, in_size):
    """Return where `count` outputs from `first` on meet inputs that exist, ``u + offset``.

    Returns
    -------
    (int, int, int) or None
        The first of them less `first`, how many, and the first input.
    """
    begin, end = max(first, -offset), min(first + count, in_size - offset)
    return (begin - first, end - begin, begin + offset) if begin < end else None


def _taps(reach, rows, columns, layer):
    """Return the :class:`Tap` tuple of a job, from where each place reaches.

    A place that reaches every sum comes first. Each sum is opened by the first sweep that reaches
    it; what none reaches is opened by a tile of weights that are 0.
    """
    opened = np.zeros((rows, columns), bool)
    order = sorted(
        reach, key=lambda place: (reach[place][0][1] * reach[place][1][1] < rows * columns, place)
    )
    taps = []
    for place in order:
        (y, height, in_y), (x, width, in_x) = reach[place]
        here = np.zeros_like(opened)
        here[y : y + height, x : x + width] = True
        sweeps = [
            Sweep(r_y, r_x, r_rows, r_columns, in_y + r_y - y, in_x + r_x - x, opens=opens)
            for opens, cells in ((True, here & ~opened), (False, here & opened))
            for r_y, r_x, r_rows, r_columns in rectangles(cells)
        ]
        opened |= here
        taps.append(Tap(place, tuple(sweeps)))
    rest = [
        Sweep(y, x, height, width, 0, 0, opens=True)
        for y, x, height, width in rectangles(~opened)
    ]
    if rest:
        taps.append(Tap(None, tuple(rest)))
    return _with_settling(taps, columns, layer)


def rectangles(cells):
    """Cut a set of cells into rectangles: runs of a row, joined where they lie one on another.

    Parameters
    ----------
    cells : bool array, shape (rows, columns)

    Returns
    -------
    list of (int, int, int, int)
        First row, first column, rows, columns.
    """
    found, open_runs = [], {}
    for y, row in enumerate(cells):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.view(np.int8), [0]))))
        runs = set(zip(edges[::2].tolist(), edges[1::2].tolist()))
        for run in [run for run in open_runs if run not in runs]:
            found.append((open_runs.pop(run), *run, y))
        for run in runs:
            open_runs.setdefault(run, y)
    found += [(first, *run, len(cells)) for run, first in open_runs.items()]
    return sorted((y, a, end - y, b - a) for y, a, b, end in found)


def _with_settling(taps, columns, layer):
    """Let a sweep wait for the one before where it would add to a sum within RECURRENCE cycles."""
    sweeps = [sweep for tap in taps for sweep in tap.sweeps]
    settles = [False] * len(sweeps)
    recent = []  # addresses of the last beats, the newest last
    rounds = min(2, layer.row_tiles)
    for again in range(rounds):
        for n, sweep in enumerate(sweeps):
            beats = _first_beats(sweep, columns, layer.slots, RECURRENCE)
            if again or not sweep.opens:
                window = list(recent)
                for address in beats:
                    if address in window[-(RECURRENCE - 1) :]:
                        settles[n - 1] = True
                        recent = []
                        break
                    window.append(address)
            recent = (recent + _last_beats(sweep, columns, layer.slots, RECURRENCE))[-RECURRENCE:]
    if not any(settles):
        return tuple(taps)
    flags = iter(settles)
    return tuple(
        replace(tap, sweeps=tuple(replace(s, settles=next(flags)) for s in tap.sweeps))
        for tap in taps
    )


def _beat_address(sweep, n, columns, slots):
    row, at = divmod(n, sweep.columns * slots)
    return ((sweep.y + row) * columns + sweep.x) * slots + at


def _first_beats(sweep, columns, slots, count):
    count = min(count, sweep.rows * sweep.columns * slots)
    return [_beat_address(sweep, n, columns, slots) for n in range(count)]


def _last_beats(sweep, columns, slots, count):
    beats = sweep.rows * sweep.columns * slots
    first = max(0, beats - count)
    return [_beat_address(sweep, n, columns, slots) for n in range(first, beats)]


def _with_again(jobs):
    """Mark jobs whose weights are those of the job before."""
    marked = []
    for job in jobs:
        same = bool(marked) and marked[-1].places == job.places
        marked.append(replace(job, again=same))
    return tuple(marked)


def _with_waits(layer, before):
    """Say what each job of `layer` must have seen written of the layer `before`."""
    written = [
        (column_tile, job) for column_tile in range(before.column_tiles) for job in before.jobs
    ]
    recent = written[-IN_FLIGHT:][::-1]  # the last one first
    rows, columns = layer.array.rows, layer.array.columns
    jobs = []
    for job in layer.jobs:
        sweeps = [s for tap in job.taps if tap.place is not None for s in tap.sweeps]
        first = min((s.in_y for s in sweeps), default=0)
        last = max((s.in_y + s.rows for s in sweeps), default=0)
        needs = tuple(_writes(before.shape, earlier, first, last) for _, earlier in recent)
        jobs.append(replace(job, needs=needs))
    reached_from = tuple(column_tile * columns // rows for column_tile, _ in recent)
    return replace(layer, jobs=tuple(jobs), reached_from=reached_from)


def _writes(shape, job, first, last):
    """Whether a job of a hidden layer writes a row of its map from `first` to below `last`."""
    phase_y = job.phase // shape.stride
    rows = (shape.stride * (job.first_row + n) + phase_y for n in range(job.rows))
    return any(first <= row < last for row in rows)


def _with_free_after(layers):
    """Say after how many sums each half may be taken by the job after the next.

    That one opens its sums a cycle each, in order, while a sum is read in as many cycles as it
    has quads: it never overtakes where so much was read before.
    """
    order = [(n, j) for n, layer in enumerate(layers)
             for _ in range(layer.column_tiles) for j in range(len(layer.jobs))]
    free = {}
    for (n, j), (n_next, j_next) in zip(order, order[2:] + order[:2]):
        layer, job = layers[n], layers[n].jobs[j]
        sums = job.rows * job.columns * layer.slots
        follower = layers[n_next].jobs[j_next]
        first = follower.taps[0].sweeps[0]
        in_order = (
            not layer.shape.is_last
            and layer.slots == layer.out_slots
            and (first.rows, first.columns) == (follower.rows, follower.columns)
        )
        after = sums
        if in_order:
            opened = min(sums, first.rows * first.columns * layers[n_next].slots)
            quads = -(-layer.used_columns(0) // LANES)
            after = max(1, opened - opened // quads)
        free[n, j] = max(after, free.get((n, j), 0))
    return tuple(
        replace(
            layer,
            jobs=tuple(replace(job, free_after=free[n, j]) for j, job in enumerate(layer.jobs)),
        )
        for n, layer in enumerate(layers)
    )
