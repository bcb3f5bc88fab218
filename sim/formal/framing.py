# SPDX-License-Identifier: Apache-2.0
"""The framer: SLIP both ways, and what a frame receiver may hand on."""

import struct

from amaranth.hdl import Assert, Assume, Cover, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from hw.uart.protocol import MIN_DIVISOR
from hw.uart.slip import BODY_BYTE, EVENT
from sim.formal.proof import AnyCrc, Harness, Proof, holds

SPACING = 4  # cycles between events at the least
# A small frame receiver, of the same code: head and CRC of a byte, three bytes more at the most.
SMALL = {
    "HEAD": struct.Struct("<B"),
    "CRC": struct.Struct("<B"),
    "MAX_REQUEST": 5,
    "DEPTH": 8,
    "WAITING": 8,
}
BYTE = 0xFF  # what all bytes are where they do not matter


class Slip(Harness):
    """Bodies that go into an encoder come out of a decoder: byte number `index`, whichever it is.

    Parameters
    ----------
    encoder, decoder : component
    """

    i: In(stream.Signature(BODY_BYTE))
    ready: In(1)
    index: In(3)

    def __init__(self, encoder, decoder):
        self.encoder, self.decoder = encoder, decoder
        super().__init__()

    def check(self, m):
        m.submodules.encoder, m.submodules.decoder = self.encoder, self.decoder
        encoder, decoder = self.encoder, self.decoder
        wiring.connect(m, wiring.flipped(self.i), encoder.i)
        m.d.comb += [
            Assume(holds(m, "i", self.i)),
            encoder.o.ready.eq(self.ready),
            decoder.i.valid.eq(encoder.o.valid & encoder.o.ready),
            decoder.i.p.data.eq(encoder.o.p),
        ]
        begun = Signal()
        index = Signal.like(self.index)
        m.d.sync += [begun.eq(1), index.eq(self.index)]
        m.d.comb += Assume(~begun | (self.index == index))

        entered, left = Signal(4), Signal(4)
        byte = Signal(BODY_BYTE)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += entered.eq(entered + 1)
            with m.If(entered == self.index):
                m.d.sync += byte.eq(self.i.p)

        event = decoder.o.p
        behind = Signal()  # the last event was byte number `index`
        with m.If(decoder.o.valid):
            m.d.sync += behind.eq(0)
            m.d.comb += [
                Assert(~event.bad),
                Assert(~behind | (event.end == byte.last)),
                Cover(behind & event.end),
            ]
            with m.If(~event.end):
                m.d.sync += left.eq(left + 1)
                m.d.comb += Assert(left < entered)
                with m.If(left == self.index):
                    m.d.sync += behind.eq(1)
                    m.d.comb += Assert(event.data == byte.data)


class HandedOn(Harness):
    """A frame receiver hands on as many bytes as its good frames have, and none of another one.

    Whatever its CRC says: that it says the right thing is for tests/hw/primitives/test_crc32.py.
    The bytes are all the same, and no request's length: nothing here reads them but the CRC. Head,
    CRC and memories are those of `SMALL`.

    Parameters
    ----------
    module : module
        A copy of :mod:`hw.uart.frame_receiver`, whose CRC is replaced.
    """

    valid: In(1)
    event: In(EVENT)
    ready: In(1)
    right: In(1)

    def __init__(self, module):
        super().__init__()
        module.Crc32 = lambda: AnyCrc(Mux(self.right, module.RESIDUE, ~module.RESIDUE))
        vars(module).update(SMALL)
        self.receiver = module.FrameReceiver()

    def check(self, m):
        m.submodules.receiver = receiver = self.receiver
        m.d.comb += [
            receiver.i.valid.eq(self.valid),
            receiver.i.p.eq(self.event),
            receiver.divisor.eq(MIN_DIVISOR),
            receiver.o.ready.eq(self.ready),
            receiver.o_error.ready.eq(self.ready),
            Assume(self.event.data == BYTE),
        ]
        since = Signal(range(SPACING), init=SPACING - 1)
        with m.If(self.valid):
            m.d.sync += since.eq(0)
            m.d.comb += Assume(since == SPACING - 1)
        with m.Elif(since != SPACING - 1):
            m.d.sync += since.eq(since + 1)

        size, spoilt = Signal(6), Signal()
        granted, taken = Signal(8), Signal(8)
        first = Signal(8)  # bytes of the first good frame, without its CRC
        head, crc = (SMALL[name].size for name in ("HEAD", "CRC"))
        with m.If(self.valid):
            m.d.sync += [size.eq(size + 1), spoilt.eq(spoilt | self.event.bad)]
            with m.If(self.event.end):
                m.d.sync += [size.eq(0), spoilt.eq(0)]
        with m.If(receiver.good):
            m.d.sync += granted.eq(granted + size + 1 - crc)
            with m.If(granted == 0):
                m.d.sync += first.eq(size - crc)
            m.d.comb += [
                Assert(self.valid & self.event.end & ~self.event.bad),
                Assert(~spoilt & (size >= head + crc)),
            ]
        with m.If(receiver.o.valid & receiver.o.ready):
            m.d.sync += taken.eq(taken + 1)
            m.d.comb += [
                Assert(taken < granted),
                Assert((taken != 0) | (receiver.o.p == first - head)),
                Cover(taken == head),
            ]
        m.d.comb += Assert(~(receiver.good & receiver.bad))


PROOFS = [
    Proof(
        name="slip-encoder",
        make=lambda module: Slip(module.Encoder(), module.Decoder()),
        module="hw.uart.slip",
        fault=(
            "special.eq((held.data == END) | (held.data == ESC))",
            "special.eq(held.data == END)",
        ),
        depth=20,
        cover=12,
    ),
    Proof(
        name="frames-handed-on",
        make=HandedOn,
        module="hw.uart.frame_receiver",
        fault=("proven.eq(~spoilt & (crc", "proven.eq((crc"),
        depth=26,
        cover=26,
        registers=True,
    ),
]
