# SPDX-License-Identifier: Apache-2.0
"""The steps of two avatars against :mod:`sim.benches.expected`, while jobs and room for pictures
come late.
"""

import os

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from hw.engine.readout import step_layout
from sim.benches import expected
from sim.benches.bench import fields, generator, start
from sim.benches.components import TILINGS

TILING = TILINGS[os.environ["TILING"]]
AVATARS = 2
HALVES = 2


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(pace=[1.0, 0.02])
async def walks_the_jobs(dut, pace):
    jobs = AVATARS * list(expected.jobs(TILING))
    await start(dut)
    log = await record(dut, generator(), pace, jobs)

    layout = step_layout(TILING)
    steps = [(cycle, word) for cycle, word in enumerate(log["step"]) if word & 1]
    assert len(steps) == sum(map(len, jobs))
    done = np.flatnonzero(log["job_done"])
    takes = list(np.flatnonzero(log["picture_take"]))
    assert len(takes) == AVATARS
    assert all(log["picture_free"][cycle] for cycle in takes)
    last = -1
    for n, job in enumerate(jobs):
        mine, steps = steps[: len(job)], steps[len(job) :]
        for (_, word), step in zip(mine, job, strict=True):
            step = step | {"half": n % HALVES}
            assert fields(layout, word, step) == step, f"job {n}"
        first = mine[0][0]
        assert first > done[n], f"job {n} was read before it was done"
        if job[0]["layer"] == 3 and jobs[n - 1][0]["layer"] != 3:
            assert last - 1 < takes.pop(0) < first, "layer 4 began without room for a picture"
        assert mine[-1][0] - first == len(job) - 1, f"job {n} has gaps"
        if pace == 1.0 and n:
            assert first - last == 2, f"job {n} was late"
        last = mine[-1][0]


async def record(dut, rng, pace, jobs):
    """Fill halves and make room at random; return what happened in each cycle."""
    names = ("job_done", "picture_free", "picture_take", "step")
    handles = {name: getattr(dut, f"readout__{name}") for name in names}
    log = {name: [] for name in names}
    last = step_layout(TILING)["job_last"].offset
    filled, waiting, read = 0, 0, 0
    while read < len(jobs):
        done = filled < len(jobs) and waiting < HALVES and rng.random() < pace
        filled, waiting = filled + done, waiting + done
        handles["job_done"].value = int(done)
        handles["picture_free"].value = int(rng.random() < max(pace, 0.1))
        await RisingEdge(dut.clk)
        for name, handle in handles.items():
            log[name].append(int(handle.value))
        ended = log["step"][-1] >> last & 1
        read, waiting = read + ended, waiting - ended
    return log
