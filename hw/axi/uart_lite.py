# SPDX-License-Identifier: Apache-2.0
"""A byte stream as an AXI4-Lite slave, with the registers of Xilinx' AXI UART Lite (PG142)."""

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hw.axi.registers import DEPTH, Register, Response

# Flat, with the names that Vivado and other tools know a bus by.
PINS = {
    "s_axi_awaddr": In(4),
    "s_axi_awvalid": In(1),
    "s_axi_awready": Out(1),
    "s_axi_wdata": In(32),
    "s_axi_wstrb": In(4),
    "s_axi_wvalid": In(1),
    "s_axi_wready": Out(1),
    "s_axi_bresp": Out(2),
    "s_axi_bvalid": Out(1),
    "s_axi_bready": In(1),
    "s_axi_araddr": In(4),
    "s_axi_arvalid": In(1),
    "s_axi_arready": Out(1),
    "s_axi_rdata": Out(32),
    "s_axi_rresp": Out(2),
    "s_axi_rvalid": Out(1),
    "s_axi_rready": In(1),
    "interrupt": Out(1),
}


class AxiUartLite(wiring.Component):
    """Two FIFOs of bytes behind four registers.

    A read of an empty RX FIFO and a write to a full TX FIFO change nothing and get SLVERR. So does
    nothing a write without the strobe of its lowest byte, or to a register that is only read;
    what is only written reads as 0: these get OKAY. The lowest two bits of an address do not count.

    A full RX FIFO holds `i` back: nothing is ever lost. A byte that arrives in the clock in which
    its FIFO is reset goes with the others.

    Every output comes from a register. A write takes 3 clocks at least, and so does a read.

    Members
    -------
    s_axi_... : AXI4-Lite
        32 bits of data, 16 bytes of addresses. The channels of a write are taken together.
    interrupt : Out(1)
        One clock, where interrupts are enabled: the RX FIFO has a byte (also as they are enabled),
        or the TX FIFO has become empty.
    o : Out(stream.Signature(8))
        What the bus wrote.
    i : In(stream.Signature(8))
        What it may read.
    """

    def __init__(self):
        super().__init__(
            {**PINS, "o": Out(stream.Signature(8)), "i": In(stream.Signature(8))},
        )

    def elaborate(self, platform):
        m = Module()
        reset_tx, reset_rx = Signal(), Signal()
        m.submodules.tx = tx = ResetInserter(reset_tx)(SyncFIFOBuffered(width=8, depth=DEPTH))
        m.submodules.rx = rx = ResetInserter(reset_rx)(SyncFIFOBuffered(width=8, depth=DEPTH))
        enabled, empty = Signal(), Signal()
        m.d.comb += [
            self.o.p.eq(tx.r_data),
            self.o.valid.eq(tx.r_rdy),
            tx.r_en.eq(self.o.ready),
            rx.w_data.eq(self.i.p),
            rx.w_en.eq(self.i.valid),
            self.i.ready.eq(rx.w_rdy),
            empty.eq(tx.level == 0),
        ]
        self._writes(m, tx, reset_tx, reset_rx, enabled)
        self._reads(m, rx, Cat(rx.r_rdy, ~rx.w_rdy, empty, ~tx.w_rdy, enabled))

        byte, had_byte, was_empty = Signal(), Signal(), Signal(init=1)
        m.d.comb += byte.eq(enabled & rx.r_rdy)
        m.d.sync += [
            had_byte.eq(byte),
            was_empty.eq(empty),
            self.interrupt.eq((byte & ~had_byte) | (enabled & empty & ~was_empty)),
        ]
        return m

    def _writes(self, m, tx, reset_tx, reset_rx, enabled):
        take = Signal()  # both channels, in this clock
        m.d.sync += take.eq(self.s_axi_awvalid & self.s_axi_wvalid & ~take & ~self.s_axi_bvalid)
        m.d.comb += [self.s_axi_awready.eq(take), self.s_axi_wready.eq(take)]
        m.d.comb += tx.w_data.eq(self.s_axi_wdata)

        with m.If(self.s_axi_bready):
            m.d.sync += self.s_axi_bvalid.eq(0)
        with m.If(take):
            m.d.sync += [self.s_axi_bvalid.eq(1), self.s_axi_bresp.eq(Response.OKAY)]
            with m.If(self.s_axi_wstrb[0]):
                with m.Switch(self.s_axi_awaddr[2:]):
                    with m.Case(Register.TX_FIFO):
                        m.d.comb += tx.w_en.eq(1)
                        with m.If(~tx.w_rdy):
                            m.d.sync += self.s_axi_bresp.eq(Response.SLVERR)
                    with m.Case(Register.CONTROL):
                        m.d.comb += Cat(reset_tx, reset_rx).eq(self.s_axi_wdata)
                        m.d.sync += enabled.eq(self.s_axi_wdata[4])

    def _reads(self, m, rx, status):
        take = self.s_axi_arready
        m.d.sync += take.eq(self.s_axi_arvalid & ~take & ~self.s_axi_rvalid)

        with m.If(self.s_axi_rready):
            m.d.sync += self.s_axi_rvalid.eq(0)
        with m.If(take):
            m.d.sync += [
                self.s_axi_rvalid.eq(1),
                self.s_axi_rresp.eq(Response.OKAY),
                self.s_axi_rdata.eq(0),
            ]
            with m.Switch(self.s_axi_araddr[2:]):
                with m.Case(Register.RX_FIFO):
                    m.d.comb += rx.r_en.eq(1)
                    m.d.sync += [
                        self.s_axi_rdata.eq(Mux(rx.r_rdy, rx.r_data, 0)),
                        self.s_axi_rresp.eq(Mux(rx.r_rdy, Response.OKAY, Response.SLVERR)),
                    ]
                with m.Case(Register.STATUS):
                    m.d.sync += self.s_axi_rdata.eq(status)
