# SPDX-License-Identifier: Apache-2.0
"""The requantizer against :func:`golden.arithmetic.requantize`, every constant new each cycle."""

import os

import cocotb
import numpy as np

from golden.arithmetic import ACT_MAX, TABLE_MAX, TABLE_MIN, requantize
from golden.spec import MAX_SHIFT
from hw.contents import pack
from hw.engine.requantizer import OUT_BITS, Requantizer
from sim.benches.bench import extremes, generator, play, start, unpack
from sim.benches.components import TILINGS

TILING = TILINGS[os.environ["TILING"]]
ACC_MAX = max(layer.acc_max for layer in TILING.spec.shapes)
BIAS_MAX = ACC_MAX * 3 // 2  # layer 1's with the sum of v1 or v2


def stimuli(rng):
    """Return rows of acc, bias, mul, shift and the target they were made for, or None."""
    rows = []
    for shift in range(1, MAX_SHIFT + 1):
        for wide in (0, 1):
            low, high = (TABLE_MIN, TABLE_MAX) if wide else (0, ACT_MAX)
            for target in (low, high, *rng.integers(low, high, 8)):
                for nudge in (-1, 0, 1):  # one below, at and above a tie, where mul permits
                    total, mul = aim(rng, 2 * int(target) - 1, shift, nudge)
                    bias = int(rng.integers(-BIAS_MAX, BIAS_MAX, endpoint=True))
                    bias = max(total - ACC_MAX, min(total + ACC_MAX, bias))
                    rows.append((total - bias, bias, mul, shift, wide))
            ends = extremes(rng, -ACC_MAX, ACC_MAX, (10, 2))
            for (acc, bias), mul in zip(ends, extremes(rng, 0, 65535, 10), strict=True):
                rows.append((acc, bias, mul, shift, wide))
    return rng.permutation(np.array(rows, np.int64))


def aim(rng, halves, shift, nudge):
    """Return total and mul with total * mul near ``halves * 2**(shift - 1)``, a tie; exact if so.

    With ``mul = 2**k`` the tie is exact where ``k < shift``; `nudge` moves the total by one.
    """
    fitting = [
        k
        for k in range(min(16, shift))
        if abs(halves) << shift - 1 - k < 2 * ACC_MAX - 1 and shift - 1 - k >= 0
    ]
    if fitting:
        k = int(rng.choice(fitting))
        return (halves << shift - 1 - k) + nudge, 1 << k
    total = int(rng.integers(-ACC_MAX, ACC_MAX, endpoint=True))
    return total, 65535


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def equals_golden(dut):
    rows = stimuli(generator())
    acc, bias, mul, shift, wide = rows.T
    expected, ties, inside = [], 0, 0
    for a, b, m, s, w in rows:
        low, high = (TABLE_MIN, TABLE_MAX) if w else (0, ACT_MAX)
        out = requantize(a.reshape(1, 1, 1), [b], [m], s, low=low, high=high).item()
        expected.append(out)
        product = int(a + b) * int(m)
        ties += product % 2 ** int(s) == 2 ** int(s - 1) and low < out < high
        inside += low < out < high
    assert ties > 100
    assert inside > len(rows) / 4

    width = TILING.acc_width
    await start(dut)
    seen = await play(
        dut,
        {
            "requantizer__acc": [pack([a], width) for a in acc],
            "requantizer__bias": [pack([b], width + 1) for b in bias],
            "requantizer__mul": mul,
            "requantizer__shift": shift,
            "requantizer__wide": wide,
        },
        ["requantizer__out"],
    )
    out = unpack(seen["requantizer__out"], OUT_BITS, 1)[:, 0]
    late = Requantizer.latency
    np.testing.assert_array_equal(out[late:], expected[:-late])
