# SPDX-License-Identifier: Apache-2.0
"""Cycles of a pass without simulation: a recurrence over jobs, and where each cycle goes.

Only the feeder, the readout and the pixel buffer of the machine ever wait, so its timing is three
sequences. In the feeder a sweep takes its beats or, if they are more, the weight words of the tile
behind it; in the readout a step takes a cycle; out of the pixel buffer goes a pixel a cycle.

Nothing outside makes the machine wait: latents come one after another as soon as there is room,
every pixel is taken at once, and of weights on the chip there is a word in every cycle. Those in a
memory outside come as :class:`hw.model.weight_supply.WeightSupply` says, which knows no single
refresh: cycles are then right to a few in a thousand.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from functools import cached_property

from hw.array import LANES
from hw.engine.accumulator import AccumulatorBanks, finish_latency
from hw.engine.generator import FETCH_LATENCY, OUTPUT_LATENCY, TABLE_LATENCY, WRITE_LATENCY
from hw.engine.pixel_buffer import SEND_LATENCY, WRITE_STAGES
from hw.engine.program_reader import FETCH_CYCLES
from hw.engine.readout import STEP_STAGES
from hw.engine.systolic_array import array_latency
from hw.model.weight_supply import WeightSupply
from hw.work import BOUND_CYCLES, IN_FLIGHT, RECURRENCE

# Why a multiplier does nothing useful in a cycle.
CAUSES = {
    "latent": "the first latents come in, a number a cycle",
    "layer 1": "waits for weights: a weight has one use there",
    "weights": "waits for weights in the other layers",
    "last layer": "taps that fall outside the picture, and rows that two bands need",
    "tile edges": "rows and columns beyond a layer's channels; columns beyond the last one's taps",
    "zeros": "sums that no tap reaches",
    "settling": "sums that are added to again at once, and what may start is known a cycle late",
    "pipeline fill": "waits for what is on its way from the array to a map",
    "requantizer": "waits beyond that: sums are made faster than the lanes, or the line, take them",
    "read-out": "from the last multiplication to the last pixel",
}


@dataclass(frozen=True)
class Step:
    """A sweep in one row tile: what the feeder sees.

    Attributes
    ----------
    beats : int
    words, planes : int
        Of its tile, of the array and of the memory outside; 0 where the weights are those of the
        sweep before.
    settles : bool
    allow : int
        Jobs of the layer before that may be unwritten.
    bound : bool
        It waits for other jobs, or is the first of its job.
    """

    beats: int
    words: int
    planes: int
    settles: bool
    allow: int
    bound: bool

    @property
    def busy(self):
        """Cycles that it takes by itself."""
        return self.beats + (RECURRENCE if self.settles else 0)

    def until(self, after, loading):
        """Return the cycles until the step `after` it may start, and those that its words cost.

        The words are in `loading` cycles from the start of this step on.
        """
        for_words = max(0, loading - self.busy)
        cycles = self.busy + for_words
        return max(cycles, BOUND_CYCLES if after.bound else 0), for_words


@dataclass(frozen=True)
class JobCycles:
    """What is known of a job without knowing when it runs.

    Attributes
    ----------
    layer : int
    steps : tuple of Step
        In the feeder.
    reads : int
        Cycles of the readout.
    frees_after : int
        Of those, until its half is free.
    rows : tuple of (int, int)
        Cycles of the readout until so many rows of the pictures are complete.
    last_of_layer : bool
    """

    layer: int
    steps: tuple
    reads: int
    frees_after: int
    rows: tuple
    last_of_layer: bool

    @cached_property
    def unhindered(self):
        """Cycles from the first sweep's start to the last one's if nothing has to be waited for and
        weights lie on the chip, and how many of them are spent on their words and on settling."""
        total = words = settling = 0
        for step, after in zip(self.steps, self.steps[1:]):
            cycles, for_words = step.until(after, after.words)
            total += cycles
            words += for_words
            settling += cycles - for_words - step.beats
        return total, words, settling


@dataclass(frozen=True)
class Pass:
    """When the pictures of a pass were made. Cycle 0 takes the first latent of the first pass.

    Attributes
    ----------
    last_beat, last_pixel : int
        The array's last one, the last picture's last one.
    waits : dict of str to int
        Cycles without a beat up to the last one, since that of the pass before.
    """

    last_beat: int
    last_pixel: int
    waits: dict[str, int]


class CycleModel:
    """Predict cycles of the machine, exactly.

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
        self.ready_lag = OUTPUT_LATENCY + TABLE_LATENCY + WRITE_STAGES + 1  # from a step

    @cached_property
    def jobs(self):
        """Numbers in their layer, from 0, and :class:`JobCycles` of a pass, in order."""
        jobs, number, last = [], 0, None
        kept = {}
        for n, column_tile, job in self.tiling.walk():
            layer = self.tiling.layers[n]
            number = 0 if n != last else number + 1
            last = n
            in_last_tile = column_tile == layer.column_tiles - 1
            key = n, id(job), in_last_tile
            if key not in kept:
                kept[key] = JobCycles(
                    n,
                    self._steps(layer, job),
                    *self._reads(layer, job, column_tile, in_last_tile),
                    in_last_tile and job is layer.jobs[-1],
                )
            jobs.append((number, kept[key]))
        return jobs

    @staticmethod
    def _steps(layer, job):
        steps = []
        for row_tile in range(layer.row_tiles):
            allow, words = layer.allow(job, row_tile), layer.words(row_tile)
            planes = words * layer.shape.weight_bits
            for tap in job.taps:
                for n, sweep in enumerate(tap.sweeps):
                    beats = sweep.rows * sweep.columns * layer.slots
                    bound = allow < IN_FLIGHT or not steps
                    load = (0, 0) if n else (words, planes)
                    steps.append(Step(beats, *load, sweep.settles, allow, bound))
        steps[-1] = replace(steps[-1], settles=False)
        return tuple(steps)

    @staticmethod
    def _reads(layer, job, column_tile, in_last_tile):
        """Return cycles of the readout, those until the half is free, and rows on the way."""
        shape = layer.shape
        if not shape.is_last:
            quads = -(-layer.used_columns(column_tile) // LANES)
            copies = layer.out_slots // layer.slots
            reads = job.rows * job.columns * layer.out_slots * quads
            return reads, job.free_after * copies * quads, ()
        columns = layer.grid_columns * layer.slots
        warm = job.grid_row - job.first_row
        reads = warm + job.grid_rows * columns
        rows = ()
        if in_last_tile and layer.completes_rows(job):
            rows = tuple(
                (warm + (n + 1) * columns, layer.rows_ready(job.grid_row + n))
                for n in range(job.grid_rows)
            )
        return reads, reads, rows

    @cached_property
    def _made(self):
        return self.passes(3)  # the interval is the same ever after

    @property
    def cycles_latency(self):
        """Cycles from the first latent taken to the last pixel out, both counted."""
        return self._made[0].last_pixel + 1

    @property
    def cycles_interval(self):
        """Cycles between the last pixels of passes that are made back to back."""
        return self._made[-1].last_pixel - self._made[-2].last_pixel

    def lost_in_latency(self):
        """Return the multiplications that :attr:`cycles_latency` has no use for, by cause."""
        first = self._made[0]
        latent = first.last_beat + 1 - sum(first.waits.values()) - sum(n for _, n in self.beats)
        return self._lost(first.waits, latent, first.last_pixel - first.last_beat)

    def lost_in_interval(self):
        """Return the multiplications that :attr:`cycles_interval` has no use for, by cause."""
        before, last = self._made[-2:]
        readout = (last.last_pixel - last.last_beat) - (before.last_pixel - before.last_beat)
        return self._lost(last.waits, 0, readout)

    @property
    def beats(self):
        """(layer, beats) of each job of a pass; layer 0 is the first."""
        return [(job.layer, sum(step.beats for step in job.steps)) for _, job in self.jobs]

    def _lost(self, waits, latent, readout):
        """Return multiplications by cause, from cycles without a beat and from beats."""
        tiling, rate = self.tiling, self.tiling.array.macs_per_cycle
        lost = {cause: rate * cycles for cause, cycles in waits.items()}
        lost["latent"] += rate * latent
        lost["read-out"] += rate * readout
        for n, column_tile, job in tiling.walk():
            layer = tiling.layers[n]
            for tap in job.taps:
                beats = layer.slots * sum(s.rows * s.columns for s in tap.sweeps)
                if tap.place is None:
                    lost["zeros"] += rate * beats * layer.row_tiles
                    continue
                columns = (
                    self._taps(layer) if layer.shape.is_last else layer.used_columns(column_tile)
                )
                used = layer.shape.in_channels * columns
                lost["tile edges"] += (rate * layer.row_tiles - used) * beats
                if layer.shape.is_last:
                    lost["last layer"] += used * beats
        useful = tiling.spec.shapes[-1].useful_macs * tiling.pass_slots
        lost["last layer"] -= useful
        return lost

    @staticmethod
    def _taps(layer):
        """Return the columns of the last layer that hold taps."""
        if layer.spread:
            return 4 * layer.array.lanes
        return layer.block[0] * layer.block[1]

    def passes(self, count):
        """Return `count` :class:`Pass` made back to back."""
        run = Run(self)
        return [run.make() for _ in range(count)]


class Run:
    """The machine between two jobs: from when on everything that a job waits for is there.

    Attributes
    ----------
    supply : WeightSupply or None
        Of weights in a memory outside.
    feeder : int
        Cycle in which the feeder may start a sweep that waits for nothing else.
    for_words : int
        Cycles of `feeder` that the weight words of the sweep to come cost.
    readout : int
        In which the readout may start a job.
    halves : deque of (int, int)
        Of the accumulator banks, the one in turn first: when it may be taken, and when it could be
        if reading took no time.
    written : list of (int, int)
        For each job so far: when its outputs may be relied on, and when they could be if reading
        took no time.
    latents, latent_done : list of int
        Of each pass: when the last of its latents was counted, and when their half was free again.
    sent : list of int
        Of each pass, when its last pixel was read.
    waits : dict of str to int
        As in :class:`Pass`.
    fed, read : (int, int)
        Of the job that came last: its first sweep's start and its last beat, its first and its last
        step of the readout.
    """

    def __init__(self, model):
        self.model = model
        bus = model.tiling.array.weight_bus
        self.supply = WeightSupply(bus) if bus else None
        self.feeder = self.readout = self.for_words = 0
        self.halves = deque([(0, 0), (0, 0)])
        self.written = []
        self.latents, self.latent_done, self.sent = [], [], []
        self.waits = {}
        self.fed = self.read = (0, 0)

    def make(self):
        """Make the pictures of the next pass."""
        self.waits = dict.fromkeys(CAUSES, 0)
        tiling = self.model.tiling
        numbers = tiling.spec.latent * tiling.slots
        first = 1  # counted a cycle after it came
        if self.latents:
            first = self.latents[-1] + 3
            if len(self.latents) > 1:
                first = max(first, self.latent_done[len(self.latents) - 2] + 3)
        self.latents.append(first + numbers - 1)
        jobs, events = self.model.jobs, []
        for n, (number, job) in enumerate(jobs):
            if number == 0:
                begin = len(self.written)  # jobs before the layer
            follower = jobs[(n + 1) % len(jobs)][1].steps[0]
            last_beat = self._feed(job, number, begin, follower)
            if job.layer == 0 and job.last_of_layer:
                self.latent_done.append(last_beat)
            events += self._read(job, number, last_beat)
        return Pass(last_beat, self._send(events), self.waits)

    def _feed(self, job, number, begin, follower):
        """Run a job's sweeps; return the cycle of its last beat."""
        cause = "layer 1" if job.layer == 0 else "weights"
        self.waits[cause] += self.for_words
        start = self._wait(self.feeder, *self.halves.popleft())
        if len(self.written) >= IN_FLIGHT:
            start = self._wait(start, *self.written[-IN_FLIGHT])
        if job.layer == 0 and number == 0:
            stored = max(start, self.latents[-1] + 3)
            self.waits["latent"] += stored - start
            start = stored
        first = start
        nothing_waits = begin == 0 or start >= self.written[begin - 1][0]
        if nothing_waits and self.supply is None:
            total, words, settling = job.unhindered
            start += total
        else:
            words = settling = 0
            for step, after in zip(job.steps, (*job.steps[1:], None)):
                if step.allow < IN_FLIGHT:
                    start = self._wait(start, *self.written[begin - 1 - step.allow])
                if after:
                    cycles, for_words = step.until(after, self._loading(start, after))
                    start += cycles
                    words += for_words
                    settling += cycles - for_words - step.beats
        last = job.steps[-1]
        self.waits[cause] += words
        cycles, self.for_words = last.until(follower, self._loading(start, follower))
        self.waits["settling"] += settling + cycles - self.for_words - last.beats
        self.feeder = start + cycles
        self.fed = first, start + last.beats
        return self.fed[1]

    def _loading(self, start, step):
        """Return the cycles from `start` until the words of the step to come are in."""
        if self.supply is None or not step.words:
            return step.words
        return self.supply.take(start, step.words, step.planes) - start

    def _wait(self, now, until, filled):
        """Wait from `now` to `until`, and up to `filled` only because the pipeline is long."""
        until = max(now, until)
        filled = min(max(now, filled), until)
        self.waits["pipeline fill"] += filled - now
        self.waits["requantizer"] += until - filled
        return until

    def _read(self, job, number, last_beat):
        """Read a job's sums; return (cycle, rows) of rows of pictures that are complete."""
        tiling = self.model.tiling
        done = last_beat + self.model.job_done_lag
        start = max(done + 2, self.readout)
        if number == 0 and job.layer == len(tiling.layers) - 1 and len(self.sent) >= 2:
            start = max(start, self.sent[-2] + 4)  # the pixel buffer has room
        first_step = start + STEP_STAGES
        last_step = first_step + job.reads
        self.read = first_step, last_step
        words = 3 if job.last_of_layer else 1
        self.readout = start + job.reads + 2 + words * FETCH_CYCLES
        self.halves.append((first_step + job.frees_after + 2, done + 3 + STEP_STAGES))
        behind = WRITE_LATENCY + 2
        self.written.append((last_step + behind, done + 1 + STEP_STAGES + behind))
        return [(first_step + steps + self.model.ready_lag, rows) for steps, rows in job.rows]

    def _send(self, events):
        """Send a pass's pictures; return the cycle of the last pixel.

        Parameters
        ----------
        events : list of (int, int)
            When so many rows of each picture are complete.
        """
        size = self.model.tiling.spec.size
        last = self.sent[-1] if self.sent else None
        first_row = True
        for _ in range(self.model.tiling.slots):
            for y in range(size):
                ready = next((cycle for cycle, rows in events if rows > y), events[-1][0])
                if last is None:
                    begin = ready + 2
                elif not first_row and (y == 0 or ready <= last - 1):
                    begin = last + 1
                else:
                    begin = max(last + 3, ready + 2)
                first_row = False
                last = begin + size - 1
        self.sent.append(last)
        return last + SEND_LATENCY
