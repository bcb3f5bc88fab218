# SPDX-License-Identifier: Apache-2.0
"""The words of a pass from a memory that pauses, round and round, stopped in between."""

import os
from itertools import islice

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from hw.contents import pack
from hw.engine.weight_memory import WeightReader
from hw.memory.machine_port import BURST
from hw.weight_stream import stream_words
from sim.benches.bench import generator, start
from sim.benches.components import MACHINES, external_sizes

BITS, BUS, DEPTH = external_sizes(MACHINES[os.environ["MACHINE"]])
SETTLING = 40  # cycles from the end of a pass to what its sum says


def model(rng, words):
    """Return the words of the bus of a pass, and those that the array is to get."""
    layers, expected = [], []
    for count in words:
        bits = int(rng.integers(2, BITS + 1))
        limit = 1 << bits - 1
        weights = rng.integers(-limit, limit, (count, BUS), np.int8)
        layers.append((weights, bits))
        expected += [pack(word, BITS) for word in weights]
    return stream_words(layers, BUS).tolist(), expected


class Memory:
    """A port that reads: bursts one behind the other, each word after a pause."""

    def __init__(self, dut, rng, pause):
        self.dut, self.rng, self.pause = dut, rng, pause
        self.words, self.requests, self.waiting = [], [], []
        cocotb.start_soon(self._serve())

    async def _serve(self):
        dut = self.dut
        width = DEPTH.bit_length()
        while True:
            await FallingEdge(dut.clk)
            dut.external_weights__o_request__ready.value = int(len(self.waiting) < 64)
            if self.waiting:
                dut.external_weights__i_word__payload.value = self.waiting[0]
            shows = self.waiting and self.rng.random() >= self.pause
            dut.external_weights__i_word__valid.value = int(bool(shows))
            await RisingEdge(dut.clk)
            if shows and int(dut.external_weights__i_word__ready.value):
                self.waiting.pop(0)
            valid = int(dut.external_weights__o_request__valid.value)
            if valid and int(dut.external_weights__o_request__ready.value):
                request = int(dut.external_weights__o_request__payload.value)
                address, words = request & (1 << width - 1) - 1, request >> width - 1
                self.requests.append((address, words))
                assert 1 <= words <= BURST
                # What a stopped engine had asked for may lie behind the end of the next pass.
                part = self.words[address : address + words]
                self.waiting += part + [0] * (words - len(part))


async def take(dut, rng, pause, count):
    """Return so many words, taken with pauses."""
    late = WeightReader.latency
    due, words = [], []
    while len(words) < count:
        await FallingEdge(dut.clk)
        takes = int(dut.external_weights__o__valid.value) and rng.random() >= pause
        takes = takes and len(words) + sum(due) < count
        dut.external_weights__o__take.value = int(takes)
        due.append(int(takes))
        if len(due) > late and due.pop(0):
            words.append(int(dut.external_weights__o__word.value))
    return words


async def run(dut, last):
    dut.external_weights__last.value = last
    await FallingEdge(dut.clk)
    dut.external_weights__run.value = 1


async def stop(dut):
    dut.external_weights__run.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)


async def ready(dut, rng, pause=0.0):
    for name in ("run", "last", "o__take", "o__job_first", "o__again"):
        getattr(dut, f"external_weights__{name}").value = 0
    dut.external_weights__o_request__ready.value = 0
    dut.external_weights__i_word__valid.value = 0
    await start(dut)
    return Memory(dut, rng, pause)


@cocotb.test(timeout_time=5, timeout_unit="ms")
@cocotb.parametrize(slow=[0.0, 0.4], pause=[0.0, 0.5, 0.9])
async def gives_its_words_over_and_over(dut, slow, pause):
    rng = generator()
    memory = await ready(dut, rng, slow)
    memory.words, expected = model(rng, [1, *rng.integers(1, 120, 3), 2])
    await run(dut, len(memory.words) - 1)
    rounds = 4
    words = await take(dut, rng, pause, rounds * len(expected))
    np.testing.assert_array_equal(words, rounds * expected)
    assert not int(dut.external_weights__damaged.value)
    address, count = memory.requests[0]
    assert address == 0
    for begin, number in memory.requests[1:]:
        address = (address + count) % len(memory.words)
        assert begin == address
        count = number


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def takes_a_word_of_the_bus_a_cycle(dut):
    rng = generator()
    memory = await ready(dut, rng)
    memory.words, expected = model(rng, [700, 300])
    await run(dut, len(memory.words) - 1)
    for turn in range(3):
        before = len(memory.requests), cocotb.utils.get_sim_time("ns")
        await take(dut, rng, 0.0, len(expected))
        if turn:
            cycles = (cocotb.utils.get_sim_time("ns") - before[1]) / 10
            assert cycles <= len(memory.words) + 2


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def long_segments(dut):
    """A layer of more words than a head can count."""
    rng = generator()
    memory = await ready(dut, rng)
    memory.words, expected = model(rng, [8192 + 5])
    await run(dut, len(memory.words) - 1)
    words = await take(dut, rng, 0.0, len(expected) + 10)
    np.testing.assert_array_equal(words, [*expected, *expected[:10]])


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def stops_and_begins_anew(dut):
    """Nothing of what was on its way is left, whenever it is stopped and for however long."""
    rng = generator()
    memory = await ready(dut, rng, 0.1)
    for turn in range(30):
        memory.words, expected = model(rng, rng.integers(1, 200, 3))
        await run(dut, len(memory.words) - 1)
        count = int(rng.integers(0, 2 * len(expected)))
        words = await take(dut, rng, 0.2, count)
        doubled = 3 * expected
        np.testing.assert_array_equal(words, list(islice(doubled, count)), f"turn {turn}")
        for _ in range(int(rng.integers(0, 30))):
            await FallingEdge(dut.clk)
        dut.external_weights__o__take.value = 0
        await stop(dut)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def a_flipped_bit_is_seen_at_the_end_of_its_pass(dut):
    rng = generator()
    memory = await ready(dut, rng)
    memory.words, expected = model(rng, [40, 50])
    sound = memory.words
    for _ in range(12):
        memory.words = list(sound)
        await run(dut, len(sound) - 1)
        await take(dut, rng, 0.0, len(expected) + 1)
        assert not int(dut.external_weights__damaged.value)
        place = int(rng.integers(len(sound)))
        memory.words[place] ^= 1 << int(rng.integers(BUS))
        seen = 0
        for _ in range(3 * len(sound)):
            await FallingEdge(dut.clk)
            dut.external_weights__o__take.value = int(dut.external_weights__o__valid.value)
            seen = seen or int(dut.external_weights__damaged.value)
        dut.external_weights__o__take.value = 0
        assert seen, f"word {place} of {len(sound)}"
        await stop(dut)
        assert int(dut.external_weights__damaged.value), "it must stay while the engine stands"
    memory.words = sound
    await run(dut, len(sound) - 1)
    await take(dut, rng, 0.0, 2 * len(expected))
    for _ in range(SETTLING):
        await FallingEdge(dut.clk)
    assert not int(dut.external_weights__damaged.value)
