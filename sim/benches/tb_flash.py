# SPDX-License-Identifier: Apache-2.0
"""The model of a flash: every rule is seen when it is broken, and not a clock before."""

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge

from sim.benches.flash_pins import CLOCK, LATE
from sim.chips.flash import RULES

STORED = bytes.fromhex(os.environ["STORED"])
READ, FAST_READ, WAKE, ID = 0x03, 0x0B, 0xAB, 0x9F
SLOW = 8  # clocks of a bit: 32 ns
SEEN = set()


def clocks(nanoseconds):
    return -(-round(1000 * nanoseconds) // CLOCK)


class Chip:
    """What a bench does with the pins: all of it at falling edges of the time's clock."""

    def __init__(self, dut):
        self.dut = dut

    async def wait(self, count):
        for _ in range(count):
            await FallingEdge(self.dut.clk)

    async def start(self):
        dut = self.dut
        dut.rst.value = dut.clk_in.value = dut.copi.value = dut.forget.value = 0
        dut.cs_n.value = 1
        Clock(dut.clk, CLOCK, unit="ps").start()
        await self.wait(100)

    async def select(self, setup=4):
        self.dut.cs_n.value = 0
        await self.wait(setup)

    async def release(self, hold=2, pause=30):
        await self.wait(hold)
        self.dut.cs_n.value = 1
        await self.wait(pause)

    async def bit(self, value, *, low=SLOW // 2, high=SLOW // 2, setup=None):
        """Send a bit and return the one that comes back, taken as the clock falls.

        `setup` clocks before the rising edge its value comes; until then it is the other one.
        """
        dut = self.dut
        late = low if setup is None else setup
        dut.copi.value = value if late == low else 1 - value
        await self.wait(low - late)
        dut.copi.value = value
        await self.wait(late)
        dut.clk_in.value = 1
        await self.wait(high)
        came = int(dut.cipo.value)
        dut.clk_in.value = 0
        return came

    async def byte(self, value=0, **times):
        came = 0
        for n in reversed(range(8)):
            came = came << 1 | await self.bit(value >> n & 1, **times)
        return came

    async def command(self, *bytes_, count=0, **times):
        """Send bytes, then return the `count` that come back."""
        await self.select()
        for value in bytes_:
            await self.byte(value, **times)
        came = bytes([await self.byte(**times) for _ in range(count)])
        await self.release()
        return came

    async def broken(self, rule=None):
        """Expect that this rule was broken, or none, since the last look."""
        dut = self.dut
        await self.wait(2)
        seen = int(dut.violation.value)
        said = RULES.get(seen, "nothing")
        assert said.startswith(rule or "nothing"), f"{said}, not {rule}"
        SEEN.add(seen)
        dut.forget.value = 1
        await self.wait(2)
        dut.forget.value = 0
        await self.wait(2)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def sleep(dut):
    chip = Chip(dut)
    await chip.start()
    await chip.command(READ, 0, 0, 0)
    await chip.broken("a command while it sleeps")
    await chip.command(WAKE)
    await chip.broken()
    await chip.wait(clocks(30_000) - 200)
    await chip.command(ID)
    await chip.broken("tRES1: a command too early")
    await chip.wait(clocks(1000))
    assert (await chip.command(ID, count=3)).hex() == "ef4018"
    await chip.command(WAKE)  # of a flash that is awake nothing comes
    assert (await chip.command(ID, count=3)).hex() == "ef4018"
    await chip.broken()
    await chip.command(0x9E)
    await chip.broken("a command that has no model")


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def reads(dut):
    chip = Chip(dut)
    await chip.start()
    assert await chip.command(READ, 0, 0, 0, count=len(STORED)) == STORED
    assert await chip.command(READ, 0, 0, 5, count=3) == STORED[5:8]
    assert await chip.command(FAST_READ, 0, 0, 2, 0, count=4, low=2, high=2) == STORED[2:6]
    assert await chip.command(READ, 0, 2, 0, count=2) == b"\xff\xff"  # erased
    await chip.broken()


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def bits_are_late(dut):
    """Before they are due the pins have their opposite."""
    chip = Chip(dut)
    await chip.start()
    await chip.select()
    for value in (READ, 0, 0, 0):
        await chip.byte(value)
    first = STORED[0] >> 7
    for clock in range(4):
        await ClockCycles(dut.clk, 1)
        await FallingEdge(dut.clk)
        assert int(dut.cipo.value) == (first if clock + 1 >= LATE else 1 - first), clock
    await chip.release()


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def times(dut):
    chip = Chip(dut)
    await chip.start()
    for low, rule in ((3, "fR, fC"), (4, None)):  # READ: 28 and 32 ns a bit
        await chip.command(READ, 0, 0, 0, count=1, low=low, high=4)
        await chip.broken(rule)
    dut.copi.value = 1  # it must not change in so short a time
    await chip.command(0xFF, low=1, high=1)  # others: 8 and 12 ns
    await chip.broken("fR, fC")
    await chip.command(ID, count=1, low=2, high=1)
    await chip.broken()
    for pause, rule in ((clocks(100) - 4, "tSHSL"), (clocks(100), None)):
        await chip.command(ID)
        await chip.wait(40)
        await chip.select()
        await chip.byte(ID)
        await chip.release(pause=pause)
        await chip.select()
        await chip.release()
        await chip.broken(rule)
    for setup, rule in ((2, "tSLCH"), (3, None)):
        await chip.select(0)
        await chip.wait(setup - 2)
        await chip.bit(1, low=2)
        for _ in range(7):
            await chip.bit(0)
        await chip.release(pause=40)
        await chip.broken("a command that has" if rule is None else rule)
    for hold, rule in ((1, "tCHSH"), (2, None)):
        await chip.select()
        await chip.byte(ID)
        await chip.bit(1, high=hold)
        dut.cs_n.value = 1
        await chip.wait(40)
        await chip.broken(rule)
    for setup, rule in ((1, "tDVCH"), (2, None)):
        await chip.command(ID, setup=setup)
        await chip.broken(rule)
    for hold, rule in ((1, "tCHDX"), (2, None)):
        await chip.select()
        await chip.byte(ID)
        dut.copi.value = 0
        await chip.wait(4)
        dut.clk_in.value = 1
        await chip.wait(hold)
        dut.copi.value = 1
        await chip.wait(4)
        dut.clk_in.value = 0
        await chip.release(pause=40)
        await chip.broken(rule)
    assert set(RULES) | {0} == SEEN
