# SPDX-License-Identifier: Apache-2.0
"""SLIP, RFC 1055: frames between END bytes, with END and ESC inside them escaped."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.uart.protocol import END, ESC, ESC_END, ESC_ESC
from hw.uart.receiver import BYTE

EVENT = data.StructLayout({"data": 8, "end": 1, "bad": 1})
BODY_BYTE = data.StructLayout({"data": 8, "last": 1})


class Decoder(wiring.Component):
    """Turn received bytes into body bytes and frame ends.

    Latency is 1 cycle, throughput one byte a cycle.

    Members
    -------
    i : In(stream.Signature(BYTE, always_ready=True))
    clear : In(1)
        Forget an ESC that waits for its second byte.
    o : Out(stream.Signature(StructLayout({"data": 8, "end": 1, "bad": 1}), always_ready=True))
        A body byte where neither `end` nor `bad` is set. `end`: the frame is over.
        `bad`: the frame is spoilt, by a broken byte or by an ESC that does not go on as it must.
    """

    i: In(stream.Signature(BYTE, always_ready=True))
    clear: In(1)
    o: Out(stream.Signature(EVENT, always_ready=True))

    def elaborate(self, platform):
        m = Module()
        escaped = Signal()
        byte = self.i.p.data

        m.d.sync += self.o.valid.eq(0)
        with m.If(self.clear):
            m.d.sync += escaped.eq(0)
        with m.Elif(self.i.valid):
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.p.data.eq(byte),
                self.o.p.end.eq(0),
                self.o.p.bad.eq(0),
                escaped.eq(0),
            ]
            with m.If(self.i.p.broken):
                m.d.sync += self.o.p.bad.eq(1)
            with m.Elif(byte == END):
                m.d.sync += [self.o.p.end.eq(1), self.o.p.bad.eq(escaped)]
            with m.Elif(escaped):
                m.d.sync += self.o.p.data.eq(Mux(byte == ESC_END, END, ESC))
                m.d.sync += self.o.p.bad.eq((byte != ESC_END) & (byte != ESC_ESC))
            with m.Elif(byte == ESC):
                m.d.sync += [self.o.valid.eq(0), escaped.eq(1)]

        return m


class Encoder(wiring.Component):
    """Turn bodies into frames: an END before and after each, END and ESC inside escaped.

    Latency is 2 cycles (the END goes first), throughput one byte out in two cycles: a serial line
    takes one in forty at the least.

    Members
    -------
    i : In(stream.Signature(StructLayout({"data": 8, "last": 1})))
    o : Out(stream.Signature(8))
    active : Out(1)
        Inside a frame.
    """

    i: In(stream.Signature(BODY_BYTE))
    o: Out(stream.Signature(8))
    active: Out(1)

    def elaborate(self, platform):
        m = Module()
        byte = self.i.p.data
        special = Signal()
        m.d.comb += special.eq((byte == END) | (byte == ESC))
        free = Signal()
        m.d.comb += free.eq(~self.o.valid)

        def put(value):
            return [self.o.valid.eq(1), self.o.p.eq(value)]

        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.FSM() as fsm:
            with m.State("IDLE"):
                with m.If(self.i.valid & free):
                    m.d.sync += put(END)
                    m.next = "BODY"
            with m.State("BODY"):
                with m.If(self.i.valid & free):
                    with m.If(special):
                        m.d.sync += put(ESC)
                        m.next = "ESCAPED"
                    with m.Else():
                        m.d.sync += put(byte)
                        m.d.comb += self.i.ready.eq(1)
                        with m.If(self.i.p.last):
                            m.next = "END"
            with m.State("ESCAPED"):
                with m.If(free):
                    m.d.sync += put(Mux(byte == END, ESC_END, ESC_ESC))
                    m.d.comb += self.i.ready.eq(1)
                    m.next = "BODY"
                    with m.If(self.i.p.last):
                        m.next = "END"
            with m.State("END"):
                with m.If(free):
                    m.d.sync += put(END)
                    m.next = "IDLE"
        m.d.comb += self.active.eq(~fsm.ongoing("IDLE") | self.o.valid)
        return m
