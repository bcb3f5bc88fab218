# SPDX-License-Identifier: Apache-2.0
"""The array against a matrix product a cycle, tiles as close as they may come."""

import os

import cocotb
import numpy as np

from golden.spec import INPUT_BITS
from hw.contents import pack
from hw.engine.systolic_array import array_latency
from sim.benches.bench import extremes, generator, play, start, unpack
from sim.benches.components import MACHINES

MACHINE = MACHINES[os.environ["MACHINE"]]
TILES = 60
SHARED = MACHINE.weight_bits <= 5  # two columns share a multiplier
assert not SHARED or not MACHINE.array.columns % 2 | MACHINE.array.hop % 2


def schedule(rng):
    """Return lists a cycle: load, index, word, swap, and the weights in use, or None at first.

    A tile's words begin in the cycle of the swap before; its own swap comes a cycle after the last
    of them or later. Tiles of fewer words leave old weights in their other rows.
    """
    array, bits = MACHINE.array, MACHINE.weight_bits
    limit = 2 ** (bits - 1) - 1
    whole = -(-array.macs_per_cycle // array.word_weights)
    load, index, word, swap, active = [], [], [], [], []
    shadow = np.zeros(whole * array.word_weights, np.int64)
    using = None

    def cycle(loaded=None, swapped=False):
        load.append(loaded is not None)
        index.append(rng.integers(whole) if loaded is None else loaded)
        weights = extremes(rng, -limit, limit, array.word_weights)
        stored = weights.copy()
        if SHARED:  # the second of two lends the first its sign
            stored[1::2] -= weights[::2] < 0
        word.append(pack(stored, bits))
        swap.append(swapped)
        active.append(using)
        if loaded is not None:
            shadow[loaded * array.word_weights :][: array.word_weights] = weights

    for tile in range(TILES):
        pause = 0.0 if tile % 2 else 0.4
        for n in range(whole if tile < 2 else rng.integers(1, whole, endpoint=True)):
            swapped = tile > 0 and n == 0
            if swapped:
                using = shadow[: array.macs_per_cycle].reshape(array.rows, array.columns).copy()
            while rng.random() < pause:
                cycle(swapped=swapped)
                swapped = False
            cycle(n, swapped=swapped)
        while rng.random() < pause:
            cycle()
    return load, index, word, swap, active


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def multiplies_matrices(dut):
    rng = generator()
    array = MACHINE.array
    load, index, word, swap, active = schedule(rng)
    act = extremes(rng, -256, 255, (len(load), array.rows))
    act[rng.random(len(load)) < 0.1] = -256  # all rows at once: the longest sums

    await start(dut)
    seen = await play(
        dut,
        {
            "systolic_array__act": [pack(row, INPUT_BITS) for row in act],
            "systolic_array__swap": swap,
            "systolic_array__load": load,
            "systolic_array__index": index,
            "systolic_array__word": word,
        },
        ["systolic_array__psums"],
    )
    psums = unpack(seen["systolic_array__psums"], MACHINE.psum_width, array.columns)
    latency = array_latency(MACHINE.array)
    for c in range(array.columns):
        late = latency + c // array.hop
        pairs = [
            (psums[n + late, c], act[n] @ active[n][:, c])
            for n in range(len(load) - late)
            if active[n] is not None
        ]
        assert len(pairs) > TILES
        np.testing.assert_array_equal(*zip(*pairs, strict=True), f"column {c}")
