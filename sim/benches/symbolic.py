# SPDX-License-Identifier: Apache-2.0
"""The machine's memories with names of products in place of numbers.

Beats and steps of the hardware go in, in the order in which they touch the memories; an
AssertionError says where an output is not what :mod:`sim.benches.expected` defines.
"""

from dataclasses import dataclass, field

from golden.spec import LEAKY_RELU, RELU, TABLE
from hw.array import LANES, SUMS
from hw.work import RECURRENCE
from sim.benches.expected import behind, columns_of, map_base, products, tap_of

NOBODY = -1  # a job
CLIPS = {RELU: 0, LEAKY_RELU: 1, TABLE: 2}


@dataclass
class Sum:
    """An accumulator of all columns: `products` are (input y, x, tap, row tile)."""

    job: int
    slot: int | None
    products: list = field(default_factory=list)
    beat: int = 0  # cycle of the last one
    stored: int = 0  # cycle in which it is in the bank of the last column


class Passes:
    """Which tile and job comes, of pass after pass.

    Attributes
    ----------
    jobs : list of (int, int, Job)
        Layer, column tile, job.
    tiles : list of (int, int, Tap)
        Number of the job, row tile, tap.
    """

    def __init__(self, tiling):
        self.jobs = list(tiling.walk())
        self.tiles = [
            (number, row_tile, tap)
            for number, (n, _, job) in enumerate(self.jobs)
            for row_tile in range(tiling.layers[n].row_tiles)
            for tap in job.taps
        ]


