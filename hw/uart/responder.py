# SPDX-License-Identifier: Apache-2.0
"""Answer requests, pictures among them."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.uart import identity
from hw.uart.command import JOB, Kind
from hw.uart.crc32 import Crc32
from hw.uart.protocol import (
    ANSWER,
    CRC,
    DIVISOR,
    ERROR,
    ERROR_CODE,
    HEAD,
    PIXELS,
    SUMMED_LAYERS,
    SUMS,
    VERSION,
    Facts,
    Request,
    Status,
)
from hw.uart.slip import BODY_BYTE

PIXEL = data.StructLayout({"r": 8, "g": 8, "b": 8})
TYPES = {
    Kind.INFO: Request.INFO | ANSWER,
    Kind.PICTURE: Request.GENERATE | ANSWER,
    Kind.SELF_TEST: Request.SELF_TEST | ANSWER,
    Kind.BAUD: Request.BAUD | ANSWER,
    Kind.ERROR: ERROR,
}


class Responder(wiring.Component):
    """Turn jobs into bodies of answers, one after another.

    A picture goes out as it comes, three bytes a pixel. The self-test takes its picture at a
    pixel a cycle, so that the cycles counted for it are those of the generator alone.

    Members
    -------
    i_jobs : In(stream.Signature(JOB))
    i_pixels : In(stream.Signature(StructLayout({"r": 8, "g": 8, "b": 8})))
        One picture for each job that fed latents, in the same order.
    o : Out(stream.Signature(StructLayout({"data": 8, "last": 1})))
        Bodies without their CRC.
    ready : In(1), core_cycles, stalled_cycles : In(32)
        For the info answer.
    rom_busy : In(1), rom_addr : Out(8), rom_data : In(8)
        Identity memory; where it was not busy for another, which is told a cycle late, data come
        :data:`hw.uart.identity.LATENCY` cycles after the address.
    picture_done : Out(1)
        The last pixel of a picture was taken.
    layer : Out(2), layer_crc : In(32)
        Sums of the layers of that picture (:class:`hw.uart.layer_crc.LayerCrc`); they come in the
        cycle after the layer.
    line_active : In(1)
        Bytes given to `o` are still on their way.
    set_divisor : Out(1)
        One cycle, once the answer to a change of rate has left the line.
    divisor : Out(16)
        The new rate, with `set_divisor`.
    active : Out(1)
        A job is being answered.
    """

    i_jobs: In(stream.Signature(JOB))
    i_pixels: In(stream.Signature(PIXEL))
    o: Out(stream.Signature(BODY_BYTE))
    ready: In(1)
    core_cycles: In(32)
    stalled_cycles: In(32)
    rom_busy: In(1)
    rom_addr: Out(8)
    rom_data: In(8)
    picture_done: Out(1)
    layer: Out(2)
    layer_crc: In(32)
    line_active: In(1)
    set_divisor: Out(1)
    divisor: Out(16)
    active: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = Crc32(24)

        job = Signal(JOB)
        shift = Signal(8 * Status.LAYOUT.size)  # bytes on their way out, the first lowest
        count = Signal(range(Status.LAYOUT.size + 1))  # bytes of it left
        one_left = Signal()
        stored = Signal(range(Facts.LAYOUT.size + 1))  # bytes of the memory left
        none_stored = Signal()
        wait = Signal(range(identity.LATENCY + 1))  # until rom_data are those of rom_addr
        pixels = Signal(range(PIXELS))
        last_pixel = Signal()
        pixel_taken = Signal()
        m.d.comb += [
            pixel_taken.eq(self.i_pixels.valid & self.i_pixels.ready),
            self.divisor.eq(job.value),
            self.picture_done.eq(pixel_taken & (pixels == PIXELS - 1)),
        ]
        with m.If(pixel_taken):
            m.d.sync += [pixels.eq(pixels + 1), last_pixel.eq(pixels == PIXELS - 1)]
        with m.If(self.rom_busy):
            m.d.sync += wait.eq(identity.LATENCY)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)

        m.d.sync += [crc.en.eq(0), crc.data.eq(self.i_pixels.p)]

        def send(following, *, last=0):
            """Shift `count` bytes out, then go on with `following`."""
            m.d.comb += [
                self.o.valid.eq(1),
                self.o.p.data.eq(shift[:8]),
                self.o.p.last.eq(last & one_left),
            ]
            with m.If(self.o.ready):
                m.d.sync += [shift.eq(shift >> 8), count.eq(count - 1), one_left.eq(count == 2)]
                with m.If(one_left):
                    m.next = following

        def load(value, size):
            return [shift.eq(value), count.eq(size), one_left.eq(size == 1)]

        def look_up(address, size):
            return [
                self.rom_addr.eq(address),
                stored.eq(size),
                none_stored.eq(size == 0),
                wait.eq(identity.LATENCY),
            ]

        with m.FSM() as fsm:
            with m.State("IDLE"):
                m.d.comb += [self.i_jobs.ready.eq(1), crc.clear.eq(1)]
                with m.If(self.i_jobs.valid):
                    m.d.sync += job.eq(self.i_jobs.p)
                    m.next = "START"
            with m.State("START"):
                answer = Signal(8)
                with m.Switch(job.kind):
                    for kind, code in TYPES.items():
                        with m.Case(kind):
                            m.d.comb += answer.eq(code)
                m.d.sync += load(Cat(Const(VERSION, 8), answer, job.tag), HEAD.size)
                m.next = "HEAD"
                with m.If(job.kind == Kind.SELF_TEST):
                    m.next = "CHECK"
            with m.State("CHECK"):
                m.d.comb += self.i_pixels.ready.eq(1)
                m.d.sync += crc.en.eq(pixel_taken)
                with m.If(self.picture_done):
                    m.next = "HEAD"
            with m.State("HEAD"):
                send("PAYLOAD")
            with m.State("PAYLOAD"):
                m.next = "TAIL"
                with m.Switch(job.kind):
                    with m.Case(Kind.INFO):
                        m.d.sync += look_up(identity.FACTS, Facts.LAYOUT.size)
                        m.next = "LOOK UP"
                    with m.Case(Kind.SELF_TEST):
                        m.d.sync += look_up(identity.ANSWER, SUMS.size)
                        m.next = "LOOK UP"
                    with m.Case(Kind.PICTURE):
                        m.next = "FETCH"
                    with m.Case(Kind.BAUD):
                        m.d.sync += load(job.value, DIVISOR.size)
                    with m.Case(Kind.ERROR):
                        m.d.sync += load(job.value, ERROR_CODE.size)
            with m.State("LOOK UP"):
                m.d.sync += self.layer.eq(0)
                with m.If(none_stored):
                    status = Cat(self.ready, Const(0, 7), self.core_cycles, self.stalled_cycles)
                    m.d.sync += load(status, Status.LAYOUT.size)
                    m.next = "TAIL"
                    with m.If(job.kind == Kind.SELF_TEST):
                        m.next = "LAYER"
                with m.Elif(wait == 0):
                    m.d.sync += [
                        load(self.rom_data, 1),
                        look_up(self.rom_addr + 1, (stored - 1)[: len(stored)]),
                    ]
                    m.next = "STORED"
            with m.State("STORED"):
                send("LOOK UP")
            with m.State("LAYER"):
                m.d.sync += [load(self.layer_crc, CRC.size), self.layer.eq(self.layer + 1)]
                m.next = "LAYER SENT"
                with m.If(self.layer == SUMMED_LAYERS):
                    m.d.sync += load(crc.crc, CRC.size)
                    m.next = "TAIL"
            with m.State("LAYER SENT"):
                send("LAYER")
            with m.State("TAIL"):
                send("SENT", last=1)
            with m.State("FETCH"):
                m.d.comb += self.i_pixels.ready.eq(1)
                m.d.sync += load(self.i_pixels.p, 3)
                with m.If(pixel_taken):
                    m.next = "PIXEL"
            with m.State("PIXEL"):
                send("FETCH", last=last_pixel)
                with m.If(last_pixel & self.o.ready & one_left):
                    m.next = "SENT"
            with m.State("SENT"):
                m.next = "IDLE"
                with m.If(job.kind == Kind.BAUD):
                    m.next = "SWITCH"
            with m.State("SWITCH"):
                with m.If(~self.line_active):
                    m.d.comb += self.set_divisor.eq(1)
                    m.next = "IDLE"
        m.d.comb += self.active.eq(~fsm.ongoing("IDLE"))

        return m
