# SPDX-License-Identifier: Apache-2.0
"""Words through the bus into each memory, in reset too, a word a cycle."""

import os

import cocotb
from cocotb.triggers import FallingEdge

from sim.benches.bench import generator, play, start
from sim.benches.components import MACHINES, LoadedRams, initial_words

MACHINE = MACHINES[os.environ["MACHINE"]]
MEMORIES = LoadedRams(MACHINE).memories
LATENCY = 2  # of a block RAM


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def fills_each_memory(dut):
    rng = generator()
    held = [[*initial_words(each), 0, 0] for each in MEMORIES]
    dut.load_bus__load__enable.value = 0
    await start(dut)
    await compare(dut, held)
    for in_reset in (0, 1):
        writes = [(n, at) for n, each in enumerate(MEMORIES) for at in range(each.depth)]
        writes = [writes[i] for i in rng.permutation(len(writes))[: len(writes) * 3 // 4]]
        enable, address, data = [], [], []
        for n, at in writes:
            while rng.random() < 0.3 and not in_reset:
                enable.append(0)
                address.append(rng.integers(4))
                data.append(rng.integers(256))
            word = int.from_bytes(rng.bytes(40), "little")
            held[n][at] = word & (1 << MEMORIES[n].width) - 1
            enable.append(1 << n)
            address.append(at)
            data.append(word & (1 << max(each.width for each in MEMORIES)) - 1)
        dut.rst.value = in_reset
        bus = {"enable": enable, "address": address, "data": data}
        await play(dut, {f"load_bus__load__{name}": values for name, values in bus.items()})
        await FallingEdge(dut.clk)
        dut.load_bus__load__enable.value = 0
        await play(dut, {"load_bus__load__address": [0] * 4})
        dut.rst.value = 0
        await compare(dut, held)


async def compare(dut, held):
    """Read every word of every memory."""
    for each, words in zip(MEMORIES, held, strict=True):
        addresses = [*range(each.depth), *[0] * LATENCY]
        port = f"load_bus__{each.name}"
        seen = await play(dut, {f"{port}_address": addresses}, [f"{port}_data"])
        assert seen[f"{port}_data"][LATENCY:] == words, each.name