class SymbolicMachine:
    """Sums, maps and pictures of a network.

    Parameters
    ----------
    tiling : hw.tiling.Tiling
    capacity : hw.capacity.Capacity

    Attributes
    ----------
    passes : int
        Passes whose pictures are whole.
    """

    def __init__(self, tiling, capacity):
        self.tiling, self.capacity = tiling, capacity
        self.plan = Passes(tiling)
        self.sums, self.maps = {}, {}
        self.tile, self.swaps, self.fed, self.read = -1, 0, 0, 0  # fed, read: jobs
        self.written, self.pixels, self.passes = set(), set(), 0
        self.biases = 0

    def _job(self, count):
        """Return layer, column tile and Job of the job of that number, of any pass."""
        return self.plan.jobs[count % len(self.plan.jobs)]

    def fetch(self, beat):
        """Take a beat when its activations are read; return it with its tile and its input."""
        if beat["swap"]:
            self.tile = (self.tile + 1) % len(self.plan.tiles)
            self.swaps += 1
        number, row_tile, tap = self.plan.tiles[self.tile]
        n, _, _ = self.plan.jobs[number]
        layer, spec = self.tiling.layers[n], self.tiling.spec
        assert number == self.fed % len(self.plan.jobs), "a tile of another job"
        assert beat["first"] == (n == 0)
        rows = min(layer.array.rows, layer.shape.in_channels - row_tile * layer.array.rows)
        assert beat["rows_used"] == rows
        slot = None
        if n == 0:
            tile, slot = divmod(beat["address"], layer.slots)
            assert tap.place is None or tile == row_tile
            source = (0, 0)
        elif tap.place is not None:
            assert beat["signed"] == (spec.layers[n - 1].activation == LEAKY_RELU)
            tags = [self.maps.get((beat["address"], r)) for r in range(-(-rows // LANES))]
            _, _, _, slot, y, x, _ = tags[0] or [None] * 7
            source = (y, x)
            for r, tag in enumerate(tags):
                assert tag, f"layer {n} reads a word that was never written"
                channel = row_tile * layer.array.rows + r * LANES
                pass_ = self.fed // len(self.plan.jobs)
                assert tag[1:] == (pass_, n - 1, slot, y, x, channel), f"layer {n}: {tag}"
                assert tag[0] < beat["time"] + 1, f"layer {n} reads a word too early"
        found = {"slot": slot, "product": None}
        if tap.place is not None:
            found["product"] = (*source, *tap.place, row_tile)
        self.fed += beat["job_last"]
        return beat | found | {"job": self.fed - beat["job_last"], "layer": n}

    def add(self, beat, stored=0):
        """Take a beat of :meth:`fetch` when its sum is stored: in the last column at `stored`."""
        key = beat["half"], beat["sum"]
        where = f"layer {beat['layer']}, job {beat['job']}, sum {beat['sum']}"
        if beat["opens"]:
            old = self.sums.get(key)
            assert not old or old.job != beat["job"], f"{where} is opened twice"
            self.sums[key] = Sum(beat["job"], beat["slot"])
        entry = self.sums.get(key) or Sum(NOBODY, None)
        assert entry.job == beat["job"], f"{where} is not open"
        if not beat["opens"]:
            assert beat["time"] - entry.beat >= RECURRENCE, f"{where} is added to too soon"
        if beat["product"]:
            assert entry.slot in (None, beat["slot"]), f"{where} mixes slots"
            entry.products.append(beat["product"])
            entry.slot = beat["slot"]
        entry.beat, entry.stored = beat["time"], stored

    def step(self, step, sums_y, sums_x, *, read, written):
        """Take a step when its sums are read.

        Parameters
        ----------
        step : dict of str to int
        sums_y, sums_x : sequence of int
            Where the sums lie, as the readout says beside it.
        read, written : int
            Cycles in which the sums leave their banks, and activations are written to the map.
        """
        n, column_tile, job = self._job(self.read)
        layer = self.tiling.layers[n]
        assert step["layer"] == n, f"a step of layer {step['layer']} in layer {n}"
        assert step["last"] == layer.shape.is_last
        assert step["half"] == self.read % 2
        assert step["clip"] == CLIPS[layer.shape.activation]
        channel = sum(each.column_tiles for each in self.tiling.layers[:n]) * layer.array.quads
        if layer.shape.is_last:
            assert step["channel"] == channel + column_tile
            self._pixels(step, layer, job, sums_y, sums_x, read)
        else:
            assert step["channel"] == channel + column_tile * layer.array.quads + step["quad"]
            self._activations(step, n, column_tile, sums_y, sums_x, read, written)
        if step["job_last"]:
            self.read += 1
            self._check_layer(n, step)

    def _sum(self, half, address, read):
        entry = self.sums.get((half, address % SUMS)) or Sum(NOBODY, None)
        assert entry.job == self.read, f"job {self.read} reads a sum that is not its own"
        assert read > entry.stored, f"job {self.read} reads a sum before it is stored"
        return entry

    def _activations(self, step, n, column_tile, sums_y, sums_x, read, written):
        layer = self.tiling.layers[n]
        shape, array, slots = layer.shape, layer.array, self.tiling.pass_slots
        groups = -(-shape.out_channels // array.rows)
        base = map_base(n, self.capacity, groups * shape.out_size**2 * slots)
        pixel, slot = divmod(step["address"] - base, slots)
        group, pixel = divmod(pixel, shape.out_size**2)
        y, x = divmod(pixel, shape.out_size)
        first = column_tile * array.columns + LANES * step["quad"]
        where = f"layer {n}, slot {slot}, channel {first}, ({y}, {x})"
        assert group * array.rows + LANES * step["row"] == first, where
        used = range(max(0, min(LANES, shape.out_channels - first)))
        assert step["mask"] == sum(1 << lane for lane in used) > 0, where
        assert len({a + b for a, b in zip(sums_y, sums_x)}) == 1, where

        entry = self._sum(step["half"], sums_y[0] + sums_x[0], read)
        wanted = products(shape, y, x)
        self._compare(where, entry.products, wanted, layer.row_tiles)
        shared = slots > layer.slots
        assert entry.slot in (None, 0 if shared else slot), where
        assert step["biased"] == (shared and slot > 0), where
        if step["biased"]:
            assert step["bias"] == self.biases, where
            self.biases += 1
        key = n, slot, y, x, first
        assert key not in self.written, f"{where} is written twice"
        self.written.add(key)
        pass_ = self.read // len(self.plan.jobs)
        self.maps[step["address"], step["row"]] = written, pass_, *key

    def _pixels(self, step, layer, job, sums_y, sums_x, read):
        shape, lanes, tiling = layer.shape, layer.array.lanes, self.tiling
        stride, half_row = shape.stride, -(-tiling.spec.size // 2)
        assert not step["biased"]
        for lane in range(lanes if layer.spread else 1):
            phase_y, phase_x = divmod(step["phase"] + lane, stride)
            block, odd = step["block"], (step["y_odd"], step["x_odd"])
            inside = step["inside_y"] >> phase_y & step["inside_x"] >> phase_x & 1
            if stride == 2:
                odd = phase_y, phase_x
                if shape.padding % 2:  # odd phases lie a block behind
                    block -= phase_y * half_row + phase_x
            if not inside:
                continue
            block %= 1 << (max(2, self.capacity.pixel_words) - 1).bit_length()
            y, x = (2 * at + o for at, o in zip(divmod(block, half_row), odd))
            where = f"pixel ({y}, {x}), slot {step['slot']}, colour {step['colour']}"
            found = []
            columns = columns_of(lanes, lane) if layer.spread else range(4 * lanes)
            for column in columns:
                back_y, back_x = behind(lanes, column, spread=layer.spread)
                near = step["near_y"] >> back_y & step["near_x"] >> back_x & 1
                if not near or back_y >= layer.block[0] or back_x >= layer.block[1]:
                    continue
                entry = self._sum(step["half"], sums_y[back_y] + sums_x[back_x], read)
                assert entry.slot in (None, step["slot"]), where
                for i_y, i_x, start_y, start_x, row_tile in entry.products:
                    k_y = tap_of(shape, phase_y, start_y + back_y)
                    k_x = tap_of(shape, phase_x, start_x + back_x)
                    if None not in (k_y, k_x):
                        found.append((i_y, i_x, k_y, k_x, row_tile))
            self._compare(where, found, products(shape, y, x), layer.row_tiles)
            key = step["slot"], step["colour"], y, x
            assert key not in self.pixels, f"{where} is written twice"
            assert max(y, x) < tiling.spec.size, where
            self.pixels.add(key)
        if step["counts"]:
            rows = min(step["ready"], tiling.spec.size)
            above = sum(y < rows for _, _, y, _ in self.pixels)
            whole = layer.slots * shape.out_channels * rows * tiling.spec.size
            assert above == whole, f"{rows} rows are said to be complete"

    @staticmethod
    def _compare(where, found, wanted, row_tiles):
        wanted = {(*each, row_tile) for each in wanted for row_tile in range(row_tiles)}
        assert sorted(found) == sorted(wanted), f"{where} sums other products"

    def _check_layer(self, n, step):
        """At the end of a layer all of it is there; at the end of a pass its pictures."""
        spec, size = self.tiling.spec, self.tiling.spec.shapes[n].out_size
        after, _, _ = self._job(self.read)
        ends = self.read % len(self.plan.jobs) == 0
        assert step["ends"] == ends
        if after == n and not ends:
            return
        self.biases = 0
        if not ends:
            quads = sum(
                -(-min(self.capacity.array.columns, spec.shapes[n].out_channels - first) // LANES)
                for first in range(0, spec.shapes[n].out_channels, self.capacity.array.columns)
            )
            count = sum(key[0] == n for key in self.written)
            assert count == quads * size**2 * self.tiling.pass_slots, f"layer {n} has holes"
            return
        last = self.tiling.layers[-1]
        assert len(self.pixels) == last.slots * last.shape.out_channels * size**2, "holes"
        assert step["counts"]
        self.written.clear()
        self.pixels.clear()
        self.passes += 1
