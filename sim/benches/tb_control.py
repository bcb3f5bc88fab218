# SPDX-License-Identifier: Apache-2.0
"""Random networks through the machine's control: every output sums what the definition says.

What beats and steps do to the memories is played through in symbols, each cycle in its place
(:mod:`sim.benches.symbolic`), so that nothing is read too early, overwritten, or added to at once.
"""

import os

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from hw.engine.accumulator import AccumulatorBanks
from hw.engine.feeder import beat_layout
from hw.engine.generator import OUTPUT_LATENCY
from hw.engine.readout import REACH, step_layout
from hw.program import Program
from hw.work import BOUND_CYCLES
from sim.benches.bench import fields, generator, places, start
from sim.benches.components import MACHINES
from sim.benches.control import Control, control_lag
from sim.benches.networks import networks
from sim.benches.symbolic import SymbolicMachine

MACHINE = MACHINES[os.environ["MACHINE"]]
CONTROL = Control(MACHINE)
SEEN, BEAT, STEP = map(places, (CONTROL.seen, beat_layout(MACHINE), step_layout(MACHINE)))
INPUTS = ("word_valid", "latent_ready", "picture_free")
NETWORKS = 14
PASSES = 2
ADDRESS = CONTROL.seen["sums_y"].shape.elem_shape


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.3])
async def sums_what_the_definition_says(dut, stall):
    rng = generator()
    for name in INPUTS:
        getattr(dut, f"control__{name}").value = 0
    dut.control__load__enable.value = 0
    await start(dut)
    for tiling in networks(rng, MACHINE, NETWORKS):
        dut._log.info(f"{tiling.spec}, {tiling.slots} slots, bands {tiling.bands}")
        dut.rst.value = 1
        await load(dut, Program.of(tiling, MACHINE))
        dut.rst.value = 0
        log = await run(dut, rng, stall, PASSES * len(list(tiling.walk())))
        machine = SymbolicMachine(tiling, MACHINE)
        play_through(machine, log)
        assert machine.passes == PASSES
        check_loads(machine, tiling, log)
        check_flags(machine, tiling, log)


async def load(dut, program):
    """Write a program over the bus, while in reset."""
    for place, memory in enumerate(CONTROL.memories):
        for address, word in enumerate(getattr(program, memory.name)):
            await FallingEdge(dut.clk)
            dut.control__load__enable.value = 1 << place
            dut.control__load__address.value = address
            dut.control__load__data.value = word
    await FallingEdge(dut.clk)
    dut.control__load__enable.value = 0
    for _ in range(4):
        await FallingEdge(dut.clk)


async def run(dut, rng, stall, jobs):
    """Return a list of (word of the output port, inputs) for each cycle of so many jobs."""
    job_last = SEEN["step"][0] + STEP["job_last"][0]
    output = dut.control__o
    inputs = {name: getattr(dut, f"control__{name}") for name in INPUTS}
    log, idle = [], 0
    while jobs:
        given = rng.random(len(INPUTS)) >= stall
        for handle, value in zip(inputs.values(), given, strict=True):
            handle.value = int(value)
        await RisingEdge(dut.clk)
        word = int(output.value)
        log.append((word, dict(zip(INPUTS, given, strict=True))))
        idle = 0 if word & LIVE else idle + 1
        assert idle < 1000, "the machine stands still"
        jobs -= word >> job_last & 1
    return log


def mask(name):
    """Return the bits of a member in the output's word."""
    offset, ones = SEEN[name]
    return ones << offset


LIVE = 1 << SEEN["beat"][0] | 1 << SEEN["step"][0] | mask("load")


def member(word, name):
    """Return a member of the output's word."""
    offset, ones = SEEN[name]
    return word >> offset & ones


def sums(word, name):
    """Return the addresses in `sums_y` or `sums_x`."""
    width = (ADDRESS.stop - 1).bit_length()
    both = member(word, name)
    return [both >> n * width & (1 << width) - 1 for n in range(REACH)]


