# SPDX-License-Identifier: Apache-2.0
"""Sums added to the banks while others are read, each column at its own address.

Addresses recur as soon as they may.
"""

import os
from collections import deque

import cocotb
import numpy as np
from cocotb.queue import Queue
from cocotb.triggers import Event, RisingEdge

from hw.array import SUMS
from hw.contents import pack
from hw.engine.accumulator import AccumulatorBanks
from sim.benches.bench import extremes, generator, play, start, unpack
from sim.benches.components import MACHINES

MACHINE = MACHINES[os.environ["MACHINE"]]
PASSES = 3
RECURRENCE = AccumulatorBanks.recurrence
CONTROL_LEAD = AccumulatorBanks.control_lead
ADDRESS_BITS = (SUMS - 1).bit_length()
LEAD = 3  # cycles that a reader is ahead of what opens behind it


class Adder:
    """Drive control and, later and skewed, the sums that belong to it."""

    def __init__(self, dut, rng):
        self.dut, self.rng = dut, rng
        self.columns, self.hop = MACHINE.array.columns, MACHINE.array.hop
        groups = -(-self.columns // self.hop)
        self.line = deque([self.garbage() for _ in range(CONTROL_LEAD + groups)])

    def garbage(self):
        limit = 1 << MACHINE.psum_width - 1
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
        self.dut.accumulator__psums.value = pack(skewed, MACHINE.psum_width)
        await RisingEdge(self.dut.clk)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(gap=[0.0, 0.4])
async def accumulates(dut, gap):
    rng = generator()
    adder = Adder(dut, rng)
    limit = 1 << MACHINE.psum_width - 1
    free = [Event(), Event()]
    for event in free:
        event.set()
    jobs, done = [], Queue()

    dut.accumulator__valid.value = 0
    await start(dut)
    watcher = cocotb.start_soon(watch(dut, done))
    reader = cocotb.start_soon(read(dut, jobs, done, free))
    for n, size in enumerate((RECURRENCE, RECURRENCE + 1, 48, SUMS, 7, SUMS, RECURRENCE, 30)):
        half = n % 2
        while not free[half].is_set():
            await adder.cycle(half=half, address=rng.integers(SUMS), opens=rng.integers(2))
        free[half].clear()
        addresses = rng.permutation(SUMS)[:size]
        sums = extremes(rng, -limit, limit - 1, (PASSES, size, MACHINE.array.columns))
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
    for _ in range(2 * SUMS):
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
    limit = 1 << MACHINE.psum_width - 1
    jobs = rng.integers(-limit, limit, (3, SUMS, MACHINE.array.columns))
    late = AccumulatorBanks.read_latency
    dut.accumulator__valid.value = 0
    dut.accumulator__read_half.value = 1
    dut.accumulator__read_mask.value = (1 << MACHINE.array.columns) - 1
    await start(dut)
    reading = None
    for n, job in enumerate(jobs):
        for at, sums in enumerate(job):
            await adder.cycle(sums, half=1, address=at, opens=1, job_last=at == SUMS - 1)
        while not dut.accumulator__job_done.value:
            await adder.cycle()
        if reading:
            seen = (await reading)["accumulator__data"][late:]
            data = unpack(seen, MACHINE.acc_width, MACHINE.array.columns)
            np.testing.assert_array_equal(data, jobs[n - 1])
        addresses = [at_all(at) for at in (*range(SUMS), *[0] * late)]
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
    rng, late = generator(), AccumulatorBanks.read_latency
    half = 0
    while True:
        await done.get()
        addresses, sums = jobs[0]
        # The last sum first, then each column in an order of its own.
        order = np.tile(np.arange(len(addresses))[::-1, None], MACHINE.array.columns)
        order = np.concatenate([order, rng.permuted(order, axis=0)])
        words = [pack(addresses[row], ADDRESS_BITS) for row in order]
        masks = rng.random(order.shape) < 0.7
        seen = await play(
            dut,
            {
                "accumulator__read_half": [half] * (len(words) + late),
                "accumulator__read_address": [*words, *words[:1] * late],
                "accumulator__read_mask": [0] * (late - 1) + [pack(row, 1) for row in masks] + [0],
            },
            ["accumulator__data"],
        )
        data = unpack(seen["accumulator__data"], MACHINE.acc_width, MACHINE.array.columns)
        expected = np.take_along_axis(sums, order, axis=0) * masks
        np.testing.assert_array_equal(data[late:], expected)
        jobs.pop(0)
        free[half].set()
        half ^= 1


def at_all(address):
    """Return one address for all columns."""
    return pack([address] * MACHINE.array.columns, ADDRESS_BITS)
