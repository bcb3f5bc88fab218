# SPDX-License-Identifier: Apache-2.0
"""The words of a pass, round and round; some jobs take those of the one before again."""

import os

import cocotb
import numpy as np

from hw.array import with_gaps
from hw.contents import spaced
from hw.engine.weight_memory import WeightReader
from sim.benches.bench import generator, play, serve, start
from sim.benches.components import MACHINES

MACHINE = MACHINES[os.environ["MACHINE"]]
PASSES = 3


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.5])
async def gives_its_words_over_and_over(dut, pause):
    rng = generator()
    again = [False, *(rng.random(12) < 0.5)]
    again[3:6] = True, True, False  # twice again
    count, order, job = 0, [], range(0)  # words; (address, first of its job, again) of each taken
    for n, repeats in enumerate(again):
        if not repeats:
            job = range(count, count + (rng.integers(1, 600) if n else 1))
            count = job.stop
        order += [(at, at == job[0], repeats) for at in job]
    words = [int(word) for word in rng.permutation(count) + 1]
    last = with_gaps(count) - 1
    takes = PASSES * order
    take = rng.random(round(len(takes) * (1 + 3 * pause))) >= pause
    take &= np.cumsum(take) <= len(takes)

    first, from_before, expected = [], [], []
    coming = iter(takes)
    at, begins, repeats = next(coming)
    for taken in take:  # what stands at the ports while nothing is taken must not count
        first.append(begins)
        from_before.append(repeats)
        expected.append(words[at] if taken else None)
        if taken:
            at, begins, repeats = next(coming, (0, False, False))

    dut.weight_memory__last.value = last
    ports = "weight_memory__address", "weight_memory__data"
    cocotb.start_soon(serve(dut, *ports, spaced(words), gap=True))
    await start(dut)
    inputs = {"o__take": take, "o__job_first": first, "o__again": from_before}
    seen = await play(
        dut,
        {f"weight_memory__{name}": values for name, values in inputs.items()},
        ["weight_memory__o__word", "weight_memory__o__valid"],
    )
    late = WeightReader.latency
    given = np.array(seen["weight_memory__o__word"])[late:]
    pairs = [(g, e) for g, e in zip(given, expected) if e is not None]
    assert len(pairs) > 2 * len(order)
    np.testing.assert_array_equal(*zip(*pairs, strict=True))
    assert all(seen["weight_memory__o__valid"])
