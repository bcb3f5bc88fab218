# SPDX-License-Identifier: Apache-2.0
"""A whole machine at the end of a bus: SENT goes in, EXPECTED comes out, both in hexadecimal."""

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from hw.axi.registers import Control, Register, Status
from hw.uart.protocol import END, ERROR, NO_TAG, Error, Frame
from sim.benches.bench import PERIOD

SENT, EXPECTED = (bytes.fromhex(os.environ[name]) for name in ("SENT", "EXPECTED"))

BETWEEN = bytes([END, END])  # of two frames
CUT = SENT.rindex(BETWEEN) - 3  # in the last frame but one
LATER = EXPECTED[EXPECTED.index(BETWEEN) + 1 :]  # the first tells cycles, and those of what was
BROKEN = Frame(ERROR, NO_TAG, bytes([Error.BROKEN])).encode()  # at any place among the others


class Driver:
    """What a processor's driver does at the registers."""

    def __init__(self, dut):
        self.dut = dut
        self.master = AxiLiteMaster(
            AxiLiteBus.from_prefix(dut, "s_axi"),
            dut.s_axi_aclk,
            dut.s_axi_aresetn,
            reset_active_level=False,
        )
        for part in (self.master.write_if, self.master.read_if):
            part.log.setLevel("WARNING")  # else a line a word

    async def reset(self):
        self.dut.s_axi_aresetn.value = 0
        await ClockCycles(self.dut.s_axi_aclk, 4)
        await FallingEdge(self.dut.s_axi_aclk)
        self.dut.s_axi_aresetn.value = 1

    async def write(self, register, value):
        answer = await self.master.write(4 * register, int(value).to_bytes(4, "little"))
        assert answer.resp == AxiResp.OKAY

    async def read(self, register):
        answer = await self.master.read(4 * register, 4)
        assert answer.resp == AxiResp.OKAY
        return int.from_bytes(answer.data, "little")

    async def send(self, chunk):
        """Send bytes, and read none."""
        for byte in chunk:
            while await self.read(Register.STATUS) & Status.TX_FULL:
                pass
            await self.write(Register.TX_FIFO, byte)

    async def receive(self, count):
        """Return the `count` bytes that come."""
        found = bytearray()
        while len(found) < count:
            if await self.read(Register.STATUS) & Status.RX_VALID:
                found.append(await self.read(Register.RX_FIFO))
        return bytes(found)

    async def exchange(self):
        """Send SENT, read what comes meanwhile, and see that it is EXPECTED."""
        receiving = cocotb.start_soon(self.receive(len(EXPECTED)))
        await self.send(SENT)
        assert (await receiving).hex() == EXPECTED.hex()

    async def rest(self):
        """Wait until nothing is under way; nothing may be left to read."""
        while int(self.dut.active.value):
            await ClockCycles(self.dut.s_axi_aclk, 1)
        assert await self.read(Register.STATUS) == Status.TX_EMPTY


async def begin(dut):
    Clock(dut.s_axi_aclk, PERIOD, unit="ns").start()
    driver = Driver(dut)
    await driver.reset()
    return driver


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def answers(dut):
    driver = await begin(dut)
    await driver.exchange()
    await driver.rest()


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def a_host_that_does_not_read_loses_nothing(dut):
    driver = await begin(dut)
    await driver.send(SENT)
    await ClockCycles(dut.s_axi_aclk, 5000)
    assert await driver.read(Register.STATUS) & Status.RX_FULL
    assert (await driver.receive(len(EXPECTED))).hex() == EXPECTED.hex()
    await driver.rest()


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def the_next_host_is_answered_whatever_the_last_one_left(dut):
    driver = await begin(dut)
    await driver.send(SENT + SENT[:CUT])  # all answers wait
    await driver.write(Register.CONTROL, Control.RESET_TX | Control.RESET_RX)
    await driver.send(SENT)
    found = b""
    while found.replace(BROKEN, b"").count(LATER) < 2:  # the last one's, and ours
        found += await driver.receive(1)
        assert len(found) < 3 * len(EXPECTED)
    assert found.count(BROKEN) == 1
    await driver.rest()


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def a_reset_in_the_middle(dut):
    driver = await begin(dut)
    for clocks in (0, 7, 300, 2000):
        await driver.send(SENT[: len(SENT) // 2])
        await ClockCycles(dut.s_axi_aclk, clocks)
        await driver.reset()
        await driver.rest()
    await driver.exchange()
