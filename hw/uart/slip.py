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
    takes one in forty at the least. `i.ready` comes from a register.

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
        held = Signal(BODY_BYTE)
        full = Signal()  # `held` has not gone out yet
        special = Signal()
        free = Signal()
        m.d.comb += [
            self.i.ready.eq(~full),
            special.eq((held.data == END) | (held.data == ESC)),
            free.eq(~self.o.valid),
        ]
        with m.If(self.i.valid & ~full):
            m.d.sync += [held.eq(self.i.p), full.eq(1)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)

        def put(value):
            m.d.sync += [self.o.valid.eq(1), self.o.p.eq(value)]

        def finish(value):
            """Put the last or only byte that stands for `held`."""
            put(value)
            m.d.sync += full.eq(0)
            m.next = "BODY"
            with m.If(held.last):
                m.next = "END"

        with m.FSM() as fsm:
            with m.State("IDLE"):
                with m.If(full & free):
                    put(END)
                    m.next = "BODY"
            with m.State("BODY"):
                with m.If(full & free):
                    with m.If(special):
                        put(ESC)
                        m.next = "ESCAPED"
                    with m.Else():
                        finish(held.data)
            with m.State("ESCAPED"):
                with m.If(free):
                    finish(Mux(held.data == END, ESC_END, ESC_ESC))
            with m.State("END"):
                with m.If(free):
                    put(END)
                    m.next = "IDLE"
        m.d.comb += self.active.eq(full | ~fsm.ongoing("IDLE") | self.o.valid)

        return m
