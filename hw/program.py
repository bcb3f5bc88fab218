# SPDX-License-Identifier: Apache-2.0
"""A network as the words that the sequencer and the readout walk.

Each of both has a list of its own: a word for the pass, then for each layer a few words of the
layer and a word a job. The list of a layer's jobs is walked once a column tile. Sweeps lie in a
memory of their own; a job names the first of its sweeps.
"""

from __future__ import annotations

from dataclasses import dataclass

from amaranth import unsigned
from amaranth.lib import data

from golden.spec import LEAKY_RELU, TABLE
from hw.array import LANES, SUMS
from hw.work import IN_FLIGHT

LAYERS = 8
CLIPS = {"relu": 0, LEAKY_RELU: 1, TABLE: 2}  # hw.engine.requantizer.CLIP

# Widths that no capacity changes.
_EDGE = unsigned(8)  # a row or column of a grid or a raster: 128 pixels and taps on both sides
_SUM = range(SUMS)


def map_shape(capacity):
    """Return the shape of an address of a map bank, or of the latent memory."""
    return range(max(2, capacity.map_words, capacity.latent_words))


def pixel_shape(capacity):
    """Return the shape of an address of a pixel bank, for one pass."""
    return range(max(2, capacity.pixel_words))


def sweep_layout(capacity):
    """Return the layout of a sweep.

    Fields
    ------
    address : of its first input, in the row tile's part of the map
    sum : its first accumulator
    rows, columns : rows, and beats of a row, less 1
    map_step, sum_step : from the last beat of a row to the first of the next
    opens : its sums start at 0 in the first row tile
    settles : the next sweep waits until its sums are stored
    tile : it begins a tile: new weights
    """
    return data.StructLayout(
        {
            "address": map_shape(capacity),
            "sum": _SUM,
            "rows": 7,
            "columns": _SUM,
            "map_step": map_shape(capacity),
            "sum_step": _SUM,
            "opens": 1,
            "settles": 1,
            "tile": 1,
        }
    )


