# SPDX-License-Identifier: Apache-2.0
"""Jobs started, read and written at random, against plain counts and comparisons."""

import os

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from sim.benches import expected
from sim.benches.bench import generator, start
from sim.benches.components import TILINGS

TILING = TILINGS[os.environ["TILING"]]
AVATARS = 30
EVENTS = ("job_start", "layer_start", "half_read", "row_written", "job_written")
TILE = ("layer_first", "layer", "rows_needed")


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def knows_what_is_written(dut):
    rng = generator()
    jobs = [
        (steps[0]["layer"], sum(step["row_last"] for step in steps))
        for steps in expected.jobs(TILING)
    ]
    count = AVATARS * len(jobs)
    layers, job_rows = np.tile(np.transpose(jobs), AVATARS)
    begins = np.append(True, np.diff(layers) != 0)
    layer_number = np.cumsum(begins)  # layers of the next avatar are others
    started = read = written = rows = 0  # jobs; rows of job `written`
    answers = set()

    await start(dut)
    while written < count:
        act = rng.random(3) < 0.3
        starts = act[0] and started < count and started - read < 2 and started - written < 3
        reads = act[1] and read < started and read - written < 1
        row = act[2] and written < started
        last_row = row and rows == job_rows[written] - 1
        if last_row and written >= read:
            row = last_row = False
        layer_first, rows_needed = rng.random() < 0.5, rng.integers(0, 8, endpoint=True)
        layer = 3 if rng.random() < 0.5 else rng.integers(4)
        events = starts, starts and begins[started], reads, row, last_row
        for name, value in zip(
            EVENTS + TILE, (*events, layer_first, layer, rows_needed), strict=True
        ):
            getattr(dut, f"scoreboard__{name}").value = int(value)

        outstanding = layer_number[written:started]
        if not layer_first:
            outstanding = outstanding[outstanding < layer_number[max(0, started - 1)]]
        few = layer == 3 and len(outstanding) == 1 and rows >= rows_needed
        await RisingEdge(dut.clk)
        drained = int(dut.scoreboard__drained.value)
        assert drained == (not len(outstanding) or few), f"job {written}, row {rows}"
        assert int(dut.scoreboard__half_free.value) == (started - read < 2)
        answers.add((bool(layer_first), len(outstanding), drained))

        started, read = started + starts, read + reads
        written, rows = written + last_row, 0 if last_row else rows + row
    assert len(answers) > 6, "the stimulus is too tame"
