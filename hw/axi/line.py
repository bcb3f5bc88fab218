# SPDX-License-Identifier: Apache-2.0
"""The bytes of the protocol over a bus, in place of a serial line."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hw.axi.uart_lite import PINS, AxiUartLite
from hw.uart.serial_line import LINE

GAP = 4  # clocks from byte to byte at the least: what is behind a line counts on that


class AxiLine(wiring.Component):
    """An :class:`hw.axi.uart_lite.AxiUartLite` as a line.

    It has no rate: a request for another one is answered as on any line, and changes nothing. A
    byte-time, in which time-outs are counted, stays what it is on a serial line after reset.

    Parameters
    ----------
    startup : int
        Clocks of a tenth of a byte-time.

    Members
    -------
    s_axi_..., interrupt
        Of the slave.
    link : Out(LINE)
    """

    def __init__(self, startup):
        self.startup = startup
        super().__init__({**PINS, "link": Out(LINE)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.uart = uart = AxiUartLite()
        for name in PINS:
            pin, own = getattr(uart, name), getattr(self, name)
            m.d.comb += own.eq(pin) if PINS[name].flow == Out else pin.eq(own)

        link = self.link
        wiring.connect(m, wiring.flipped(link.send), uart.i)
        wait = Signal(range(GAP))
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Elif(uart.o.valid):
            m.d.sync += wait.eq(GAP - 1)
        m.d.comb += [
            uart.o.ready.eq(wait == 0),
            link.received.valid.eq(uart.o.valid & uart.o.ready),
            link.received.p.data.eq(uart.o.p),
            link.divisor.eq(self.startup),
            link.active.eq(uart.o.valid),
        ]
        return m