def play_through(machine, log):
    """Let every beat and step touch the memories when the hardware's does."""
    groups = MACHINE.array.column_groups
    lag = control_lag(MACHINE)
    events, adding, reading = [], {}, []  # adding: cycles in which a bank's address is taken
    for cycle, (word, _) in enumerate(log):
        beat = fields(BEAT, member(word, "beat"))
        if beat["valid"]:
            beat["time"] = cycle
            events.append((cycle + 1, 3, len(events), beat))
        step = member(word, "step")
        if step & 1:
            before = log[cycle - 1][0]
            step = fields(STEP, step)
            found = step, sums(before, "sums_y"), sums(before, "sums_x"), cycle
            events.append((cycle + 1, 1, len(events), found))
            reading.append((step["half"], cycle))
    waiting = []  # beats whose sums are on their way
    events.sort(key=lambda event: event[:3])
    write_lag = AccumulatorBanks.write_lag
    n = 0
    while n < len(events) or waiting:
        # A sum is stored from the first column's cycle on; a reader in that cycle comes too late.
        if waiting and (n == len(events) or waiting[0][0] <= events[n][0]):
            time, beat = waiting.pop(0)
            machine.add(beat, time + groups - 1)
            continue
        time, kind, _, what = events[n]
        n += 1
        if kind == 3:
            beat = machine.fetch(what)
            waiting.append((what["time"] + lag + write_lag, beat))
            if not beat["opens"]:
                for g in range(groups):
                    adding[beat["half"], what["time"] + lag + g] = beat["job"]
        else:
            step, sums_y, sums_x, cycle = what
            machine.step(step, sums_y, sums_x, read=time, written=cycle + OUTPUT_LATENCY + 1)
    for half, cycle in reading:
        assert (half, cycle) not in adding, "a bank is read in a cycle in which it is added to"


def check_loads(machine, tiling, log):
    """The words that come are those of each tile, between the swap before and its own."""
    labels, order = [], []
    for number, row_tile, tap in machine.plan.tiles:
        n, column_tile, job = machine.plan.jobs[number]
        rows = min(
            tiling.array.rows, tiling.layers[n].shape.in_channels - row_tile * tiling.array.rows
        )
        words = -(-rows * tiling.array.columns // tiling.array.word_weights)
        order.append([(n, column_tile, job.phase, row_tile, tap.place, w) for w in range(words)])
        labels += [] if job.again else order[-1]

    position = job_start = 0
    swaps, tile, cycles, got = [], 0, [], []
    for cycle, (word, inputs) in enumerate(log):
        beat = member(word, "beat")
        if beat & 1 and beat >> BEAT["swap"][0] & 1:
            swaps.append(cycle)
        if not word & mask("load"):
            continue
        assert inputs["word_valid"], "a word that was not there"
        if member(word, "job_first"):
            if member(word, "again"):
                position = job_start
            job_start = position
        assert member(word, "index") == len(got)
        got.append(labels[position])
        cycles.append(cycle)
        position = (position + 1) % len(labels)
        if len(got) == len(order[tile % len(order)]):
            assert got == order[tile % len(order)], f"tile {tile}"
            assert tile == 0 or cycles[0] >= swaps[tile - 1], "a load overtook a swap"
            assert len(swaps) == tile, "a tile began before its words were in"
            tile, cycles, got = tile + 1, [], []
    assert tile >= PASSES * len(order)


def check_flags(machine, tiling, log):
    """Latents are needed and given back, and room for pictures is taken, once a pass.

    What is waited for is there in the cycle before it counts: it stays.
    """
    taken = [c for c, (word, _) in enumerate(log) if word & mask("picture_take")]
    assert len(taken) == PASSES
    assert all(log[cycle - 1][1]["picture_free"] for cycle in taken)
    first, last = [], []  # cycles of layer 1's first beat, and last, in each pass
    job_lasts = beats = 0
    in_first = len(tiling.layers[0].jobs) * tiling.layers[0].column_tiles
    for cycle, (word, _) in enumerate(log):
        beat = fields(BEAT, member(word, "beat"), ("valid", "first", "job_last"))
        if not beat["valid"]:
            continue
        if beats == 0:
            first.append(cycle)
        beats += 1
        job_lasts += beat["job_last"]
        if beat["job_last"] and job_lasts == in_first:
            last.append(cycle)
        if job_lasts == len(machine.plan.jobs):
            job_lasts = beats = 0
    for cycle in first:
        assert log[cycle - BOUND_CYCLES][1]["latent_ready"], "layer 1 begins without latents"
    done = [cycle for cycle, (word, _) in enumerate(log) if word & mask("latent_done")]
    assert done == last[: len(done)]
    assert len(done) >= PASSES
