# SPDX-License-Identifier: Apache-2.0
"""One multiplier of two weights against a model of all four; MACHINE names the machine."""

import os

import cocotb
import numpy as np

from hw.contents import pack
from hw.engine.dual_multiplier import DualPE
from sim.benches.bench import extremes, generator, play, start, unpack
from sim.benches.components import MACHINES

BITS = min(MACHINES[os.environ["MACHINE"]].weight_bits, 5)
LATENCY = DualPE.latency


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def multiplies_by_both_weights_of_the_last_swap(dut):
    """Each shadow is written on its own, the second after the first that it depends on."""
    rng = generator()
    cycles, limit = 3000, (1 << BITS - 1) - 1
    act = extremes(rng, -256, 255, cycles)
    weights = extremes(rng, -limit, limit, (cycles, 2))
    both, first, swap = rng.random((3, cycles)) < 0.3
    both[0], swap[:2] = True, [False, True]

    stored, load, expected = [], [], []
    shadow, active, whole = [0, 0], [0, 0], True
    for n in range(cycles):
        swap[n] &= whole  # never between the two
        if swap[n]:
            active = list(shadow)
        code = list(weights[n])
        if both[n] and whole:
            load.append(3)
            shadow = list(weights[n])
            code[1] -= weights[n][0] < 0
        elif not whole:
            load.append(2)
            shadow[1] = weights[n][1]
            code[1] -= shadow[0] < 0
            whole = True
        elif first[n]:
            load.append(1)
            shadow[0] = weights[n][0]
            whole = False
        else:
            load.append(0)
        stored.append(pack(code, BITS))
        expected.append(act[n] * np.array(active))

    await start(dut)
    seen = await play(
        dut,
        {
            "dual_pe__act": [pack([a], 9) for a in act],
            "dual_pe__weights": stored,
            "dual_pe__load": load,
            "dual_pe__swap": swap,
        },
        ["dual_pe__low", "dual_pe__high", "dual_pe__carry"],
    )
    low = unpack(seen["dual_pe__low"], 8 + BITS, 1)[:, 0]
    high = unpack(seen["dual_pe__high"], 8 + BITS, 1)[:, 0] + seen["dual_pe__carry"]
    products = np.stack([low, high], 1)
    np.testing.assert_array_equal(products[1 + LATENCY :], expected[1:-LATENCY])
