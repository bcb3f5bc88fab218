# SPDX-License-Identifier: Apache-2.0
"""One multiplier against a model of its two weights; MACHINE names the machine."""

import os

import cocotb
import numpy as np

from hw.contents import pack
from hw.engine.systolic_array import PE
from sim.benches.bench import extremes, generator, play, start, unpack
from sim.benches.components import MACHINES

MACHINE = MACHINES[os.environ["MACHINE"]]
LATENCY = PE.latency


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def multiplies_by_the_weight_of_the_last_swap(dut):
    rng = generator()
    cycles, bits = 2000, MACHINE.weight_bits
    act = extremes(rng, -256, 255, cycles)
    weight = extremes(rng, -(1 << bits - 1), (1 << bits - 1) - 1, cycles)
    load, swap = rng.random((2, cycles)) < 0.4  # often both at once: the new weight waits
    load[0], swap[:2] = True, [False, True]

    shadow = active = 0
    expected = []
    for n in range(cycles):
        active = shadow if swap[n] else active
        shadow = weight[n] if load[n] else shadow
        expected.append(act[n] * active)

    await start(dut)
    seen = await play(
        dut,
        {
            "pe__act": [pack([a], 9) for a in act],
            "pe__weight": [pack([w], bits) for w in weight],
            "pe__load": load,
            "pe__swap": swap,
        },
        ["pe__product"],
    )
    product = unpack(seen["pe__product"], 9 + bits, 1)[:, 0]
    np.testing.assert_array_equal(product[1 + LATENCY :], expected[1:-LATENCY])
