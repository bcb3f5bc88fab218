# SPDX-License-Identifier: Apache-2.0
"""How bytes come to the protocol and go: over two wires here, over a bus in :mod:`hw.axi`."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.uart.baud import BaudRate
from hw.uart.receiver import BYTE, Receiver
from hw.uart.transmitter import Transmitter

# Of any line, seen from it: `received`, at most a byte in 4 cycles; `send`; `divisor`, a tenth of
# a byte-time in clocks, which a request may `set` to `new`; whether a frame was `good` or `bad`;
# `sending`, a byte that it took is still under way; `active`, so is anything else.
LINE = wiring.Signature(
    {
        "received": Out(stream.Signature(BYTE, always_ready=True)),
        "send": In(stream.Signature(8)),
        "divisor": Out(16),
        "set": In(1),
        "new": In(16),
        "good": In(1),
        "bad": In(1),
        "sending": Out(1),
        "active": Out(1),
    }
)


class SerialLine(wiring.Component):
    """A serial line, 8N1, whose rate changes on request.

    Parameters
    ----------
    startup : int
        Clocks a bit after reset.

    Members
    -------
    rx : In(1)
        Serial line in; synchronised here.
    tx : Out(1)
        Serial line out, from a register.
    link : Out(LINE)
    """

    def __init__(self, startup):
        self.startup = startup
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1), "link": Out(LINE)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.baud = baud = BaudRate(self.startup)
        m.submodules.receiver = receiver = Receiver()
        m.submodules.transmitter = transmitter = Transmitter()
        link = self.link
        wiring.connect(m, receiver.o, wiring.flipped(link.received))
        wiring.connect(m, wiring.flipped(link.send), transmitter.i)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            link.divisor.eq(baud.divisor),
            receiver.divisor.eq(baud.divisor),
            transmitter.divisor.eq(baud.divisor),
            baud.set.eq(link.set),
            baud.new.eq(link.new),
            baud.good.eq(link.good),
            baud.bad.eq(link.bad),
            link.sending.eq(transmitter.active),
            link.active.eq(receiver.active | baud.probation),
        ]
        return m
