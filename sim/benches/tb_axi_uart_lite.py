# SPDX-License-Identifier: Apache-2.0
"""The bus slave against a master that waits on any channel at any time."""

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from hw.axi.registers import DEPTH, Control, Register, Status
from sim.benches.bench import generator, start
from sim.benches.bench import reset as reset_all

CHANNELS = {  # of the master, and the members that must hold while valid waits for ready
    "aw": ("awaddr",),
    "w": ("wdata", "wstrb"),
    "b": ("bresp",),
    "ar": ("araddr",),
    "r": ("rdata", "rresp"),
}
IDLE = Status.TX_EMPTY


class Bench:
    """A master at the bus, and both streams in the bench's hands.

    Parameters
    ----------
    dut : handle
    pause : float
        Share of clocks in which a channel, or a stream, stands still.
    """

    def __init__(self, dut, pause=0.0):
        self.dut, self.pause, self.rng = dut, pause, generator()
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
        parts = self.master.write_if, self.master.read_if
        for part in parts:
            part.log.setLevel("WARNING")  # else a line a word
        self.taken, self.interrupts = [], 0
        for name in CHANNELS:
            part = next(part for part in parts if hasattr(part, f"{name}_channel"))
            getattr(part, f"{name}_channel").set_pause_generator(self._pauses())
            cocotb.start_soon(self._holds(name))
        cocotb.start_soon(self._watch())
        dut.o__ready.value = 0
        dut.i__valid.value = 0

    def _pauses(self):
        while True:
            yield bool(self.rng.random() < self.pause)

    def _stands(self):
        return self.rng.random() < self.pause

    async def _holds(self, name):
        """The rule of AXI's channels: what is offered stays until it is taken."""
        pins = {n: getattr(self.dut, f"s_axi_{n}") for n in (f"{name}valid", f"{name}ready")}
        valid, ready = pins.values()
        members = [getattr(self.dut, f"s_axi_{member}") for member in CHANNELS[name]]
        waiting = None
        while True:
            await RisingEdge(self.dut.clk)
            offered = [int(member.value) for member in members] if int(valid.value) else None
            if int(self.dut.rst.value):
                waiting = None
                continue
            assert waiting in (None, offered), name
            waiting = None if int(ready.value) else offered

    async def _watch(self):
        while True:
            await RisingEdge(self.dut.clk)
            if int(self.dut.o__valid.value) and int(self.dut.o__ready.value):
                self.taken.append(int(self.dut.o__payload.value))
            self.interrupts += int(self.dut.interrupt.value)

    async def take(self):
        """Take what comes out of the slave, for ever."""
        while True:
            await FallingEdge(self.dut.clk)
            self.dut.o__ready.value = not self._stands()

    async def offer(self, chunk):
        """Offer bytes for the RX FIFO."""
        for byte in chunk:
            await FallingEdge(self.dut.clk)
            while self._stands():
                await FallingEdge(self.dut.clk)
            self.dut.i__payload.value = byte
            self.dut.i__valid.value = 1
            while not int(self.dut.i__ready.value):
                await FallingEdge(self.dut.clk)
            await RisingEdge(self.dut.clk)
            await ReadOnly()
            await FallingEdge(self.dut.clk)
            self.dut.i__valid.value = 0

    async def write(self, register, value):
        """Write a word, and return the response."""
        return (await self.master.write(4 * register, int(value).to_bytes(4, "little"))).resp

    async def read(self, register):
        """Return word and response."""
        answer = await self.master.read(4 * register, 4)
        return int.from_bytes(answer.data, "little"), answer.resp

    async def status(self):
        value, response = await self.read(Register.STATUS)
        assert response == AxiResp.OKAY
        return value

    async def send(self, chunk):
        """Write bytes as a driver does: never to a full FIFO."""
        for byte in chunk:
            while await self.status() & Status.TX_FULL:
                pass
            assert await self.write(Register.TX_FIFO, byte) == AxiResp.OKAY

    async def receive(self, count):
        """Read bytes as a driver does: never from an empty FIFO."""
        found = []
        while len(found) < count:
            if await self.status() & Status.RX_VALID:
                value, response = await self.read(Register.RX_FIFO)
                assert response == AxiResp.OKAY
                found.append(value)
        return found


