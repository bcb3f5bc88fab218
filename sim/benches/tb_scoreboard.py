# SPDX-License-Identifier: Apache-2.0
"""Jobs started, read and written at random, against plain lists."""

import os

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from hw.work import IN_FLIGHT
from sim.benches.bench import generator, start

assert os.environ["MACHINE"]  # the same in each
JOBS = 3000
HALVES = 2
EVENTS = ("job_start", "layer_start", "half_read", "job_written")
TILE = ("layer_first", "allow")


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def knows_what_is_written(dut):
    rng = generator()
    lengths = rng.choice([1, 2, 3, 7], JOBS)  # jobs of a layer
    layer = np.repeat(np.arange(JOBS), lengths)
    started = read = written = 0  # jobs
    answers = set()

    await start(dut)
    while written < JOBS:
        act = rng.random(3) < (0.3, 0.3, 0.15 if rng.random() < 0.5 else 0.5)
        room = started - read < HALVES and started - written < IN_FLIGHT
        starts = act[0] and started < JOBS and room
        reads = act[1] and read < started
        writes = act[2] and written < read
        begins = starts and (started == 0 or layer[started] != layer[started - 1])
        layer_first, allow = rng.random() < 0.5, rng.integers(IN_FLIGHT, endpoint=True)
        values = (starts, begins, reads, writes, layer_first, allow)
        for name, value in zip(EVENTS + TILE, values, strict=True):
            getattr(dut, f"scoreboard__{name}").value = int(value)

        outstanding = layer[written:started]
        if not layer_first:
            outstanding = outstanding[outstanding < layer[max(0, started - 1)]]
        await RisingEdge(dut.clk)
        answer = int(dut.scoreboard__written.value)
        assert answer == (len(outstanding) <= allow), f"job {written}"
        assert int(dut.scoreboard__half_free.value) == room
        answers.add((bool(layer_first), len(outstanding), int(allow)))

        started, read, written = started + starts, read + reads, written + writes
    assert len(answers) > 20, "the stimulus is too tame"
