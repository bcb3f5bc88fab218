# SPDX-License-Identifier: Apache-2.0
"""Latents in, groups of their numbers out, while the next latent comes in."""

import os

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge

from hw.contents import pack
from hw.engine.latent_memory import LatentMemory
from sim.benches.bench import extremes, generator, play, start, unpack
from sim.benches.components import TILINGS
from sim.streams import StreamSource

TILING = TILINGS[os.environ["TILING"]]
LATENTS = 5


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5])
async def keeps_two_latents(dut, stall):
    rng = generator()
    rows, latent = TILING.array.rows, TILING.spec.latent
    latents = extremes(rng, -128, 127, (LATENTS, latent))

    dut.latent_memory__done.value = 0
    source = StreamSource(dut, "latent_memory__i", stall=stall)
    await start(dut)
    assert not dut.latent_memory__ready.value
    taken = []

    async def send():
        for numbers in latents:
            await source.send(pack([z], 8) for z in numbers)
            taken.append(len(taken))

    cocotb.start_soon(send())
    for n, z in enumerate(latents):
        await ready(dut)
        assert len(taken) >= n
        if n % 2:  # a slow reader: the source fills both places and has to wait
            await ClockCycles(dut.clk, 4 * latent)
            assert len(taken) == min(n + 2, LATENTS)
            assert n + 2 > LATENTS or not dut.latent_memory__i__ready.value
        await read(dut, rng, z, rows)
        await play(dut, {"latent_memory__done": [1, 0]})
    assert not dut.latent_memory__ready.value
    assert dut.latent_memory__i__ready.value


async def ready(dut):
    """Wait for a whole latent."""
    while not dut.latent_memory__ready.value:
        await RisingEdge(dut.clk)


async def read(dut, rng, z, rows):
    """Read every group, some twice, and compare the rows in use."""
    groups = np.arange(TILING.layers[0].row_tiles)
    late = LatentMemory.latency
    at = np.append(rng.permutation(np.tile(groups, 4)), [0] * late)
    seen = await play(dut, {"latent_memory__group": at}, ["latent_memory__numbers"])
    numbers = unpack(seen["latent_memory__numbers"], 8, rows)[late:]
    for group, row in zip(at[:-late], numbers, strict=True):
        expected = z[group * rows : (group + 1) * rows]
        np.testing.assert_array_equal(row[: len(expected)], expected, f"group {group}")
