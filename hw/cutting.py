# SPDX-License-Identifier: Apache-2.0
"""Cut a layer into jobs, taps and sweeps."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np

from hw.array import LANES, SUMS
from hw.work import IN_FLIGHT, RECURRENCE, Axis, Job, Sweep, Tap
from support.failures import InputError


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
    if max(b - a for a, b in pairwise(edges)) > most:
        edges = [min(rows, most * n) for n in range(-(-rows // most) + 1)]
    return [(a, b - a) for a, b in pairwise(edges)]


def hidden_layer(layer, bands):
    """Return `layer` with its jobs: columns are output channels."""
    shape, stride = layer.shape, layer.shape.stride
    jobs = []
    for phase_y, phase_x in product(range(stride), repeat=2):
        along_y, along_x = Axis.of(shape, phase_y), Axis.of(shape, phase_x)
        if not along_y.outputs or not along_x.outputs:
            continue
        row_sums = along_x.outputs * layer.slots
        # One that reaches all outputs of the phase comes first; in each band the same order.
        order = sorted(
            product(range(along_y.taps), range(along_x.taps)),
            key=lambda t: (
                not all(
                    _span(0, axis.outputs, axis.offset - n, shape.in_size)
                    == (0, axis.outputs, axis.offset - n)
                    for axis, n in zip((along_y, along_x), t)
                )
            ),
        )
        for first, rows in band_rows(along_y.outputs, row_sums, bands):
            reach = {}
            for t_y, t_x in order:
                span_y = _span(first, rows, along_y.offset - t_y, shape.in_size)
                span_x = _span(0, along_x.outputs, along_x.offset - t_x, shape.in_size)
                if span_y and span_x:
                    place = along_y.first_tap + stride * t_y, along_x.first_tap + stride * t_x
                    reach[place] = span_y, span_x
            taps = _taps(reach, rows, along_x.outputs, layer)
            jobs.append(Job(stride * phase_y + phase_x, first, rows, along_x.outputs, taps))
    return replace(layer, jobs=_with_again(jobs))


def last_layer(layer, bands):
    """Return `layer` with its jobs: columns are taps."""
    shape, stride, lanes = layer.shape, layer.shape.stride, layer.array.lanes
    full = (2, 2) if layer.spread else {4: (4, 4), 2: (2, 4), 1: (2, 2)}[lanes]
    wide = shape.in_size + 2 * shape.kernel_size  # more than a row of any block's raster
    height = full[0]
    while height > 1 and (height * wide * layer.slots > SUMS):
        height //= 2
    layer = replace(layer, block=(height, full[1]))
    # One row of the raster for all phases; sums beyond a phase's own taps stay 0.
    most = max(Axis.of(shape, phase).taps for phase in range(stride))
    row = shape.in_size + (max(1, -(-most // layer.block[1])) - 1) * layer.block[1]
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
        raster = (shape.in_size + (blocks[0] - 1) * layer.block[0], row)
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

    Each sum is opened by the first sweep that reaches it; what none reaches is opened by a tile of
    weights that are 0.
    """
    opened = np.zeros((rows, columns), bool)
    taps = []
    for place in reach:
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
        Sweep(y, x, height, width, 0, 0, opens=True) for y, x, height, width in rectangles(~opened)
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


def with_waits(layer, before):
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


def with_free_after(layers):
    """Say after how many sums each half may be taken by the job after the next.

    That one opens its sums a cycle each, in order, while a sum is read in as many cycles as it
    has quads. Where so much was read before, it never overtakes, and all is read before it adds to
    its first sum, for which it needs the banks' addresses.
    """
    order = [
        (n, j)
        for n, layer in enumerate(layers)
        for _ in range(layer.column_tiles)
        for j in range(len(layer.jobs))
    ]
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
            after = max(1, sums - opened // quads)
        free[n, j] = max(after, free.get((n, j), 0))
    return tuple(
        replace(
            layer,
            jobs=tuple(replace(job, free_after=free[n, j]) for j, job in enumerate(layer.jobs)),
        )
        for n, layer in enumerate(layers)
    )
