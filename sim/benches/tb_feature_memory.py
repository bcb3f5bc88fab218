# SPDX-License-Identifier: Apache-2.0
"""The banks against an array: rows written on their own at one address, read all at once."""

import os

import cocotb
import numpy as np

from hw.contents import pack
from hw.engine.feature_memory import FeatureMemory
from sim.benches.bench import generator, play, start, unpack
from sim.benches.components import MACHINES

MACHINE = MACHINES[os.environ["MACHINE"]]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def keeps_rows_apart(dut):
    rng = generator()
    rows, depth, cycles = MACHINE.array.rows, MACHINE.map_words, 4000
    used = np.append(rng.integers(0, depth, 30), [0, depth - 1])  # few, so that reads meet writes
    address, write_address = rng.choice(used, (2, cycles))
    write_data = rng.integers(0, 256, (cycles, rows))
    write_en = rng.random((cycles, rows)) < 0.3

    held = np.full((depth, rows), -1)
    expected = np.full((cycles, rows), -1)
    for n in range(cycles):
        collides = write_en[n] & (write_address[n] == address[n])  # unspecified
        expected[n] = np.where(collides, -1, held[address[n]])
        where = np.flatnonzero(write_en[n])
        held[write_address[n], where] = write_data[n, where]

    await start(dut)
    seen = await play(
        dut,
        {
            "feature_memory__address": address,
            "feature_memory__write_en": [pack(row, 1) for row in write_en],
            "feature_memory__write_address": write_address,
            "feature_memory__write_data": [pack(row, 8) for row in write_data],
        },
        ["feature_memory__data"],
    )
    late = FeatureMemory.latency
    data = unpack(seen["feature_memory__data"], 8, rows, signed=False)[late:]
    known = expected[:-late] >= 0
    assert known.mean() > 0.8
    np.testing.assert_array_equal(data[known], expected[:-late][known])
