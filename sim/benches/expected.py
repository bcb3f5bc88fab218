# SPDX-License-Identifier: Apache-2.0
"""The order of work in plain Python, from the definition of the convolution: what benches expect.

Dictionaries have the fields of the hardware's layouts; those that mean nothing at a place are
missing.
"""

from hw.tiling import BAND_ROWS, LANES, PLANES, tap_kernel

FLUSH = 16  # the step behind a row or a map of layer 4


def tiles(tiling):
    """Yield the fields of :func:`hw.engine.sequencer.tile_layout` for each tile of an avatar."""
    rows = tiling.array.rows
    before = None
    everything = list(tiling.tiles())
    for tile, after in zip(everything, [*everything[1:], None], strict=True):
        spec = tiling.spec.shapes[tile.layer]
        used = min(rows, spec.in_channels - tile.row_tile * rows)
        yield {
            "layer": tile.layer,
            "row_tile": tile.row_tile,
            "last_row_tile": (tile.row_tile + 1) * rows >= spec.in_channels,
            "opens": tile.row_tile == 0 and (tile.layer == 0 or tile.tap == 0),
            "words": -(-used * tiling.array.columns // tiling.array.word_weights) - 1,
            "job_first": _job(before) != _job(tile),
            "job_last": _job(after) != _job(tile),
            "layer_first": before is None or before.layer != tile.layer,
            "layer_last": after is None or after.layer != tile.layer,
            "waits": _waits(tiling, tile),
            "rows_needed": 2 * (tile.column_tile + 1) if tile.layer == 3 else 8,
            **_reach(tile, spec),
        }
        before = tile


def _job(tile):
    return tile and (tile.layer, tile.column_tile, tile.phase)


def _waits(tiling, tile):
    """Whether the tile reads a channel that the last two jobs of the layer before write.

    One of them may be in the accumulators still when a layer begins, one on its way to the map.
    """
    if tile.layer == 0:
        return False
    jobs = [
        column_tile
        for column_tile in range(tiling.layers[tile.layer - 1].column_tiles)
        for _ in range(tiling.layers[tile.layer - 1].phases)
    ]
    rows, columns = tiling.array.rows, tiling.array.columns
    end = min((tile.row_tile + 1) * rows, tiling.spec.shapes[tile.layer].in_channels)
    return min(jobs[-2:]) * columns < end


def _reach(tile, spec):
    """Return the accumulators of a job that the tile's tap reaches, and their inputs."""
    if tile.layer == 3:
        spans = (0, BAND_ROWS - 1, tile.column_tile * BAND_ROWS), (0, spec.in_size - 1, 0)
    elif tile.layer == 0:
        spans = ((at, at, None) for at in divmod(tile.tap, 4))
    else:
        kernel = tap_kernel(tile.layer, tile.phase, tile.tap)
        spans = map(_span, divmod(tile.phase, 2), kernel, (spec.in_size,) * 2)
    fields = {}
    for axis, (first, last, offset) in zip("yx", spans, strict=True):
        fields |= {f"{axis}_first": first, f"{axis}_last": last}
        if offset is not None:  # layer 1 has one input pixel
            fields[f"{axis}_offset"] = offset % 16
    return fields


def _span(parity, k, size):
    """Return first and last u where output 2 * u + parity meets tap k, and input - u."""
    met = {}
    for u in range(size):
        i, odd = divmod(2 * u + parity + 1 - k, 2)  # out = 2 * i + k - padding
        assert not odd, "the tap belongs to the other parity"
        if 0 <= i < size:
            met[u] = i - u
    (offset,) = set(met.values())
    return min(met), max(met), offset


def beats(tile):
    """Yield the fields of :func:`hw.engine.feeder.beat_layout` for each beat of a tile, but
    `half`.
    """
    raster = [
        (y, x, plane)
        for y in range(tile["y_first"], tile["y_last"] + 1)
        for x in range(tile["x_first"], tile["x_last"] + 1)
        for plane in range(PLANES if tile["layer"] else 1)
    ]
    for n, (y, x, plane) in enumerate(raster):
        beat = {
            "valid": 1,
            "swap": n == 0,
            "layer": tile["layer"],
            "row_tile": tile["row_tile"],
            "last_row_tile": tile["last_row_tile"],
            "acc_y": y,
            "acc_x": x,
            "plane": plane,
            "opens": tile["opens"],
            "job_last": tile["job_last"] and n == len(raster) - 1,
        }
        if "y_offset" in tile:
            beat |= {"y": (y + tile["y_offset"]) % 16, "x": (x + tile["x_offset"]) % 16}
        yield beat


def last_layer_steps(tiling):
    """Yield (group, y, plane, x) of each step in which layer 4 is read."""
    bands = tiling.layers[3].column_tiles
    for band in range(bands):
        first = band * BAND_ROWS
        for group in range(tiling.layers[3].phases):
            for y in range(first, first + BAND_ROWS + (band == bands - 1)):
                for plane in range(PLANES):
                    for x in range(FLUSH + 1):
                        yield group, y, plane, x


def jobs(tiling):
    """Yield a list of steps a job: the fields of :func:`hw.engine.readout.step_layout`, but
    `half`.
    """
    channel = 0
    for layer, facts in enumerate(tiling.layers[:3]):
        for column_tile in range(facts.column_tiles):
            for phase in range(facts.phases):
                yield _job_steps(tiling, layer, column_tile, phase, channel)
            channel += tiling.quads
    by_job = {}
    for group, y, plane, x in last_layer_steps(tiling):
        step = {"layer": 3, "phase": group, "y": y, "x": x, "plane": plane, "channel": channel}
        step["row_last"] = plane == PLANES - 1 and x == FLUSH
        by_job.setdefault((min(y, FLUSH - 1) // BAND_ROWS, group), []).append(step)
    yield from (_ended(by_job[job]) for job in sorted(by_job))


def _job_steps(tiling, layer, column_tile, phase, channel):
    rows, columns = tiling.array.rows, tiling.array.columns
    size = tiling.spec.shapes[layer].out_size // (1 if layer == 0 else 2)
    first = column_tile * columns
    channels = range(first, min(first + columns, tiling.spec.shapes[layer].out_channels))
    quads = -(-len(channels) // LANES)
    steps = _ended(
        [
            {
                "layer": layer,
                "phase": phase,
                "y": y,
                "x": x,
                "plane": plane,
                "quad": quad,
                "mask": sum(
                    1 << lane for lane in range(LANES) if first + quad * LANES + lane in channels
                ),
                "row": (first + quad * LANES) % rows,
                "group": (first + quad * LANES) // rows,
                "channel": channel + quad,
                "row_last": (x, plane, quad) == (size - 1, PLANES - 1, quads - 1),
            }
            for y in range(size)
            for x in range(size)
            for plane in range(PLANES)
            for quad in range(quads)
        ]
    )
    if layer == 2:
        frees = _frees_half(size * size * PLANES, tiling.quads, size * PLANES)
        for n, step in enumerate(steps, 1):
            step["frees_half"] = n == frees * quads
    return steps


def _frees_half(sums, pace, row):
    """Return how many sums must be read before a job may open them anew, in whole rows.

    Reading takes `pace` cycles a sum, opening one; each sum must be read before it is opened, and
    the last of them before the job's second tile reads.
    """
    for read in range(row, sums + 1, row):
        opened = range(read, sums)
        if all((n + 1 - read) * pace <= n + 1 for n in opened):
            return read
    raise AssertionError


def _ended(steps):
    return [
        {"valid": 1, **step, "job_last": n == len(steps), "frees_half": n == len(steps)}
        for n, step in enumerate(steps, 1)
    ]
