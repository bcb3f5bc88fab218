# SPDX-License-Identifier: Apache-2.0
"""The weight memory against its contents, round and round."""

import os

import cocotb
import numpy as np

from hw.engine.weight_memory import WeightMemory
from sim.benches.bench import generator, play, start
from sim.benches.components import TILINGS, weight_contents

TILING = TILINGS[os.environ["TILING"]]


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.5])
async def gives_its_words_over_and_over(dut, pause):
    words = weight_contents(TILING)
    take = generator().random(2 * len(words) + 9) >= pause

    await start(dut)
    outputs = ["weight_memory__o__word", "weight_memory__o__valid"]
    seen = await play(dut, {"weight_memory__o__take": take}, outputs)

    late = WeightMemory.latency
    given = np.array(seen["weight_memory__o__word"])[late:][take[:-late]]
    assert list(given) == (3 * words)[: len(given)]
    assert all(seen["weight_memory__o__valid"])
