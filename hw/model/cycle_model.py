# SPDX-License-Identifier: Apache-2.0
"""Cycles of an avatar without simulation: a recurrence over jobs, and where each cycle goes.

Only the feeder and the readout of the machine ever wait, so its timing is two sequences of jobs.
In the feeder a tile takes its beats or, if they are more, the weight words of the tile behind it;
in the readout a step takes a cycle. Four conditions join the two: a half of the accumulators is
free, a map is written, a job is done, the one before it is read.

Nothing outside makes the machine wait: latents come one after another as soon as there is room, a
weight word is there in every cycle, every pixel is taken at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property

from hw.engine.accumulator import AccumulatorBanks, finish_latency
from hw.engine.generator import FETCH_LATENCY, OUTPUT_LATENCY, TABLE_LATENCY
from hw.engine.pixel_buffer import PixelBuffer
from hw.engine.systolic_array import array_latency
from hw.engine.tap_combiner import RASTER_STEPS
from hw.tiling import BAND_ROWS, JOB_ROWS, LANES, PICTURE_SIZE, PLANES, TAPS

# Why a multiplier does nothing useful in a cycle.
CAUSES = {
    "latent": "the first latent comes in, a number a cycle",
    "layer 1": "waits for weights: a weight has one use there",
    "weights": "waits for weights in the other layers",
    "layer 4": "taps that fall outside the picture",
    "tile edges": "rows and columns beyond a layer's channels; columns beyond layer 4's taps",
    "pipeline fill": "waits for what is on its way from the array to a map",
    "requantizer": "waits beyond that: sums are made faster than four lanes take them",
    "read-out": "from the last multiplication to the last pixel",
}


@dataclass(frozen=True)
class Job:
    """What is known of a job without knowing when it runs.

    Attributes
    ----------
    layer, column_tile, phase : int
    beats : int
        Activation words of all its tiles.
    words : int
        Of the weight stream, for its first tile.
    head, body : int or None, int
        Cycles from its first tile's start to that of the first one that may have to wait for a map
        (None: there is no such tile), from there to its last tile's start.
    tail : int
        Beats of its last tile.
    rows, row_steps : int
        Rows that the readout goes through, steps of each.
    """

    layer: int
    column_tile: int
    phase: int
    beats: int
    words: int
    head: int | None
    body: int
    tail: int
    rows: int
    row_steps: int


@dataclass(frozen=True)
class Avatar:
    """When an avatar was made. Cycle 0 takes the first avatar's first latent.

    Attributes
    ----------
    last_beat, last_pixel : int
        The array's last one, the picture's last one.
    waits : dict of str to int
        Cycles without a beat up to the last one, since that of the avatar before.
    """

    last_beat: int
    last_pixel: int
    waits: dict[str, int]


class CycleModel:
    """Predict cycles of the generator, exactly.

    Parameters
    ----------
    tiling : Tiling
        Network and array.
    """

    def __init__(self, tiling):
        self.tiling = tiling
        self.job_done_lag = (  # from a job's last beat
            FETCH_LATENCY
            + array_latency(tiling.array)
            - AccumulatorBanks.control_lead
            + finish_latency(tiling.array.column_groups)
        )
        self.written_lag = OUTPUT_LATENCY + 2  # from a step to what it wrote
        self.pixels_lag = (  # from a step to the first pixel that it completes
            OUTPUT_LATENCY + TABLE_LATENCY + PixelBuffer.latency - 1
        )
        self.jobs = [
            self._job(layer, column_tile, phase)
            for layer, facts in enumerate(tiling.layers)
            for column_tile in range(facts.column_tiles)
            for phase in range(facts.phases)
        ]

    def _job(self, layer, column_tile, phase):
        tiling, facts = self.tiling, self.tiling.layers[layer]
        beats = [tiling.beats(layer, phase, tap) for tap in range(facts.taps)]
        words = [tiling.words(layer, row_tile) for row_tile in range(facts.row_tiles)]

        def cycles(first, end):
            """From the start of row tile `first` to that of `end`, or to the last tile's."""
            total = 0
            for row_tile in range(first, end):
                behind = [words[row_tile]] * (facts.taps - 1) + words[row_tile + 1 : row_tile + 2]
                total += sum(map(max, beats, behind))
            return total

        if layer < 3:
            columns = tiling.spec.shapes[layer].out_channels - column_tile * tiling.array.columns
            quads = -(-min(columns, tiling.array.columns) // LANES)
            rows = JOB_ROWS if layer == 2 else JOB_ROWS // 2
            row_steps = rows * PLANES * quads
        else:
            rows = BAND_ROWS + (column_tile == facts.column_tiles - 1)  # the flush behind the map
            row_steps = PLANES * RASTER_STEPS
        waiting = tiling.first_waiting_row_tile(layer) if layer else 0
        return Job(
            layer=layer,
            column_tile=column_tile,
            phase=phase,
            beats=facts.row_tiles * sum(beats),
            words=words[0],
            head=cycles(0, waiting) if layer else None,
            body=cycles(waiting, facts.row_tiles),
            tail=beats[-1],
            rows=rows,
            row_steps=row_steps,
        )

    @cached_property
    def _made(self):
        return self.avatars(2)  # the interval is the same ever after

    @property
    def cycles_latency(self):
        """Cycles from the first latent taken to the last pixel out, both counted."""
        return self._made[0].last_pixel + 1

    @property
    def cycles_interval(self):
        """Cycles between the last pixels of avatars that are made back to back."""
        return self._made[1].last_pixel - self._made[0].last_pixel

    def lost_in_latency(self):
        """Return the multiplications that :attr:`cycles_latency` has no use for, by cause."""
        first = self._made[0]
        latent = first.last_beat + 1 - sum(first.waits.values()) - self._beats
        return self._lost(first.waits, latent, first.last_pixel - first.last_beat)

    def lost_in_interval(self):
        """Return the multiplications that :attr:`cycles_interval` has no use for, by cause."""
        before, last = self._made
        readout = (last.last_pixel - last.last_beat) - (before.last_pixel - before.last_beat)
        return self._lost(last.waits, 0, readout)

    @property
    def _beats(self):
        return sum(job.beats for job in self.jobs)

    def _lost(self, waits, latent, readout):
        """Return multiplications by cause, from cycles without a beat and from beats."""
        rate = self.tiling.array.macs_per_cycle
        lost = {cause: rate * cycles for cause, cycles in waits.items()}
        lost["latent"] += rate * latent
        lost["read-out"] += rate * readout
        reached = 0
        *_, last_layer = self.tiling.spec.shapes
        for job in self.jobs:
            if job.layer == 3:
                columns = TAPS * self.tiling.array.layer4_phases
            else:
                left = job.column_tile * self.tiling.array.columns
                out_channels = self.tiling.spec.shapes[job.layer].out_channels
                columns = min(self.tiling.array.columns, out_channels - left)
            facts = self.tiling.layers[job.layer]
            in_channels = self.tiling.spec.shapes[job.layer].in_channels
            used = job.beats // facts.row_tiles * in_channels * columns
            lost["tile edges"] += rate * job.beats - used
            if job.layer == 3:
                reached += used
        lost["layer 4"] += reached - PLANES * last_layer.useful_macs
        return lost

    def avatars(self, count):
        """Return `count` :class:`Avatar` made back to back."""
        run = _Run(self)
        return [run.avatar() for _ in range(count)]


class _Run:
    """The machine between two jobs: from when on everything that a job waits for is there.

    Attributes
    ----------
    feeder, readout, pixel : int
        Cycles in which the feeder may start a tile, the readout a job, the line take a pixel.
    for_words : int
        Cycles of `feeder` that the weight words of the tile to come cost.
    halves : deque of (int, int)
        Of the accumulator banks, the one in turn first: when it may be taken, and when it could be
        if reading took no time.
    read : dict of int to (int, int, Job)
        By layer: last beat and start of the readout of its last job so far, and that job.
    waits : dict of str to int
        As in :class:`Avatar`.
    """

    def __init__(self, model):
        self.model = model
        self.feeder = model.tiling.spec.latent + 1  # a latent counts a cycle after its last number
        self.readout = self.pixel = self.for_words = 0
        self.halves = deque([(0, 0), (0, 0)])
        self.read = {}
        self.waits = {}

    def avatar(self):
        """Make the next avatar."""
        self.waits = dict.fromkeys(CAUSES, 0)
        jobs = self.model.jobs
        for job, follower in zip(jobs, jobs[1:] + jobs[:1], strict=True):
            last_beat = self._feed(job, follower)
            self._read(job, last_beat)
        return Avatar(last_beat, self.pixel, self.waits)

    def _feed(self, job, follower):
        """Run a job's tiles; return the cycle of its last beat."""
        start = self._wait(self.feeder, *self.halves.popleft())
        if job.head is None:
            last_start = start + job.body
        else:
            last_start = self._wait(start + job.head, *self._map_written(job)) + job.body
        last_beat = last_start + job.tail
        inside = (job.head or 0) + job.body + job.tail - job.beats
        self.waits["layer 1" if job.layer == 0 else "weights"] += self.for_words + inside
        self.feeder = last_start + max(job.tail, follower.words)
        self.for_words = self.feeder - last_beat
        return last_beat

    def _wait(self, now, until, filled):
        """Wait from `now` to `until`, and up to `filled` only because the pipeline is long."""
        until = max(now, until)
        filled = min(max(now, filled), until)
        self.waits["pipeline fill"] += filled - now
        self.waits["requantizer"] += until - filled
        return until

    def _map_written(self, job):
        """Return when a job's input is written, and when it would be if reading took no time."""
        last_beat, start, before = self.read[job.layer - 1]
        rows = self.model.tiling.rows_needed(job.layer, job.column_tile)
        written = self._rows_read(before, start, min(rows, before.rows))
        filled = last_beat + self.model.job_done_lag + 2
        return written + self.model.written_lag + 1, filled + self.model.written_lag + 1

    @staticmethod
    def _rows_read(job, start, rows):
        """Return the cycle of the last step of so many rows, if the readout starts at `start`."""
        return start + 1 + rows * job.row_steps

    def _read(self, job, last_beat):
        """Read a job's sums, and send its pixels if they are any."""
        tiling = self.model.tiling
        done = last_beat + self.model.job_done_lag
        start = max(done + 1, self.readout)
        self.readout = start + 1 + job.rows * job.row_steps
        self.read[job.layer] = last_beat, start, job
        rows_to_read = tiling.rows_to_read if job.layer == 2 else job.rows
        self.halves.append((self._rows_read(job, start, rows_to_read) + 1, done + 3))
        if job.layer == 3 and job.phase == tiling.layers[3].phases - 1:
            for row in range(job.rows):
                complete = self._rows_read(job, start, row + 1) + self.model.pixels_lag
                y = job.column_tile * BAND_ROWS + row
                picture_rows = 1 if y in (0, RASTER_STEPS - 1) else 2
                self.pixel = max(self.pixel, complete + 1) + picture_rows * PICTURE_SIZE
