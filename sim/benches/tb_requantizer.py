# SPDX-License-Identifier: Apache-2.0
"""The requantizer against :func:`golden.arithmetic.requantize`, every constant new each cycle."""

import os

import cocotb
import numpy as np

from golden.arithmetic import (
    ACT_MAX,
    LEAKY_MAX,
    LEAKY_MIN,
    TABLE_MAX,
    TABLE_MIN,
    requantize,
)
from golden.spec import MAX_SHIFT
from hw.contents import pack
from hw.engine.requantizer import OUT_BITS, Requantizer
from sim.benches.bench import extremes, generator, play, start, unpack
from sim.benches.components import MACHINES

MACHINE = MACHINES[os.environ["MACHINE"]]
ACC_MAX = (1 << MACHINE.acc_width - 1) - 1
TOTAL_MAX = (1 << MACHINE.acc_width) - 1  # of acc + bias
CLIPS = {0: (0, ACT_MAX), 1: (LEAKY_MIN, LEAKY_MAX), 2: (TABLE_MIN, TABLE_MAX)}


def stimuli(rng):
    """Return rows of acc, bias, mul, neg, shift and clip."""
    rows = []
    for shift in range(1, MAX_SHIFT + 1):
        for clip, (low, high) in CLIPS.items():
            for target in (low, high, *rng.integers(low, high, 8)):
                for nudge in (-1, 0, 1):  # one below, at and above a tie, where mul permits
                    total, factor = aim(rng, 2 * int(target) - 1, shift, nudge)
                    least = max(-ACC_MAX, total - TOTAL_MAX)
                    acc = int(rng.integers(least, min(ACC_MAX, total + TOTAL_MAX), endpoint=True))
                    factors = [factor, int(rng.integers(65536))]
                    rows.append(
                        (acc, total - acc, *factors[:: -1 if total < 0 else 1], shift, clip)
                    )
            ends = extremes(rng, -ACC_MAX, ACC_MAX, (10, 2))
            for (acc, bias), factors in zip(ends, extremes(rng, 0, 65535, (10, 2)), strict=True):
                rows.append((acc, bias, *factors, shift, clip))
    return rng.permutation(np.array(rows, np.int64))


def aim(rng, halves, shift, nudge):
    """Return total and factor whose product is near ``halves * 2**(shift - 1)``, a tie; exact if
    so.

    With a factor of ``2**k`` the tie is exact where ``k < shift``; `nudge` moves the total by one.
    """
    fitting = [
        k
        for k in range(min(16, shift))
        if abs(halves) << shift - 1 - k < TOTAL_MAX - 1 and shift - 1 - k >= 0
    ]
    if fitting:
        k = int(rng.choice(fitting))
        return (halves << shift - 1 - k) + nudge, 1 << k
    total = int(rng.integers(-TOTAL_MAX, TOTAL_MAX, endpoint=True))
    return total, 65535


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def equals_golden(dut):
    rows = stimuli(generator())
    acc, bias, mul, neg, shift, clip = rows.T
    expected, ties, inside = [], 0, 0
    for a, b, m, n, s, c in rows:
        low, high = CLIPS[c]
        out = requantize(a.reshape(1, 1, 1), [b], [m], s, low=low, high=high, neg=[n]).item()
        expected.append(out)
        product = int(a + b) * int(n if a + b < 0 else m)
        ties += product % 2 ** int(s) == 2 ** int(s - 1) and low < out < high
        inside += low < out < high
    assert ties > 100
    assert inside > len(rows) / 4

    width = MACHINE.acc_width
    await start(dut)
    seen = await play(
        dut,
        {
            "requantizer__acc": [pack([a], width) for a in acc],
            "requantizer__bias": [pack([b], width + 1) for b in bias],
            "requantizer__mul": mul,
            "requantizer__neg": neg,
            "requantizer__shift": shift,
            "requantizer__clip": clip,
        },
        ["requantizer__out"],
    )
    out = unpack(seen["requantizer__out"], OUT_BITS, 1)[:, 0]
    late = Requantizer.latency
    np.testing.assert_array_equal(out[late:], expected[:-late])