async def begin(dut, pause=0.0):
    bench = Bench(dut, pause)
    await start(dut)
    return bench


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def both_ways_at_once_under_stalls(dut):
    for pause in (0.0, 0.5, 0.9):
        bench = Bench(dut, pause)
        if pause == 0.0:
            await start(dut)
        there, back = bench.rng.bytes(100), bench.rng.bytes(100)
        tasks = [cocotb.start_soon(bench.take()), cocotb.start_soon(bench.offer(back))]
        await bench.send(there)
        assert await bench.receive(len(back)) == list(back)
        while len(bench.taken) < len(there):
            await RisingEdge(dut.clk)
        assert bench.taken == list(there)
        assert await bench.status() == IDLE
        for task in tasks:
            task.cancel()
        dut.o__ready.value = 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_full_tx_fifo_refuses_and_keeps_what_it_has(dut):
    bench = await begin(dut, 0.3)
    for byte in range(DEPTH):
        assert await bench.write(Register.TX_FIFO, 0xA00 + byte) == AxiResp.OKAY
    assert await bench.status() == Status.TX_FULL
    assert await bench.write(Register.TX_FIFO, 0x55) == AxiResp.SLVERR
    cocotb.start_soon(bench.take())
    await ClockCycles(dut.clk, 60)
    assert bench.taken == list(range(DEPTH))
    assert await bench.status() == IDLE


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_full_rx_fifo_waits_and_an_empty_one_refuses(dut):
    bench = await begin(dut)
    assert await bench.read(Register.RX_FIFO) == (0, AxiResp.SLVERR)
    cocotb.start_soon(bench.offer(range(100, 120)))
    await ClockCycles(dut.clk, 100)
    assert not int(dut.i__ready.value)
    assert await bench.status() == IDLE | Status.RX_VALID | Status.RX_FULL
    assert await bench.receive(20) == list(range(100, 120))
    assert await bench.read(Register.RX_FIFO) == (0, AxiResp.SLVERR)
    assert await bench.status() == IDLE


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def only_the_strobe_of_the_lowest_byte_counts(dut):
    bench = await begin(dut)
    for address in (5, 6, 7, 13, 14, 15):
        answer = await bench.master.write(address, b"\xff")
        assert answer.resp == AxiResp.OKAY
    assert await bench.status() == IDLE
    await bench.master.write(4, b"\x42")
    await bench.master.write(4, b"\x43\x99\x99")
    assert await bench.status() == 0
    cocotb.start_soon(bench.take())
    await ClockCycles(dut.clk, 20)
    assert bench.taken == [0x42, 0x43]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_register_of_one_direction_ignores_the_other(dut):
    bench = await begin(dut)
    cocotb.start_soon(bench.offer([7]))
    await bench.write(Register.TX_FIFO, 9)
    for register in (Register.RX_FIFO, Register.STATUS):
        assert await bench.write(register, 0xFFFFFFFF) == AxiResp.OKAY
    for register in (Register.TX_FIFO, Register.CONTROL):
        assert await bench.read(register) == (0, AxiResp.OKAY)
    assert await bench.status() == Status.RX_VALID
    assert await bench.receive(1) == [7]
    cocotb.start_soon(bench.take())
    await ClockCycles(dut.clk, 10)
    assert bench.taken == [9]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def each_fifo_is_reset_alone(dut):
    bench = await begin(dut)
    full = Status.TX_FULL | Status.RX_VALID | Status.RX_FULL
    for control, left in (
        (0, full),
        (Control.RESET_TX, Status.TX_EMPTY | Status.RX_VALID | Status.RX_FULL),
        (Control.RESET_RX, Status.TX_FULL),
        (Control.RESET_TX | Control.RESET_RX, IDLE),
    ):
        await bench.write(Register.CONTROL, Control.RESET_TX | Control.RESET_RX)
        for byte in range(DEPTH):
            await bench.write(Register.TX_FIFO, byte)
        await bench.offer(range(DEPTH))
        assert await bench.status() == full
        await bench.write(Register.CONTROL, control)
        assert await bench.status() == left
    await bench.offer([3])  # both work behind it
    await bench.write(Register.TX_FIFO, 4)
    assert await bench.receive(1) == [3]
    cocotb.start_soon(bench.take())
    await ClockCycles(dut.clk, 10)
    assert bench.taken == [4]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def interrupts_come_as_bytes_do(dut):
    bench = await begin(dut)

    async def interrupts():
        await ClockCycles(dut.clk, 20)
        count, bench.interrupts = bench.interrupts, 0
        return count

    await bench.offer([1])
    await bench.write(Register.TX_FIFO, 1)
    taking = cocotb.start_soon(bench.take())
    assert await interrupts() == 0  # not enabled
    await bench.write(Register.CONTROL, Control.ENABLE_INTERRUPT)
    assert await bench.status() == IDLE | Status.RX_VALID | Status.INTERRUPT_ENABLED
    assert await interrupts() == 1  # of the byte that waits
    await bench.offer([2])
    assert await interrupts() == 0  # the FIFO was not empty
    await bench.receive(2)
    assert await interrupts() == 0
    await bench.offer([3])
    assert await interrupts() == 1
    await bench.write(Register.TX_FIFO, 1)
    assert await interrupts() == 1  # empty again
    taking.cancel()
    dut.o__ready.value = 0
    await bench.write(Register.TX_FIFO, 1)
    assert await interrupts() == 0
    await bench.write(Register.CONTROL, 0)
    dut.o__ready.value = 1
    assert await interrupts() == 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_reset_at_any_time_leaves_it_empty(dut):
    bench = await begin(dut, 0.4)
    for clocks in range(12):
        await bench.write(Register.TX_FIFO, 1)
        await bench.write(Register.CONTROL, Control.ENABLE_INTERRUPT)
        await bench.offer([5])
        cocotb.start_soon(bench.master.write(4, b"\x07"))
        cocotb.start_soon(bench.master.read(0, 4))
        await ClockCycles(dut.clk, clocks)
        cocotb.start_soon(reset_all(dut))
        await ClockCycles(dut.clk, 2)
        for _ in range(2):
            await RisingEdge(dut.clk)
            assert not int(dut.s_axi_bvalid.value)
            assert not int(dut.s_axi_rvalid.value)
        await ClockCycles(dut.clk, 8)
        assert await bench.status() == IDLE
