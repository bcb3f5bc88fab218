# SPDX-License-Identifier: Apache-2.0
"""The weight stream against its contents, round and round."""

import os

import cocotb

from sim.bench import cycle, start
from sim.components import TILINGS, weight_contents
from sim.streams import StreamSink

TILING = TILINGS[os.environ["TILING"]]


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5])
async def sends_its_words_over_and_over(dut, stall):
    sink = StreamSink(dut, "weight_memory__o", stall=stall)
    words = weight_contents(TILING)

    await start(dut)
    begin = cycle()
    count = 2 * len(words) + 3
    assert await sink.recv(count) == (3 * words)[:count]
    if not stall:
        assert cycle() - begin == count + 2, "not a word a cycle"
