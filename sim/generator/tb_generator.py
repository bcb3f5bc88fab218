# SPDX-License-Identifier: Apache-2.0
"""Load models into the machine one after another, feed latents, and record; the caller compares.

Environment: LIMIT is the time-out in cycles; IN names a JSON file with `stall` (probability of a
pause at each end), `external` (whether weights go to a memory outside), `memories` (names, in the
order of the bus) and `runs`: for each run `words` (lists by memory), `latents` (lists of int),
`pixels` (of a picture), `rest` (cycles before the first latent) and perhaps `flip` (address and
mask: bits of the memory outside that change behind the load); OUT names the JSON file to write: for
each run `pixels` (ints, one picture after another), `first_in` and `last_out` (cycles, a picture
each), `damaged` (whether the machine says that its weights are not what they were) and `trace`, the
packed words of the trace port.
"""

import json
import os
from pathlib import Path

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, ValueChange

from sim.benches.bench import PERIOD, cycle, start
from sim.streams import StreamSink, StreamSource

SETTLING = 8  # cycles of a change of `running`, and of the last word


@cocotb.test(timeout_time=int(os.environ["LIMIT"]) * PERIOD, timeout_unit="ns")
async def record(dut):
    given = json.loads(Path(os.environ["IN"]).read_text())
    stall = given["stall"]
    source = StreamSource(dut, "i_latents", stall=stall)
    sink = StreamSink(dut, "o_pixels", stall=stall)
    dut.load__enable.value = 0
    dut.running.value = 1
    await start(dut)
    trace = []
    cocotb.start_soon(watch(dut, trace))
    takes = dut.memory_takes if given["external"] else None
    if takes is not None:
        dut.flip.value = 0
        while not int(dut.memory_ready.value):
            await ClockCycles(dut.clk, 100)
    runs = []
    for run in given["runs"]:
        await load(dut, given["memories"], run["words"], takes)
        if run["flip"]:
            await flip(dut, *run["flip"])
        await ClockCycles(dut.clk, run["rest"])
        await FallingEdge(dut.clk)
        trace.clear()
        made = await pictures(source, sink, run)
        made["damaged"] = takes is not None and bool(int(dut.damaged.value))
        runs.append(made | {"trace": [f"{w:x}" for w in trace]})
    Path(os.environ["OUT"]).write_text(json.dumps(runs))


async def pictures(source, sink, run):
    """Feed a run's latents; return its pixels and cycles."""
    first_in, last_out = [], []

    async def feed():
        for latent in run["latents"]:
            await source.send([latent[0] & 0xFF])
            first_in.append(cycle())
            await source.send(number & 0xFF for number in latent[1:])

    cocotb.start_soon(feed())

    def taken(number):
        if number % run["pixels"] == 0:
            last_out.append(cycle())

    pixels = await sink.recv(len(run["latents"]) * run["pixels"], taken=taken)
    return {"pixels": pixels, "first_in": first_in, "last_out": last_out}


async def load(dut, memories, words, takes):
    """Write a model's words while the machine is held in reset; weights as a memory takes them."""
    dut.running.value = 0
    await ClockCycles(dut.clk, SETTLING)
    for place, name in enumerate(memories):
        for address, word in enumerate(words[name]):
            await FallingEdge(dut.clk)
            dut.load__enable.value = 1 << place
            dut.load__address.value = address
            dut.load__data.value = int(word, 16)
            if takes is not None and name == "weights":
                await FallingEdge(dut.clk)
                dut.load__enable.value = 0
                while not int(takes.value):
                    await FallingEdge(dut.clk)
    await FallingEdge(dut.clk)
    dut.load__enable.value = 0
    await ClockCycles(dut.clk, SETTLING)
    dut.running.value = 1


async def flip(dut, address, mask):
    """Flip bits of a word that lies in the chip."""
    await FallingEdge(dut.clk)
    dut.flip.value, dut.flip_address.value, dut.flip_mask.value = 1, address, mask
    await FallingEdge(dut.clk)
    dut.flip.value = 0


async def watch(dut, trace):
    """Keep every valid word of the trace port; bit 0 is valid, and no two neighbours are alike."""
    while True:
        await ValueChange(dut.o_trace)
        word = int(dut.o_trace.value)
        if word & 1:
            trace.append(word)
