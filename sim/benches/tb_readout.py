# SPDX-License-Identifier: Apache-2.0
"""Random networks' jobs, read while they and room for pictures come late.

Halves are filled in symbols as each job's sweeps say; every step then reads what
:mod:`sim.benches.expected` defines, and writes it to its place, once.
"""

import os

import cocotb
import numpy as np

from hw.array import SUMS
from hw.engine.readout import REACH, step_layout
from hw.program import Program
from sim.benches.bench import fields, generator, places, record, reset, serve, start, unpack
from sim.benches.components import MACHINES
from sim.benches.networks import networks
from sim.benches.symbolic import SymbolicMachine

MACHINE = MACHINES[os.environ["MACHINE"]]
STEP = places(step_layout(MACHINE))
NETWORKS, PASSES, HALVES = 12, 2, 2
INPUTS = ("job_done", "picture_free")
OUTPUTS = ("picture_take", "step", "sums_y", "sums_x")


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(pace=[1.0, 0.02])
async def reads_each_sum_in_its_place(dut, pace):
    rng = generator()
    for name in INPUTS:
        getattr(dut, f"readout__{name}").value = 0
    await start(dut)
    for tiling in networks(rng, MACHINE, NETWORKS):
        dut._log.info(f"{tiling.spec}, {tiling.slots} slots, bands {tiling.bands}")
        program = Program.of(tiling, MACHINE).read
        ram = cocotb.start_soon(
            serve(dut, "readout__program_address", "readout__program_data", program)
        )
        await reset(dut)
        machine = SymbolicMachine(tiling, MACHINE)
        log = await walk(dut, rng, pace, PASSES * len(machine.plan.jobs))
        play_through(machine, tiling, log)
        assert machine.passes == PASSES
        ram.cancel()


async def walk(dut, rng, pace, jobs):
    """Fill halves and make room at random; return what happened in each cycle."""
    last, _ = STEP["job_last"]
    filled = waiting = read = 0

    def drive(log):
        nonlocal filled, waiting, read
        if log["step"]:
            ended = log["step"][-1] >> last & 1
            read, waiting = read + ended, waiting - ended
        if read == jobs:
            return None
        done = filled < jobs and waiting < HALVES and rng.random() < pace
        filled, waiting = filled + done, waiting + done
        return {"job_done": done, "picture_free": rng.random() < max(pace, 0.1)}

    return await record(dut, "readout", INPUTS + OUTPUTS, drive)


def play_through(machine, tiling, log):
    """Fill and read in the order of the log."""
    width = (SUMS - 1).bit_length()
    sums = {n: unpack(log[n], width, REACH, signed=False).tolist() for n in ("sums_y", "sums_x")}
    filled, seen, freed, previous, takes = 0, set(), [], None, 0
    jobs, last = len(machine.plan.jobs), tiling.layers[-1]
    first_of_last = jobs - len(last.jobs) * last.column_tiles
    for cycle, word in enumerate(log["step"]):
        if word & 1:
            step = fields(STEP, word)
            _, _, job = machine.plan.jobs[machine.read % jobs]
            assert machine.read < filled, "a job is read before it is filled"
            assert previous in (None, cycle - 1), "a job has gaps"
            before = [sums[name][cycle - 1] for name in ("sums_y", "sums_x")]
            if not seen and step["last"]:
                takes += machine.read % jobs == first_of_last
                assert sum(log["picture_take"][:cycle]) == takes, "no room was taken"
            machine.step(step, *before, read=1, written=cycle)
            seen.add((before[0][0] + before[1][0]) % SUMS)
            if step["frees_half"]:
                freed.append(step["job_last"] if step["last"] else len(seen) == job.free_after)
            previous = None if step["job_last"] else cycle
            if step["job_last"]:
                assert freed == [True], "a half is free once, when so much of it is read"
                seen.clear()
                freed.clear()
        if log["job_done"][cycle]:
            fill(machine, tiling, filled)
            filled += 1
    taken = np.flatnonzero(log["picture_take"])
    assert len(taken) == PASSES
    assert all(log["picture_free"][cycle - 1] for cycle in taken)  # room stays until it is taken


def fill(machine, tiling, number):
    """Add what the sweeps of a job bring."""
    n, _, job = machine.plan.jobs[number % len(machine.plan.jobs)]
    layer, time = tiling.layers[n], 0
    for row_tile in range(layer.row_tiles):
        for tap in job.taps:
            for sweep in tap.sweeps:
                for row, column in np.ndindex(sweep.rows, sweep.columns):
                    for slot in range(layer.slots):
                        time += SUMS
                        at = (sweep.y + row) * job.columns + sweep.x + column
                        source = sweep.in_y + row, sweep.in_x + column
                        machine.add(
                            {
                                "half": number % HALVES,
                                "sum": at * layer.slots + slot,
                                "opens": sweep.opens and row_tile == 0,
                                "time": time,
                                "layer": n,
                                "job": number,
                                "slot": slot,
                                "product": tap.place and (*source, *tap.place, row_tile),
                            }
                        )
