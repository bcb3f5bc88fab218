# SPDX-License-Identifier: Apache-2.0
"""The receiver and the transmitter of the serial line."""

from amaranth.hdl import Array, Assert, Cover, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from hw.uart.protocol import BYTE_BITS, MIN_DIVISOR
from hw.uart.transmitter import Transmitter
from sim.formal.proof import Harness, Proof

BYTE = BYTE_BITS * MIN_DIVISOR
SETTLED = BYTE + 8  # clocks of a high line that end whatever was under way


class Loop(Harness):
    """Bytes that go into a transmitter at any time come out of a receiver, whole and in order.

    Parameters
    ----------
    transmitter, receiver : component
    divisor : int
        Clocks a bit.
    """

    i: In(stream.Signature(8))

    def __init__(self, transmitter, receiver, divisor):
        self.transmitter, self.receiver, self.divisor = transmitter, receiver, divisor
        super().__init__()

    def check(self, m):
        m.submodules.transmitter, m.submodules.receiver = self.transmitter, self.receiver
        transmitter, receiver = self.transmitter, self.receiver
        wiring.connect(m, wiring.flipped(self.i), transmitter.i)
        m.d.comb += [
            receiver.rx.eq(transmitter.tx),
            transmitter.divisor.eq(self.divisor),
            receiver.divisor.eq(self.divisor),
        ]
        line = Array(Signal(8, name=f"sent_{n}") for n in range(2))
        sent, received = Signal(4), Signal(4)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [line[sent[0]].eq(self.i.p), sent.eq(sent + 1)]
        with m.If(receiver.o.valid):
            m.d.sync += received.eq(received + 1)
            m.d.comb += [
                Assert(received != sent),
                Assert(~receiver.o.p.broken),
                Assert(receiver.o.p.data == line[received[0]]),
                Cover(receiver.o.p.data == 0xA5),
            ]
        m.d.comb += Assert(sent - received <= 2)


class Settles(Harness):
    """Whatever the line did: once it has been high for :data:`SETTLED` clocks, none is awaited.

    Parameters
    ----------
    receiver : component
    """

    rx: In(1)

    def __init__(self, receiver):
        self.receiver = receiver
        super().__init__()

    def check(self, m):
        m.submodules.receiver = receiver = self.receiver
        m.d.comb += [receiver.rx.eq(self.rx), receiver.divisor.eq(MIN_DIVISOR)]
        high = Signal(range(SETTLED + 1))
        disturbed = Signal()
        with m.If(~self.rx):
            m.d.sync += [high.eq(0), disturbed.eq(1)]
        with m.Elif(high != SETTLED):
            m.d.sync += high.eq(high + 1)
        m.d.comb += Assert((high != SETTLED) | ~receiver.active)
        m.d.comb += Cover(disturbed & (high == SETTLED))


PROOFS = [
    Proof(
        name="serial-loop",
        make=lambda module: Loop(Transmitter(), module.Receiver(), MIN_DIVISOR),
        module="hw.uart.receiver",
        fault=("(self.divisor >> 1) - 1", "self.divisor - 1"),
        depth=BYTE + 8,
        cover=BYTE + 8,
    ),
    Proof(
        name="receiver-settles",
        make=lambda module: Settles(module.Receiver()),
        module="hw.uart.receiver",
        fault=(
            'with m.State("HIGH"):\n                with m.If(rx):',
            'with m.State("HIGH"):\n                with m.If(~rx):',
        ),
        depth=BYTE + SETTLED + 8,
        cover=SETTLED + 4,
    ),
]
