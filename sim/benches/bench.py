# SPDX-License-Identifier: Apache-2.0
"""What the benches share: clock and reset, stimuli a cycle, packed ports."""

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

from hw.primitives.block_ram import BlockRam

PERIOD = 10  # ns


def generator():
    """Return the random generator of a test, from the run's seed."""
    return np.random.default_rng(cocotb.RANDOM_SEED)


async def start(dut):
    """Start the clock and reset; returns at a falling edge, before the first cycle that counts."""
    Clock(dut.clk, PERIOD, unit="ns").start()
    await reset(dut)


async def reset(dut):
    """Reset for some cycles; returns at a falling edge."""
    dut.rst.value = 1
    await ClockCycles(dut.clk, 4)
    await FallingEdge(dut.clk)
    dut.rst.value = 0


def cycle():
    """Return the number of clock periods since the start."""
    return int(get_sim_time("ns")) // PERIOD


async def play(dut, inputs, outputs=()):
    """Drive ports from lists, an element a cycle, and record others.

    Parameters
    ----------
    dut : handle
    inputs : dict of str to sequence of int
        Values of each port, all of one length.
    outputs : iterable of str

    Returns
    -------
    dict of str to list of int
        Values at the end of each cycle: those that a register behind the port would take. With
        latency L, element n + L answers input n.
    """
    drives = [(getattr(dut, name), values) for name, values in inputs.items()]
    seen = {name: [] for name in outputs}
    probes = [(getattr(dut, name), seen[name]) for name in outputs]
    for values in zip(*(values for _, values in drives), strict=True):
        for (handle, _), value in zip(drives, values, strict=True):
            handle.value = int(value)
        await RisingEdge(dut.clk)
        for handle, record in probes:
            record.append(int(handle.value))
    return seen


def extremes(rng, low, high, shape):
    """Return random integers from `low` to `high`, a quarter of them at one of the two."""
    values = rng.integers(low, high, shape, endpoint=True)
    ends = rng.choice([low, high], shape)
    return np.where(rng.random(shape) < 0.25, ends, values)


def unpack(words, width, count, *, signed=True):
    """Return the `count` fields of `width` bits of each word, int64 (words, count)."""
    mask = (1 << width) - 1
    fields = np.array(
        [[word >> n * width & mask for n in range(count)] for word in words], np.int64
    ).reshape(-1, count)
    return fields - ((fields >> width - 1) << width) if signed else fields


def places(layout):
    """Return offset and mask of each member of a structure by name, two ints.

    Amaranth finds a member's width anew whenever it is asked, from all that is inside.
    """
    return {name: (field.offset, (1 << field.width) - 1) for name, field in layout}


def fields(places, word, names=None):
    """Return fields of a packed structure as a dict of int, unsigned; by default all of them.

    `places` is what :func:`places` returned of its layout.
    """
    return {name: word >> places[name][0] & places[name][1] for name in names or places}


async def serve(dut, address, data, words, *, gap=False):
    """Be a :class:`hw.primitives.block_ram.BlockRam` that holds `words`, behind two ports."""
    asked, answer = getattr(dut, address), getattr(dut, data)
    line = [0] * (BlockRam.latency + gap - 1)
    while True:
        await RisingEdge(dut.clk)
        at = int(asked.value)
        answer.value = line.pop()
        line.insert(0, words[at] if at < len(words) else 0)


async def record(dut, part, names, drive):
    """Return the values of a part's ports in each cycle, as :func:`play` does.

    Parameters
    ----------
    dut : handle
    part : str
    names : iterable of str
        Ports to record; those that are driven may be among them.
    drive : callable
        Takes the lists so far, by name; returns the next values of ports by name, or None at the
        end.
    """
    handles = {name: getattr(dut, f"{part}__{name}") for name in names}
    log = {name: [] for name in names}
    while (values := drive(log)) is not None:
        for name, value in values.items():
            getattr(dut, f"{part}__{name}").value = int(value)
        await RisingEdge(dut.clk)
        for name, handle in handles.items():
            log[name].append(int(handle.value))
    return log
