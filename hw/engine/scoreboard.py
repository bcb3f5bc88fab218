# SPDX-License-Identifier: Apache-2.0
"""Which accumulators are free and which maps are written."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.tiling import JOB_ROWS


class Scoreboard(wiring.Component):
    """Count jobs from their start to the last write, and tell what the tile to come may rely on.

    Jobs are read and written in the order in which they start. Events count from the next cycle on.

    Members
    -------
    job_start, layer_start : In(1)
        A job takes a half of the accumulator banks; it is the first of its layer.
    half_read : In(1)
        So much of a job was read that its half is free.
    row_written, job_written : In(1)
        A row of a job's raster, the whole of it, is in the map; with the last row, only the latter.
    half_free : Out(1)
        A half is free.
    layer_first, layer, rows_needed : In(1), In(2), In(4)
        Of the tile to come.
    drained : Out(1)
        All jobs of the layer before it are written; for layer 4 (3 here) as many rows as it needs.
    """

    job_start: In(1)
    layer_start: In(1)
    half_read: In(1)
    row_written: In(1)
    job_written: In(1)
    half_free: Out(1)
    layer_first: In(1)
    layer: In(2)
    rows_needed: In(4)
    drained: Out(1)

    def elaborate(self, platform):
        m = Module()
        halves = Signal(range(3))  # taken, not free
        jobs = Signal(range(4))  # started, not written: two halves and one between them and the map
        before = Signal(range(4))  # those of `jobs` that belong to the layer before
        rows = Signal(range(JOB_ROWS))  # written of the oldest job

        m.d.sync += [
            halves.eq(halves + self.job_start - self.half_read),
            jobs.eq(jobs + self.job_start - self.job_written),
        ]
        with m.If(self.layer_start):
            m.d.sync += before.eq(jobs - self.job_written)
        with m.Elif(self.job_written & (before != 0)):
            m.d.sync += before.eq(before - 1)
        with m.If(self.job_written):
            m.d.sync += rows.eq(0)
        with m.Elif(self.row_written):
            m.d.sync += rows.eq(rows + 1)

        waiting = Mux(self.layer_first, jobs, before)
        m.d.comb += [
            self.half_free.eq(halves != 2),
            self.drained.eq(
                (waiting == 0) | ((self.layer == 3) & (waiting == 1) & (rows >= self.rows_needed))
            ),
        ]
        return m
