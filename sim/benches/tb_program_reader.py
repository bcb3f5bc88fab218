# SPDX-License-Identifier: Apache-2.0
"""Random lists of words, walked pass after pass; what is fetched is what loops in Python give."""

import os

import cocotb
import numpy as np

from hw.engine.program_reader import FETCH_CYCLES
from sim.benches.bench import generator, record, reset, serve, start
from sim.benches.components import WORD

assert os.environ["MACHINE"]  # the same in each
PASSES = 3
OUTPUTS = (
    "valid", "known", "take", "pass_word", "layer", "job", "column_tile",
    "layer_first", "layer_last", "tile_last", "last_tile",
)  # fmt: skip


def program(rng, layers):
    """Return random words, and what is expected of each job of a pass."""
    words, jobs = [], []

    def word(**fields):
        fields |= {"number": int(rng.integers(256))}
        words.append(WORD.const(fields).as_value().value)
        return words[-1]

    word(layers=layers - 1)
    for _ in range(layers):
        counts = rng.integers(1, 5, 2)
        if layers > 2:
            counts[rng.integers(2)] = 1
        of_layer = [word(jobs=counts[0] - 1, column_tiles=counts[1] - 1), word()]
        of_jobs = [word() for _ in range(counts[0])]
        for tile in range(counts[1]):
            for n, job in enumerate(of_jobs):
                last, last_tile = n == counts[0] - 1, tile == counts[1] - 1
                jobs.append(
                    {
                        "pass_word": words[0],
                        "layer": of_layer[0] | of_layer[1] << WORD.size,
                        "job": job,
                        "column_tile": tile,
                        "layer_first": n == 0 and tile == 0,
                        "layer_last": last and last_tile,
                        "tile_last": last,
                        "last_tile": last_tile,
                    }
                )
    return words, jobs


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.5])
async def walks_programs(dut, pause):
    rng = generator()
    dut.program_reader__take.value = 0
    await start(dut)
    for layers in (1, 2, 8, 3):
        words, jobs = program(rng, layers)
        ram = cocotb.start_soon(
            serve(dut, "program_reader__address", "program_reader__data", words)
        )
        await reset(dut)
        await walk(dut, rng, pause, PASSES * jobs)
        ram.cancel()


async def walk(dut, rng, pause, jobs):
    taken = 0

    def drive(log):
        nonlocal taken
        if log["valid"]:
            taken += log["valid"][-1] & log["take"][-1]
        return None if taken == len(jobs) else {"take": rng.random() >= pause}

    # `take` counts only while `valid`, which the reader's user sees in the same cycle.
    log = {name: np.array(values) for name, values in (
        await record(dut, "program_reader", OUTPUTS, drive)
    ).items()}  # fmt: skip
    taken_at = np.flatnonzero(log["valid"] & log["take"])
    for n, (at, job) in enumerate(zip(taken_at, jobs, strict=True)):
        assert log["known"][at]
        assert {name: log[name][at] for name in job} == job, f"job {n}"
    if not pause:
        fetched = [3 if job["layer_last"] else 1 for job in jobs[:-1]]
        np.testing.assert_array_equal(np.diff(taken_at), [1 + FETCH_CYCLES * n for n in fetched])
    assert taken_at[0] >= 4 * FETCH_CYCLES - 1
