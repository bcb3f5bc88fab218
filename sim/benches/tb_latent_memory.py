# SPDX-License-Identifier: Apache-2.0
"""Latents of passes in, words of their numbers out, while those of the next pass come in."""

import os

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge

from hw.contents import pack
from hw.engine.latent_memory import LatentMemory
from sim.benches.bench import extremes, generator, play, reset, start, unpack
from sim.benches.components import MACHINES
from sim.streams import StreamSource

MACHINE = MACHINES[os.environ["MACHINE"]]
ROWS, WORDS = MACHINE.array.rows, MACHINE.latent_words
PASSES = 5
SHAPES = (  # numbers of a latent, latents of a pass
    (1, 1),
    (ROWS, 4),
    (ROWS + 1, 3),
    (3 * ROWS - 2, 2),
    (WORDS // 4 * ROWS, 4),
    (WORDS * ROWS, 1),
)


@cocotb.test(timeout_time=3, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5])
async def keeps_two_passes(dut, stall):
    rng = generator()
    source = StreamSource(dut, "latent_memory__i", stall=stall)
    dut.latent_memory__done.value = 0
    dut.latent_memory__known.value = 0
    await start(dut)
    for latent, slots in SHAPES:
        await draw(dut, rng, source, latent, slots)


async def draw(dut, rng, source, latent, slots):
    """Bring latents of that shape in, and read them."""
    dut.latent_memory__known.value = 0
    await reset(dut)
    passes = extremes(rng, -128, 127, (PASSES, slots, latent))
    taken = []

    async def send():
        for numbers in passes:
            await source.send(pack([z], 8) for z in numbers.reshape(-1))
            taken.append(len(taken))

    sending = cocotb.start_soon(send())
    await ClockCycles(dut.clk, 5)
    assert not dut.latent_memory__i__ready.value, "the program is not known"
    dut.latent_memory__last.value = latent - 1
    dut.latent_memory__latents.value = slots - 1
    dut.latent_memory__known.value = 1
    for n, numbers in enumerate(passes):
        assert n < len(taken) or not dut.latent_memory__ready.value
        while not dut.latent_memory__ready.value:
            await RisingEdge(dut.clk)
        assert len(taken) >= n
        if n % 2:  # a slow reader: the source fills both halves and has to wait
            await ClockCycles(dut.clk, 4 * slots * latent + 20)
            early = slots * latent == 1  # the one number that comes in before it is counted
            assert len(taken) == min(n + 2 + early, PASSES)
            assert n + 2 > PASSES or not dut.latent_memory__i__ready.value
        await ClockCycles(dut.clk, 1)  # the last number is on its way
        await read(dut, rng, numbers)
        await play(dut, {"latent_memory__done": [1, 0]})
    assert not dut.latent_memory__ready.value
    assert dut.latent_memory__i__ready.value
    await sending


async def read(dut, rng, numbers):
    """Read every word, some twice, and compare the rows in use."""
    slots, latent = numbers.shape
    groups = -(-latent // ROWS)
    late = LatentMemory.latency
    at = np.append(rng.permutation(np.tile(np.arange(groups * slots), 4)), [0] * late)
    seen = await play(dut, {"latent_memory__address": at}, ["latent_memory__numbers"])
    rows = unpack(seen["latent_memory__numbers"], 8, ROWS)[late:]
    for address, row in zip(at[:-late], rows, strict=True):
        group, slot = divmod(address, slots)
        expected = numbers[slot, group * ROWS : (group + 1) * ROWS]
        np.testing.assert_array_equal(row[: len(expected)], expected, f"word {address}")
