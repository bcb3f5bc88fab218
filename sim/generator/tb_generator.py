# SPDX-License-Identifier: Apache-2.0
"""Feed latents to the generator and record what it does; the caller compares.

Environment: LIMIT is the time-out in cycles; IN names an .npz with `latents` int8 (N, 100), `stall`
(probability of a pause at each end), `rest` (cycles before the first latent) and `weights` (words,
if the design takes them as a stream); OUT names the .npz to write:
`pictures` uint8 (N, 32, 32, 3), `first_in`, `last_out` int (N,) in cycles, and `trace`, the packed
words of the trace port.
"""

import os

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, ValueChange

from hw.tiling import PICTURE_SIZE
from sim.benches.bench import PERIOD, cycle, start
from sim.streams import StreamSink, StreamSource


@cocotb.test(timeout_time=int(os.environ["LIMIT"]) * PERIOD, timeout_unit="ns")
async def record(dut):
    given = np.load(os.environ["IN"])
    latents, stall = given["latents"], float(given["stall"])
    trace = []

    source = StreamSource(dut, "i_latents", stall=stall)
    sink = StreamSink(dut, "o_pixels", stall=stall)
    await start(dut)

    if "weights" in given:
        weights = StreamSource(dut, "i_weights", stall=stall)
        words = [int(word, 16) for word in given["weights"]]
        cocotb.start_soon(repeat(weights, words))
    cocotb.start_soon(watch(dut, trace))
    await ClockCycles(dut.clk, int(given["rest"]))
    await FallingEdge(dut.clk)
    first_in, last_out, pictures = [], [], []

    async def feed():
        for latent in latents:
            await source.send([int(latent[0]) & 0xFF])
            first_in.append(cycle())
            await source.send(int(z) & 0xFF for z in latent[1:])

    cocotb.start_soon(feed())
    for _ in latents:
        pictures.append(await sink.recv(PICTURE_SIZE**2))
        last_out.append(cycle())

    pixels = np.array(pictures, "<u4").view(np.uint8)
    np.savez(
        os.environ["OUT"],
        pictures=pixels.reshape(-1, PICTURE_SIZE, PICTURE_SIZE, 4)[..., :3],
        first_in=first_in,
        last_out=last_out,
        trace=np.array([f"{word:x}" for word in trace]),
    )


async def repeat(source, words):
    """Send the weight stream again and again, as a weight memory does."""
    while True:
        await source.send(words)


async def watch(dut, trace):
    """Keep every valid word of the trace port; bit 0 is valid, and no two neighbours are alike."""
    while True:
        await ValueChange(dut.o_trace)
        word = int(dut.o_trace.value)
        if word & 1:
            trace.append(word)
