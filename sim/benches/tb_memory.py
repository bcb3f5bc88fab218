# SPDX-License-Identifier: Apache-2.0
"""The external memory against a dictionary, its start-up against every place of the window."""

import json
import os
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer, with_timeout

from hw.memory.bus import Activity
from sim.benches.bench import generator
from sim.benches.memory import SETUPS
from sim.chips.sdram import RULES
from sim.streams import StreamSink, StreamSource

SETUP = SETUPS[os.environ["SETUP"]]
GEOMETRY = SETUP.geometry
WORDS = GEOMETRY.words
MASK = (1 << GEOMETRY.width) - 1
PATIENCE = 100_000  # clocks of a start-up
# Clocks at most from a request of port 1 to its first word while the other ports want all there is.
LONGEST_WAIT = 80
STREAM = os.environ["SETUP"].startswith("stream")
IMAGE = 5000  # words; a stream goes round it
ROUNDS = 5


def tenths(name, *, up):
    """Return a time of the chip in tenths of a clock."""
    time = 10 * {"tOH": 2500, "tAC": 5400, **SETUP.chip_parameters()}[name]
    return -(-time // SETUP.clock_ps) if up else time // SETUP.clock_ps


def expected_window(late, narrow):
    """Return which phases fall into the chip's window, bit by bit.

    Tenths from the clock edge that launches a word: the first phase is half a clock behind it.
    """
    begin = tenths("tAC", up=True) + narrow + late
    end = 10 + tenths("tOH", up=False) + late
    return sum(1 << n for n in range(8) if begin <= 5 + 5 * n - 1 < end)


def middle(window):
    """Return the phase in the middle of the longest run of ones, the lower one of two."""
    runs = []
    for n in range(8):
        if window >> n & 1:
            runs = [*runs[:-1], [*runs[-1], n]] if runs and runs[-1][-1] == n - 1 else [*runs, [n]]
    longest = max(runs, key=len)
    return longest[(len(longest) - 1) // 2]


async def watch(dut):
    """Fail as soon as the chip is treated against its rules."""
    while True:
        if not int(dut.violation.value):
            await dut.violation.value_change
        assert not int(dut.violation.value), RULES[int(dut.violation.value)]


async def start(dut, *, late=0, narrow=0, watched=True):
    """Reset the memory, and wait until it is ready or has failed."""
    if SETUP.window:
        cocotb.start_soon(ticks(dut))
    await Timer(10 * SETUP.clock_ps, unit="ps")  # what the bench before has left is at rest
    Clock(dut.clk, SETUP.clock_ps, unit="ps").start()
    for name in ("flip", "low_row", "low_bank", "o_read0__ready", "o_read1__ready"):
        getattr(dut, name).value = 0
    for name in ("i_read0", "i_read1", "i_write0", "i_write1"):
        getattr(dut, f"{name}__valid").value = 0
    if watched:
        cocotb.start_soon(watch(dut))
    await restart(dut, late=late, narrow=narrow)


async def ticks(dut):
    """Ten edges a clock, none together with one of the clock."""
    tenth = SETUP.clock_ps // 10
    await Timer(tenth // 2, unit="ps")
    Clock(dut.tick, tenth, unit="ps").start()


async def restart(dut, *, late=0, narrow=0):
    dut.late.value, dut.narrow.value = late, narrow
    dut.rst.value = 1
    await ClockCycles(dut.clk, 40)  # what is on its way in the chip is gone
    await FallingEdge(dut.clk)
    dut.rst.value = 0
    for _ in range(PATIENCE // 100):
        await ClockCycles(dut.clk, 100)
        if int(dut.ready.value) or int(dut.failed.value):
            break
    else:
        raise AssertionError("neither ready nor failed")
    await FallingEdge(dut.clk)


def request(address, words):
    return address | words << GEOMETRY.address_bits


def entry(address, word):
    return address | word << GEOMETRY.address_bits


class Ports:
    """The four ports, with pauses."""

    def __init__(self, dut, stall=0.0):
        self.dut = dut
        self.requests = [StreamSource(dut, f"i_read{n}", stall=stall) for n in range(2)]
        self.words = [StreamSink(dut, f"o_read{n}", stall=stall) for n in range(2)]
        self.writes = [StreamSource(dut, f"i_write{n}", stall=stall) for n in range(2)]

    async def read(self, port, requests):
        """Return the words of some requests (address, words)."""
        cocotb.start_soon(self.requests[port].send(request(*each) for each in requests))
        return await self.words[port].recv(sum(words for _, words in requests))

    async def write(self, port, words):
        """Write some (address, word), and wait until they are in the chip."""
        await self.writes[port].send(entry(*each) for each in words)
        pending = getattr(self.dut, f"write_pending{port}")
        await RisingEdge(self.dut.clk)
        while int(pending.value):
            await RisingEdge(self.dut.clk)
        await FallingEdge(self.dut.clk)


def linear(requests):
    return [at % WORDS for address, words in requests for at in range(address, address + words)]


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=STREAM)
async def finds_the_window_wherever_it_lies(dut):
    await start(dut)
    seen = set()
    for late in range(20):
        await restart(dut, late=late)
        window, phase = int(dut.window.value), int(dut.phase.value)
        assert (int(dut.ready.value), int(dut.failed.value)) == (1, 0), f"late by {late} tenths"
        assert window == expected_window(late, 0), f"late by {late} tenths: {window:08b}"
        assert phase == middle(window)
        seen.add(phase)
        ports = Ports(dut)
        words = [(at * 37 % WORDS, at * 0x9E3779B1 & MASK) for at in range(20)]
        await ports.write(0, words)
        read = await ports.read(0, [(at, 1) for at, _ in words])
        assert read == [word for _, word in words]
    assert len(seen) > 3


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=STREAM)
async def says_where_there_is_no_window(dut):
    await start(dut)
    verdicts = set()
    whole = 10 + tenths("tOH", up=False) - tenths("tAC", up=True)  # tenths
    for narrow in (whole - 3, whole):
        for late in range(0, 10):
            await restart(dut, late=late, narrow=narrow)
            window = expected_window(late, narrow)
            assert int(dut.window.value) == window
            assert int(dut.ready.value) == (window != 0) == 1 - int(dut.failed.value)
            verdicts.add(int(dut.ready.value))
            if not window:
                for name in ("i_read0", "i_read1", "i_write0", "i_write1"):
                    assert not int(getattr(dut, f"{name}__ready").value)
    assert verdicts == {0, 1}


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=STREAM)
@cocotb.parametrize(stall=[0.0, 0.5, 0.9])
async def keeps_every_word(dut, stall):
    """Ports in turn write some words of each row and read the others, all at the same time."""
    rng = generator()
    await start(dut)
    ports = Ports(dut, stall)
    memory = {}

    def kind(address):
        return address >> 3 & 3

    def written(port, role):
        """Runs and single words among those of a kind."""
        out = []
        while len(out) < 150:
            at, run = int(rng.integers(WORDS)), int(rng.choice([1, 3, 40]))
            out += [at for at in range(at, at + run) if at < WORDS and kind(at) == role]
        return [(at, int(rng.integers(1 << GEOMETRY.width))) for at in out]

    for turn in range(4):
        roles = {port: (turn + port) % 4 for port in range(2)}  # kinds that a port writes
        writes = {port: written(port, role) for port, role in roles.items()}
        reads = {
            port: [
                (int(rng.integers(WORDS)), int(rng.choice([0, 1, 2, 17, 80, 200])))
                for _ in range(int(rng.integers(3, 8)))
            ]
            for port in range(2)
        }
        tasks = [cocotb.start_soon(ports.write(port, words)) for port, words in writes.items()]
        for port, read in [(p, cocotb.start_soon(ports.read(p, r))) for p, r in reads.items()]:
            for at, word in zip(linear(reads[port]), await read, strict=True):
                if kind(at) not in roles.values() and at in memory:
                    assert word == memory[at], f"address {at:#x} at port {port}"
        for task in tasks:
            await task
        for words in writes.values():
            memory.update(words)
    everything = await ports.read(turn % 2, [(0, WORDS // 2), (WORDS // 2, WORDS // 2)])
    assert {at: everything[at] for at in memory} == memory
    assert len(memory) > 500


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=not STREAM)
async def streams_without_a_gap(dut):
    """Requests wait behind each other, and the words are taken at once: where do clocks go?"""
    rng = generator()
    await start(dut)
    ports = Ports(dut)
    begin = int(rng.integers(WORDS - IMAGE))
    image = [(begin + n, int(rng.integers(1 << GEOMETRY.width))) for n in range(IMAGE)]
    await ports.write(0, image)
    cocotb.start_soon(ports.requests[0].send([request(begin, IMAGE)] * (ROUNDS + 1)))
    dut.o_read0__ready.value = 1
    words, clocks = [], 0
    lost = dict.fromkeys(Activity, 0)
    while len(words) < ROUNDS * IMAGE:
        await RisingEdge(dut.clk)
        if int(dut.o_read0__valid.value):
            words.append(int(dut.o_read0__payload.value))
        if words:
            clocks += 1
            lost[Activity(int(dut.activity.value))] += 1
    assert words == ROUNDS * [word for _, word in image]
    share = len(words) / clocks
    table = {activity.name.lower(): count for activity, count in lost.items()}
    dut._log.info("share of the bus %.4f, clocks: %s", share, table)
    Path(os.environ["FIGURES"]).write_text(json.dumps({"clocks": clocks, **table}))
    assert share >= 0.95


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=STREAM)
async def sees_flipped_bits(dut):
    rng = generator()
    await start(dut)
    ports = Ports(dut)
    at = int(rng.integers(WORDS - 64))
    words = [(at + n, int(rng.integers(1 << GEOMETRY.width))) for n in range(64)]
    await ports.write(1, words)
    for bit in range(GEOMETRY.width):
        await FallingEdge(dut.clk)
        dut.flip.value, dut.flip_address.value, dut.flip_mask.value = 1, at + bit, 1 << bit
        await FallingEdge(dut.clk)
        dut.flip.value = 0
    for port in range(2):
        read = await ports.read(port, [(at, 64)])
        flipped = [a ^ b for a, (_, b) in zip(read, words, strict=True)]
        assert flipped == [1 << n if n < GEOMETRY.width else 0 for n in range(64)]


async def hammer(dut, ports, rng, port):
    """Write to rows of one bank, one after another, for ever."""
    row = 1 << GEOMETRY.column_bits + GEOMETRY.bank_bits
    while True:
        await ports.writes[port].send([entry(int(rng.integers(WORDS // row)) * row + port, 0)])


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=STREAM)
async def never_starves_a_port(dut):
    """All others want all they can get; port 1 asks for a word now and then, then for all."""
    rng = generator()
    await start(dut)
    ports = Ports(dut)
    tasks = [cocotb.start_soon(hammer(dut, ports, rng, port)) for port in range(2)]
    tasks += [
        cocotb.start_soon(ports.requests[0].send(request(3, WORDS - 1) for _ in range(100))),
        cocotb.start_soon(ports.words[0].recv(1 << 30)),
    ]
    longest = 0
    for _ in range(150):
        await ClockCycles(dut.clk, int(rng.integers(5, 60)))
        await FallingEdge(dut.clk)
        dut.o_read1__ready.value = 1
        await ports.requests[1].send([request(int(rng.integers(WORDS)), 1)])
        waited = 0
        while not int(dut.o_read1__valid.value):
            await FallingEdge(dut.clk)
            waited += 1
            assert waited < 1000
        longest = max(longest, waited)
        await FallingEdge(dut.clk)
    dut._log.info("a word of port 1 came after %d clocks at most", longest)
    assert longest <= LONGEST_WAIT

    # Port 1 takes all it is given: the others still get their turns.
    tasks.append(cocotb.start_soon(ports.requests[1].send(request(9, WORDS - 1) for _ in "12345")))
    given = dict.fromkeys(("i_write0", "i_write1", "o_read0", "o_read1"), 0)
    for _ in range(4000):
        await RisingEdge(dut.clk)
        for name in given:
            valid, ready = (getattr(dut, f"{name}__{each}").value for each in ("valid", "ready"))
            given[name] += int(valid) & int(ready)
    dut._log.info("words in 4000 clocks: %s", given)
    assert given["o_read1"] >= max(given.values())
    assert min(given.values()) >= 30
    for task in tasks:
        task.cancel()


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=STREAM)
async def a_port_that_takes_nothing_stops_nobody(dut):
    await start(dut)
    ports = Ports(dut)
    await ports.requests[0].send([request(0, WORDS - 1)])
    read = cocotb.start_soon(ports.read(1, [(7, 500)]))
    words = [(n, n) for n in range(100, 160)]
    await with_timeout(ports.write(0, words), 100, "us")
    await with_timeout(read, 100, "us")
    assert await ports.read(1, [(100, 60)]) == [word for _, word in words]


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=STREAM)
async def finds_pins_that_are_stuck(dut):
    """The last bench: the chip keeps the rule that was broken."""
    await start(dut, watched=False)  # a chip whose bank pin is stuck sees what no rule allows
    for name, pins in (("low_row", GEOMETRY.row_bits), ("low_bank", GEOMETRY.bank_bits)):
        for pin in range(pins):
            getattr(dut, name).value = 1 << pin
            await restart(dut)
            assert int(dut.failed.value), f"{name} {pin}"
            assert int(dut.window.value), f"{name} {pin}"
            getattr(dut, name).value = 0
    await restart(dut)
    assert int(dut.ready.value)
