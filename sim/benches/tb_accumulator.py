# SPDX-License-Identifier: Apache-2.0
"""Sums added to the banks while others are read; addresses recur after 4 cycles."""

import os
from collections import deque

import cocotb
import numpy as np
from cocotb.queue import Queue
from cocotb.triggers import Event, RisingEdge

from hw.contents import pack
from hw.engine.accumulator import DEPTH, AccumulatorBanks
from sim.benches.bench import extremes, generator, play, start, unpack
from sim.benches.components import TILINGS

TILING = TILINGS[os.environ["TILING"]]
PASSES = 3
RECURRENCE = AccumulatorBanks.recurrence
CONTROL_LEAD = AccumulatorBanks.control_lead
LEAD = 3  # cycles that a reader is ahead of what opens behind it


class Adder:
    """Drive control and, later and skewed, the sums that belong to it."""

    def __init__(self, dut, rng):
        self.dut, self.rng = dut, rng
        self.columns, self.hop = TILING.array.columns, TILING.array.hop
        groups = -(-self.columns // self.hop)
        self.line = deque([self.garbage() for _ in range(CONTROL_LEAD + groups)])

    def garbage(self):
        limit = 1 << TILING.psum_width - 1
        return self.rng.integers(-limit, limit, self.columns)

    async def cycle(self, psums=None, *, half=0, address=0, opens=0, job_last=0):
        """Add `psums` at `address`, or nothing."""
        valid = psums is not None
        drives = {"valid": valid, "half": half, "address": address}
        drives |= {"opens": opens, "job_last": job_last and valid}
        for name, value in drives.items():
            getattr(self.dut, f"accumulator__{name}").value = int(value)
        self.line.appendleft(psums if valid else self.garbage())
        self.line.pop()
        skewed = [self.line[CONTROL_LEAD + c // self.hop][c] for c in range(self.columns)]
        self.dut.accumulator__psums.value = pack(skewed, TILING.psum_width)
        await RisingEdge(self.dut.clk)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(gap=[0.0, 0.4])
async def accumulates(dut, gap):
    rng = generator()
    adder = Adder(dut, rng)
    limit = 1 << TILING.psum_width - 1
    free = [Event(), Event()]
    for event in free:
        event.set()
    jobs, done = [], Queue()

    dut.accumulator__valid.value = 0
    await start(dut)
    watcher = cocotb.start_soon(watch(dut, done))
    reader = cocotb.start_soon(read(dut, jobs, done, free))
    for n, size in enumerate((RECURRENCE, RECURRENCE + 1, 48, DEPTH, 7, DEPTH, RECURRENCE, 30)):
        half = n % 2
        while not free[half].is_set():
            await adder.cycle(half=half, address=rng.integers(DEPTH), opens=rng.integers(2))
        free[half].clear()
        addresses = rng.permutation(DEPTH)[:size]
        sums = extremes(rng, -limit, limit - 1, (PASSES, size, TILING.array.columns))
        jobs.append((addresses, sums.sum(axis=0)))
        for turn in range(PASSES):
            for at, address in enumerate(addresses):
                while rng.random() < gap:
                    await adder.cycle(half=half, address=address, opens=1)
                await adder.cycle(
                    sums[turn, at],
                    half=half,
                    address=address,
                    opens=turn == 0,
                    job_last=turn == PASSES - 1 and at == size - 1,
                )
    for _ in range(2 * DEPTH):
        await adder.cycle()
    watcher.cancel()
    reader.cancel()
    assert done.empty()
    assert not jobs, "a job was not read"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def opens_behind_the_reader(dut):
    """While a job is read from the first sum on, the next one opens its sums in the same half."""
    rng = generator()
    adder = Adder(dut, rng)
    limit = 1 << TILING.psum_width - 1
    jobs = rng.integers(-limit, limit, (3, DEPTH, TILING.array.columns))
    late = AccumulatorBanks.read_latency
    dut.accumulator__valid.value = 0
    dut.accumulator__read_half.value = 1
    await start(dut)
    reading = None
    for n, job in enumerate(jobs):
        for at, sums in enumerate(job):
            await adder.cycle(sums, half=1, address=at, opens=1, job_last=at == DEPTH - 1)
        while not dut.accumulator__job_done.value:
            await adder.cycle()
        if reading:
            seen = (await reading)["accumulator__data"][late:]
            data = unpack(seen, TILING.acc_width, TILING.array.columns)
            np.testing.assert_array_equal(data, jobs[n - 1])
        addresses = [*range(DEPTH), *[0] * late]
        reading = cocotb.start_soon(
            play(dut, {"accumulator__read_address": addresses}, ["accumulator__data"])
        )
        for _ in range(LEAD):
            await adder.cycle()


async def watch(dut, done):
    """Put a word into `done` for each cycle of `job_done`."""
    while True:
        await RisingEdge(dut.clk)
        if dut.accumulator__job_done.value:
            done.put_nowait(True)


async def read(dut, jobs, done, free):
    """Read each job, from the cycle behind its `job_done` if the last one is read, and compare."""
    late = AccumulatorBanks.read_latency
    half = 0
    while True:
        await done.get()
        addresses, expected = (of_job[::-1] for of_job in jobs[0])  # the last sum first
        seen = await play(
            dut,
            {
                "accumulator__read_half": [half] * (len(addresses) + late),
                "accumulator__read_address": [*addresses, *addresses[:late]],
            },
            ["accumulator__data"],
        )
        data = unpack(seen["accumulator__data"], TILING.acc_width, TILING.array.columns)
        np.testing.assert_array_equal(data[late:], expected)
        jobs.pop(0)
        free[half].set()
        half ^= 1
