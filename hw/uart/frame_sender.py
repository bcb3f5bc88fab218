# SPDX-License-Identifier: Apache-2.0
"""Answers to line bytes."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.primitives.crc32 import Crc32
from hw.uart.slip import BODY_BYTE, Encoder


class FrameSender(wiring.Component):
    """Append the CRC to each body and put it in a SLIP frame.

    Latency is 2 cycles, throughput one byte in two cycles.

    Members
    -------
    i : In(stream.Signature(StructLayout({"data": 8, "last": 1})))
        Bodies without their CRC.
    o : Out(stream.Signature(8))
        Bytes for the line.
    active : Out(1)
        Inside a frame.
    """

    i: In(stream.Signature(BODY_BYTE))
    o: Out(stream.Signature(8))
    active: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = Crc32()
        m.submodules.encoder = encoder = Encoder()
        wiring.connect(m, encoder.o, wiring.flipped(self.o))
        m.d.comb += self.active.eq(encoder.active)

        index = Signal(range(4))
        taken = Signal()
        m.d.comb += [taken.eq(encoder.i.valid & encoder.i.ready), crc.data.eq(self.i.p.data)]
        m.d.sync += crc.clear.eq(0)
        with m.FSM():
            with m.State("BODY"):
                m.d.comb += [
                    encoder.i.valid.eq(self.i.valid),
                    encoder.i.p.data.eq(self.i.p.data),
                    self.i.ready.eq(encoder.i.ready),
                    crc.en.eq(taken),
                ]
                with m.If(taken & self.i.p.last):
                    m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += [
                    encoder.i.valid.eq(1),
                    encoder.i.p.data.eq(crc.crc.word_select(index, 8)),
                    encoder.i.p.last.eq(index == 3),
                ]
                with m.If(taken):
                    m.d.sync += index.eq(index + 1)
                    with m.If(index == 3):
                        m.d.sync += crc.clear.eq(1)  # long before the next byte
                        m.next = "BODY"

        return m
