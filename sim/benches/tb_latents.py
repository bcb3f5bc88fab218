# SPDX-License-Identifier: Apache-2.0
"""Latents of the chip against the reference: every kind, walk and size, under stalls."""

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge

from golden.on_chip_latents import MAX_SEED, draw_on_chip
from sim.benches.bench import cycle, generator, start
from sim.streams import StreamSink

SATURATING = (0, 93)  # whose first walk of two steps goes below -128, and above 127
SLOWEST = 148  # clocks of a number


async def begin(dut, seed, distribution, latent, walk):
    """Restart with these inputs; returns at a falling edge."""
    dut.seed.value = seed
    dut.categorical.value = int(distribution == "categorical")
    dut.latent.value = latent
    dut.walk.value = walk
    dut.restart.value = 1
    await ClockCycles(dut.clk, 1)
    await FallingEdge(dut.clk)
    dut.restart.value = 0


async def compare(dut, sink, seed, distribution, latent, walk, count):
    await begin(dut, seed, distribution, latent, walk)
    drawn = np.array(await sink.recv(count * latent), np.uint8).astype(np.int8)
    wanted = draw_on_chip(seed, count, distribution, latent, 1 << walk)
    np.testing.assert_array_equal(
        drawn.reshape(count, latent), wanted, f"{distribution}, seed {seed}, walk {walk}"
    )


@cocotb.test(timeout_time=40, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5], distribution=["normal", "categorical"])
async def equals_the_reference(dut, stall, distribution):
    rng = generator()
    sink = StreamSink(dut, "o", stall=stall)
    dut.restart.value = 0
    await start(dut)
    for walk in range(6):
        for latent in (100, 5 * int(rng.integers(1, 60))):
            seed = int(rng.integers(0, MAX_SEED, endpoint=True))
            count = 2 * (1 << walk) + 3 if distribution == "normal" else 13
            await compare(dut, sink, seed, distribution, latent, walk, min(count, 3000 // latent))


@cocotb.test(timeout_time=60, timeout_unit="ms")
@cocotb.parametrize(distribution=["normal", "categorical"])
async def takes_every_seed_and_size(dut, distribution):
    rng = generator()
    sink = StreamSink(dut, "o")
    dut.restart.value = 0
    await start(dut)
    for latent in (5, 10, 1020, 1024 if distribution == "normal" else 1015):
        await compare(dut, sink, MAX_SEED, distribution, latent, 1, 3)
    if distribution == "normal":
        for latent in (1, 2, 99):
            await compare(dut, sink, 0, distribution, latent, 3, 20)
        for seed in SATURATING:
            await compare(dut, sink, seed, distribution, 100, 1, 2)
    for seed in (
        0,
        1,
        MAX_SEED - 1,
        *(1 << rng.permutation(32)[:20]),
        *rng.integers(0, 1 << 32, 20),
    ):
        walk = int(rng.integers(0, 3))
        await compare(dut, sink, int(seed), distribution, 20, walk, 4)


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(distribution=["normal", "categorical"])
async def is_fast_enough_and_begins_anew_at_any_time(dut, distribution):
    rng = generator()
    sink = StreamSink(dut, "o")
    dut.restart.value = 0
    await start(dut)
    for _ in range(10):
        await begin(dut, int(rng.integers(0, 1 << 32)), distribution, 100, 2)
        dut.o__ready.value = 1
        await ClockCycles(dut.clk, int(rng.integers(1, 5000)))
    times = []
    await begin(dut, 3, distribution, 100, 0)
    await sink.recv(4000, taken=lambda _: times.append(cycle()))
    clocks = np.diff(times)
    assert clocks.max() <= SLOWEST
    assert clocks[99:].mean() < (60 if distribution == "normal" else 5)
