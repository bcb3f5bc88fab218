# SPDX-License-Identifier: Apache-2.0
"""Sums of columns."""

import os

import cocotb
import numpy as np

from hw.array import LANES
from hw.contents import pack
from hw.engine.tap_adder import TapAdder
from sim.benches.bench import extremes, generator, play, start, unpack
from sim.benches.components import MACHINES
from sim.benches.expected import columns_of

MACHINE = MACHINES[os.environ["MACHINE"]]
CYCLES = 3000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def adds(dut):
    rng = generator()
    lanes, width = MACHINE.array.lanes, MACHINE.acc_width
    limit = 1 << width - 1
    columns = extremes(rng, -limit, limit - 1, (CYCLES, 4 * lanes))
    spread = rng.random(CYCLES) < 0.5

    expected = np.zeros((CYCLES, LANES), np.int64)
    for n in range(CYCLES):
        for lane in range(lanes):
            for c in columns_of(lanes, lane):
                expected[n, lane if spread[n] else 0] += columns[n, c]
    expected = (expected + limit) % (2 * limit) - limit  # the machine's own sums never wrap

    await start(dut)
    seen = await play(
        dut,
        {
            "tap_adder__spread": spread,
            "tap_adder__columns": [pack(row, width) for row in columns],
        },
        ["tap_adder__sums"],
    )
    sums = unpack(seen["tap_adder__sums"], width, LANES)[TapAdder.latency :]
    used = np.arange(LANES) < np.where(spread, lanes, 1)[:, None]
    used |= np.arange(LANES) >= lanes  # lanes that there are not are 0
    for got, wanted, lane in zip(sums, expected, used):
        np.testing.assert_array_equal(got[lane], wanted[lane])
