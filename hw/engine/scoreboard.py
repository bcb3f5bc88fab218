# SPDX-License-Identifier: Apache-2.0
"""Which accumulators are free and which maps are written."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.work import IN_FLIGHT


class Scoreboard(wiring.Component):
    """Count jobs from their start to the last write, and tell what the sweep to come may rely on.

    Jobs are read and written in the order in which they start. Events count from the next cycle on.

    Members
    -------
    job_start, layer_start : In(1)
        A job takes a half of the accumulator banks; it is the first of its layer.
    half_read : In(1)
        So much of a job was read that its half is free.
    job_written : In(1)
        The whole of it is in the map, or in the pixel buffer.
    half_free : Out(1)
        A half is free, and fewer than :data:`hw.work.IN_FLIGHT` jobs are on their way.
    layer_first, allow : In(1), In(2)
        Of the sweep to come.
    written : Out(1)
        At most `allow` jobs of the layer before it are not written.
    """

    job_start: In(1)
    layer_start: In(1)
    half_read: In(1)
    job_written: In(1)
    half_free: Out(1)
    layer_first: In(1)
    allow: In(2)
    written: Out(1)

    def elaborate(self, platform):
        m = Module()
        halves = Signal(range(3))  # taken, not free
        jobs = Signal(range(IN_FLIGHT + 1))  # started, not written
        before = Signal(range(IN_FLIGHT + 1))  # those of `jobs` of the layer before

        m.d.sync += [
            halves.eq(halves + self.job_start - self.half_read),
            jobs.eq(jobs + self.job_start - self.job_written),
        ]
        with m.If(self.layer_start):
            m.d.sync += before.eq(jobs - self.job_written)
        with m.Elif(self.job_written & (before != 0)):
            m.d.sync += before.eq(before - 1)

        waiting = Mux(self.layer_first, jobs, before)
        m.d.comb += [
            self.half_free.eq((halves != 2) & (jobs != IN_FLIGHT)),
            self.written.eq(waiting <= self.allow),
        ]
        return m