def feed_layouts(capacity):
    """Return the layouts of the sequencer's words, by name.

    Counts are less 1. ``pass``: numbers of a latent, latents, weight words, layers. ``loops``: jobs
    of a column tile, column and row tiles; whether the input are latents, and signed. ``tiles``:
    weight words of a tile, and of one of the last row tile, whose rows in use are `last_rows`;
    row tiles from which on the last jobs before are read. ``maps``: where the input map begins, and
    words of a row tile of it. ``job``: its first sweep, and sweeps; which of the last jobs before
    it reads rows of; whether its weights are those of the job before.
    """
    array = capacity.array
    row_tiles = range(max(2, 1024 // array.rows))
    words = range(max(2, array.words(array.rows)))
    address = map_shape(capacity)
    return {
        "pass": data.StructLayout(
            {
                "latent": range(max(2, capacity.latent)),
                "latents": 2,
                "weight_words": range(max(2, capacity.weight_words)),
                "layers": range(LAYERS),
            }
        ),
        "loops": data.StructLayout(
            {
                "jobs": range(max(2, capacity.feed_words)),
                "column_tiles": 8,
                "row_tiles": row_tiles,
                "first": 1,
                "signed": 1,
            }
        ),
        "tiles": data.StructLayout(
            {
                "words": words,
                "last_words": words,
                "last_rows": range(array.rows + 1),
                "reached_from": data.ArrayLayout(row_tiles, IN_FLIGHT),
            }
        ),
        "maps": data.StructLayout({"base": address, "stride": address}),
        "job": data.StructLayout(
            {
                "sweep": range(max(2, capacity.sweeps)),
                "sweeps": 8,
                "needs": IN_FLIGHT,
                "again": 1,
            }
        ),
    }


def read_layouts(capacity):
    """Return the layouts of the readout's words, by name.

    ``pass``: layers less 1, and what the pixel buffer must know
    (:class:`hw.engine.pixel_buffer.PixelBuffer`). ``layer``: whether it is the last one, whose
    columns are taps, and `spread` (a lane a phase); `shared` sums, to which each plane has its own
    bias; how values are clipped; slots, jobs and column tiles less 1; quads less 1, and lanes, of
    the last column tile. ``map``, of the other layers: steps of the address along x, and words of a
    group of channels. ``grid``, of the last layer: sums of a row of the raster; columns of grid and
    raster; where each of two phases has outputs, from `low` to `high`; whether column 0 of the grid
    is odd. ``job``: rows and columns less 1, where its first activation goes, the step at the end
    of a row, sums less 1 behind which the half is free. ``grid_job``: rows of the grid less 1, of
    which the first `warm` only fill the chain; its first row; rows of the raster; the first phase;
    block of the first pixel and whether its row is odd; `counts`: with this job rows of the picture
    are complete, `ready` of them behind its first row.
    """
    array = capacity.array
    address, block = map_shape(capacity), pixel_shape(capacity)
    jobs = range(max(2, capacity.read_words))
    return {
        "pass": data.StructLayout(
            {
                "layers": range(LAYERS),
                "size": 7,
                "block_row": 7,
                "picture_words": block,
                "pictures": 2,
                "doubled": 1,
                "shifted": 1,
                "planes": 1,
            }
        ),
        "layer": data.StructLayout(
            {
                "last": 1,
                "spread": 1,
                "shared": 1,
                "clip": 2,
                "slots": 2,
                "jobs": jobs,
                "column_tiles": 8,
                "quads": range(max(2, array.quads)),
                "mask": LANES,
            }
        ),
        "map": data.StructLayout({"x_step": address, "stride": address}),
        "grid": data.StructLayout(
            {
                "row_sums": _SUM,
                "columns": _EDGE,
                "raster": _EDGE,
                "low": data.ArrayLayout(_EDGE, 2),
                "high": data.ArrayLayout(_EDGE, 2),
                "x_odd": 1,
            }
        ),
        "job": data.StructLayout(
            {"rows": 7, "columns": 7, "address": address, "y_step": address, "free_after": _SUM}
        ),
        "grid_job": data.StructLayout(
            {
                "rows": _EDGE,
                "warm": _EDGE,
                "first": _EDGE,
                "raster": _EDGE,
                "phase": 2,
                "block": block,
                "y_odd": 1,
                "counts": 1,
                "ready": _EDGE,
            }
        ),
    }


def width(layouts):
    """Return the bits of a word that holds each of the layouts."""
    return max(layout.size for layout in layouts.values())


@dataclass(frozen=True)
class Program:
    """The words of a network.

    Attributes
    ----------
    sweeps, feed, read : list of int
    """

    sweeps: list
    feed: list
    read: list

    @classmethod
    def of(cls, tiling, capacity):
        """Return the program of a network.

        Parameters
        ----------
        tiling : hw.tiling.Tiling
            That fits `capacity`.
        capacity : hw.capacity.Capacity
        """
        sweeps = []
        feed = list(_feed_words(tiling, capacity, sweeps))
        return cls(sweeps, feed, list(_read_words(tiling, capacity)))


def _word(layout, **fields):
    """Return a word; negative numbers wrap."""
    wrapped = {}
    for name, value in fields.items():
        field = layout[name]
        if isinstance(value, list):
            wrapped[name] = value
            continue
        if value < 0:
            value &= (1 << field.width) - 1
        if value >= 1 << field.width:
            raise ValueError(f"{name} is {value}; the field has {field.width} bits")
        wrapped[name] = value
    return layout.const(wrapped).as_value().value


def _feed_words(tiling, capacity, sweeps):
    layouts = feed_layouts(capacity)
    yield _word(
        layouts["pass"],
        latent=tiling.spec.latent - 1,
        latents=tiling.slots - 1,
        weight_words=capacity.needs(tiling)["weight_words"] - 1,
        layers=len(tiling.layers) - 1,
    )
    for n, layer in enumerate(tiling.layers):
        shape = layer.shape
        reads_signed = not shape.is_first and tiling.spec.layers[n - 1].activation == LEAKY_RELU
        yield _word(
            layouts["loops"],
            jobs=len(layer.jobs) - 1,
            column_tiles=layer.column_tiles - 1,
            row_tiles=layer.row_tiles - 1,
            first=int(shape.is_first),
            signed=int(reads_signed),
        )
        reached = list(layer.reached_from) + [0] * (IN_FLIGHT - len(layer.reached_from))
        yield _word(
            layouts["tiles"],
            words=layer.words(0) - 1,
            last_words=layer.words(layer.row_tiles - 1) - 1,
            last_rows=layer.last_rows,
            reached_from=reached,
        )
        yield _word(
            layouts["maps"],
            base=0 if shape.is_first else tiling.map_base(n - 1, capacity.map_words),
            # A single row tile has none behind it: its whole map may fill the memory.
            stride=shape.in_size**2 * layer.slots if layer.row_tiles > 1 else 0,
        )
        known = {}
        for job in layer.jobs:
            words = _sweep_words(layer, job, capacity)
            key = tuple(words)
            if key not in known:
                known[key] = len(sweeps)
                sweeps.extend(words)
            needs = sum(bit << age for age, bit in enumerate(job.needs))
            yield _word(
                layouts["job"],
                sweep=known[key],
                sweeps=len(words) - 1,
                needs=needs,
                again=int(job.again),
            )


def _sweep_words(layer, job, capacity):
    layout, slots, in_size = sweep_layout(capacity), layer.slots, layer.shape.in_size
    words = []
    for tap in job.taps:
        for n, sweep in enumerate(tap.sweeps):
            beats = sweep.columns * slots
            map_step = in_size * slots - beats + 1
            words.append(
                _word(
                    layout,
                    address=(sweep.in_y * in_size + sweep.in_x) * slots,
                    sum=(sweep.y * job.columns + sweep.x) * slots,
                    rows=sweep.rows - 1,
                    columns=beats - 1,
                    map_step=1 if tap.place is None else map_step,
                    sum_step=(job.columns * slots - beats + 1) % SUMS,
                    opens=int(sweep.opens),
                    settles=int(sweep.settles),
                    tile=int(n == 0),
                )
            )
    return words


def _read_words(tiling, capacity):
    layouts, last = read_layouts(capacity), tiling.spec.shapes[-1]
    doubled = last.stride == 2
    yield _word(
        layouts["pass"],
        layers=len(tiling.layers) - 1,
        size=tiling.spec.size - 1,
        block_row=tiling.block_row,
        picture_words=tiling.block_row**2 % (1 << len_of(pixel_shape(capacity))),
        pictures=tiling.slots - 1,
        doubled=int(doubled),
        shifted=int(doubled and last.padding % 2),
        planes=int(tiling.spec.planes == 3),
    )
    for n, layer in enumerate(tiling.layers):
        shape = layer.shape
        used = LANES if shape.is_last else layer.used_columns(layer.column_tiles - 1)
        yield _word(
            layouts["layer"],
            last=int(shape.is_last),
            spread=int(layer.spread),
            shared=int(layer.out_slots > layer.slots),
            clip=CLIPS[shape.activation],
            slots=layer.out_slots - 1,
            jobs=len(layer.jobs) - 1,
            column_tiles=layer.column_tiles - 1,
            quads=-(-used // LANES) - 1,
            mask=(1 << (used - 1) % LANES + 1) - 1,
        )
        yield from (_grid_words if shape.is_last else _map_words)(
            tiling, capacity, layouts, n, layer
        )


def len_of(shape):
    """Return the bits of a range from 0."""
    return (shape.stop - 1).bit_length()


def _map_words(tiling, capacity, layouts, n, layer):
    """Yield the words of a hidden layer behind its first: its map and its jobs."""
    shape, slots = layer.shape, layer.out_slots
    yield _word(
        layouts["map"],
        x_step=(shape.stride - 1) * slots + 1,
        stride=shape.out_size**2 * slots if layer.out_groups > 1 else 0,
    )
    for job in layer.jobs:
        phase_y, phase_x = divmod(job.phase, shape.stride)
        row = shape.out_size * slots
        first = (shape.stride * job.first_row + phase_y) * row + phase_x * slots
        yield _word(
            layouts["job"],
            rows=job.rows - 1,
            columns=job.columns - 1,
            address=tiling.map_base(n, capacity.map_words) + first,
            y_step=shape.stride * row - (job.columns - 1) * shape.stride * slots - (slots - 1),
            free_after=job.free_after - 1,
        )


def _grid_words(tiling, capacity, layouts, n, layer):
    """Yield the words of the last layer behind its first: its grid and its jobs."""
    shape = layer.shape
    offset = layer.axes[0].offset
    both = [layer.axes[0], layer.axes[-1]]
    yield _word(
        layouts["grid"],
        row_sums=(layer.jobs[0].columns * layer.slots) % SUMS,
        columns=layer.grid_columns - 1,
        raster=layer.jobs[0].columns,
        low=[axis.offset for axis in both],
        high=[axis.offset + axis.outputs - 1 for axis in both],
        x_odd=offset % 2,
    )
    doubled = shape.stride == 2
    for job in layer.jobs:
        y, x = job.first_row - offset, -offset  # of the pixel of phase 0, in steps of the grid
        block = (y if doubled else y >> 1) * tiling.block_row + (x if doubled else x >> 1)
        yield _word(
            layouts["grid_job"],
            rows=job.grid_row + job.grid_rows - job.first_row - 1,
            warm=job.grid_row - job.first_row,
            first=job.first_row,
            raster=job.rows,
            phase=job.phase,
            block=block,
            y_odd=y % 2,
            counts=int(layer.completes_rows(job)),
            ready=max(0, layer.rows_ready(job.grid_row)),
        )
