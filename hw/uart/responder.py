# SPDX-License-Identifier: Apache-2.0
"""Answer requests, pictures among them."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.uart import identity
from hw.uart.command import JOB, WALL_KIND, Kind
from hw.uart.facts import Info, Status
from hw.uart.picture_crc import PictureCrc
from hw.uart.protocol import (
    ANSWER,
    CRC,
    DIVISOR,
    ERROR,
    ERROR_CODE,
    HEAD,
    MAX_LAYERS,
    MAX_PIXELS,
    OFFSET,
    ORDER,
    PICTURE_SUM,
    SUMS,
    VERSION,
    WALL_ANSWER,
    Error,
    Request,
)
from hw.uart.slip import BODY_BYTE

PIXEL = data.StructLayout({"r": 8, "g": 8, "b": 8})
TYPES = {
    Kind.INFO: Request.INFO | ANSWER,
    Kind.PICTURE: Request.GENERATE | ANSWER,
    Kind.SELF_TEST: Request.SELF_TEST | ANSWER,
    Kind.BAUD: Request.BAUD | ANSWER,
    Kind.LOAD_BEGIN: Request.LOAD_BEGIN | ANSWER,
    Kind.LOAD_DATA: Request.LOAD_DATA | ANSWER,
    Kind.LOAD_END: Request.LOAD_END | ANSWER,
    Kind.ERROR: ERROR,
    Kind.ORDER: ERROR,
}
FACTS_SIZE = Info.SIZE - Status.LAYOUT.size  # of an info answer, what lies in the memory
STATUS = data.StructLayout(
    {
        "state": 8,
        "ready": 8,
        "core_cycles": 32,
        "stalled_cycles": 32,
        "memory": 8,
        "window": 8,
        "phase": 8,
    }
)
WALL_STATUS = data.StructLayout({"seed": 32, "mode": 7, "text": 1, "pictures": 32})
assert WALL_STATUS.size == 8 * WALL_ANSWER.size
assert STATUS.size == 8 * (Status.LAYOUT.size - OFFSET.size)
SETTLING = 4  # cycles from a layer's number to the byte that is due


class Responder(wiring.Component):
    """Turn jobs into bodies of answers, one after another.

    A picture goes out as it comes, three bytes a pixel, or one. The self-test takes its picture at
    a pixel a cycle, so that the cycles counted for it are those of the generator alone.

    Parameters
    ----------
    wall : bool
        The machine has one, and tells of it.

    Members
    -------
    i_jobs : In(stream.Signature(JOB))
    i_pixels : In(stream.Signature(StructLayout({"r": 8, "g": 8, "b": 8})))
        One picture for each job that fed latents, in the same order; a grey one has r only.
    o : Out(stream.Signature(StructLayout({"data": 8, "last": 1})))
        Bodies without their CRC.
    pixels : In(range(MAX_PIXELS + 1)), grey : In(1), hidden : In(range(MAX_LAYERS))
        Of the model: pixels of a picture, their kind, layers before the last.
    status : In(STATUS)
        For the info answer; the offset that comes next is its job's, so that it is of the time at
        which the request was carried out.
    rom_busy : In(1), rom_addr : Out(range(DEPTH)), rom_data : In(8)
        Identity memory; where it was not busy for another, which is told a cycle late, data come
        :data:`hw.uart.identity.LATENCY` cycles after the address.
    abort : In(1)
        End a self-test whose picture does not come.
    damaged : In(1)
        The weights are not those that were loaded. A self-test then fails by the picture's sum, and
        a picture gets a byte too many: no host takes it for one.
    tested : Out(1)
        A self-test's sums are compared, and read: another picture may come.
    passed : Out(1)
        With `tested`: they are the stored ones.
    layer : Out(range(MAX_LAYERS)), layer_crc : In(32)
        Sums of the layers of that picture (:class:`hw.uart.layer_crc.LayerCrc`); they come in the
        cycle after the layer.
    testing : Out(1)
        One cycle, as a self-test begins.
    line_active : In(1)
        Bytes given to `o` are still on their way.
    set_divisor : Out(1)
        One cycle, once the answer to a change of rate has left the line.
    divisor : Out(16)
        The new rate, with `set_divisor`.
    active : Out(1)
        A job is being answered.
    wall : In(WALL_STATUS)
        Of a machine that has one.
    """

    def __init__(self, *, wall=False):
        self.has_wall = wall
        super().__init__(
            {
                "i_jobs": In(stream.Signature(JOB)),
                "i_pixels": In(stream.Signature(PIXEL)),
                "o": Out(stream.Signature(BODY_BYTE)),
                "pixels": In(range(MAX_PIXELS + 1)),
                "grey": In(1),
                "hidden": In(range(MAX_LAYERS)),
                "status": In(STATUS),
                "rom_busy": In(1),
                "rom_addr": Out(range(identity.DEPTH)),
                "rom_data": In(8),
                "abort": In(1),
                "damaged": In(1),
                "tested": Out(1),
                "passed": Out(1),
                "testing": Out(1),
                "layer": Out(range(MAX_LAYERS)),
                "layer_crc": In(32),
                "line_active": In(1),
                "set_divisor": Out(1),
                "divisor": Out(16),
                "active": Out(1),
            }
            | ({"wall": In(WALL_STATUS)} if wall else {})
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = PictureCrc()

        job = Signal(JOB)
        shift = Signal(8 * Status.LAYOUT.size)  # bytes on their way out, the first lowest
        count = Signal(range(Status.LAYOUT.size + 1))  # bytes of it left
        one_left = Signal()
        stored = Signal(range(FACTS_SIZE + 1))  # bytes of the memory left
        none_stored = Signal()
        wait = Signal(range(SETTLING + 1))  # until rom_data are those of rom_addr
        is_test = Signal()
        m.d.sync += is_test.eq((job.kind == Kind.SELF_TEST) | (job.kind == Kind.LOAD_END))

        pixels = Signal.like(self.pixels)  # left of the picture, after the one taken last
        one_pixel, last_pixel = Signal(), Signal()  # one is left; that was the last
        pixel_taken = Signal()
        m.d.comb += [
            pixel_taken.eq(self.i_pixels.valid & self.i_pixels.ready),
            self.divisor.eq(job.value),
            crc.grey.eq(self.grey),
        ]
        with m.If(pixel_taken):
            m.d.sync += [
                pixels.eq(pixels - 1),
                one_pixel.eq(pixels == 2),
                last_pixel.eq(one_pixel),
            ]
        with m.If(self.rom_busy):
            m.d.sync += wait.eq(identity.LATENCY)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)

        m.d.sync += [crc.en.eq(0), crc.data.eq(self.i_pixels.p)]

        # The sum of a layer, byte after byte beside the stored one; it is settled long before.
        computed, of_layer = Signal(32), Signal(32)
        byte, due = Signal(range(CRC.size)), Signal(8)
        wrong = Signal()  # some sum
        spoilt = Signal()  # `damaged`, but for the time in which a byte waits
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += spoilt.eq(self.damaged)
        m.d.sync += [
            of_layer.eq(Mux(self.layer < self.hidden, self.layer_crc, 0)),
            computed.eq(Mux(self.layer == PICTURE_SUM, crc.crc ^ spoilt.replicate(32), of_layer)),
            due.eq(computed.word_select(byte, 8)),
        ]

        status = self.status  # and in its midst the job's offset, as Status.LAYOUT has it
        status = Cat(
            status.state,
            job.value,
            status.ready,
            status.core_cycles,
            status.stalled_cycles,
            status.memory,
            status.window,
            status.phase,
        )

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
                m.d.sync += [
                    pixels.eq(self.pixels),
                    one_pixel.eq(self.pixels == 1),
                    last_pixel.eq(0),
                    wrong.eq(0),
                    byte.eq(0),
                    self.layer.eq(0),
                ]
                with m.If(self.i_jobs.valid):
                    m.d.sync += job.eq(self.i_jobs.p)
                    m.next = "KIND"
            with m.State("KIND"):
                m.next = "START"
            with m.State("START"):
                answer = Signal(8)
                with m.Switch(job.kind):
                    for kind, code in TYPES.items():
                        with m.Case(kind):
                            m.d.comb += answer.eq(code)
                    if self.has_wall:
                        with m.Case(WALL_KIND):
                            m.d.comb += answer.eq(Request.WALL | ANSWER)
                m.d.sync += load(Cat(Const(VERSION, 8), answer, job.tag), HEAD.size)
                m.next = "HEAD"
                with m.If(is_test):
                    m.d.comb += self.testing.eq(1)
                    m.next = "CHECK"
            with m.State("CHECK"):
                m.d.comb += self.i_pixels.ready.eq(1)
                m.d.sync += crc.en.eq(pixel_taken)
                with m.If(pixel_taken & one_pixel):
                    m.next = "HEAD"
                with m.If(self.abort):
                    m.d.sync += wrong.eq(1)
                    m.next = "HEAD"
            with m.State("HEAD"):
                send("PAYLOAD")
            with m.State("PAYLOAD"):
                m.next = "TAIL"
                with m.Switch(job.kind):
                    with m.Case(Kind.INFO):
                        m.d.sync += look_up(identity.MACHINE, FACTS_SIZE)
                        m.next = "LOOK UP"
                    with m.Case(Kind.SELF_TEST, Kind.LOAD_END):
                        m.d.sync += look_up(identity.STORED_SUMS, SUMS.size)
                        m.next = "LOOK UP"
                    with m.Case(Kind.PICTURE):
                        m.next = "FETCH"
                    with m.Case(Kind.BAUD):
                        m.d.sync += load(job.value, DIVISOR.size)
                    with m.Case(Kind.LOAD_BEGIN, Kind.LOAD_DATA):
                        m.d.sync += load(job.value, OFFSET.size)
                    with m.Case(Kind.ERROR):
                        m.d.sync += load(job.value, ERROR_CODE.size)
                    with m.Case(Kind.ORDER):
                        m.d.sync += load(Cat(Const(Error.ORDER, 8), job.value), ORDER.size)
                    if self.has_wall:
                        with m.Case(WALL_KIND):
                            m.d.sync += load(self.wall, WALL_ANSWER.size)
            with m.State("LOOK UP"):
                with m.If(wait == 0):
                    m.d.sync += [
                        load(self.rom_data, 1),
                        look_up(self.rom_addr + 1, (stored - 1)[: len(stored)]),
                    ]
                    m.next = "STORED"
                    with m.If(none_stored):
                        m.d.sync += load(status, Status.LAYOUT.size)
                        m.next = "TAIL"
                        with m.If(is_test):
                            m.next = "LAYER"
            with m.State("STORED"):
                send("LOOK UP")
                with m.If(self.o.ready & is_test):
                    m.d.sync += [
                        wrong.eq(wrong | (shift[:8] != due)),
                        byte.eq(byte + 1),
                        wait.eq(SETTLING),
                    ]
                    with m.If(byte == CRC.size - 1):
                        m.d.sync += self.layer.eq(self.layer + 1)  # to 0 behind the picture
            with m.State("LAYER"):
                m.d.sync += [load(computed, CRC.size), self.layer.eq(self.layer + 1)]
                m.next = "LAYER SENT"
                with m.If(self.layer == PICTURE_SUM):
                    m.d.comb += [self.tested.eq(1), self.passed.eq(~wrong)]
                    m.next = "TAIL"
            with m.State("LAYER SENT"):
                send("LAYER")
            with m.State("TAIL"):
                send("SENT", last=1)
            with m.State("FETCH"):
                m.d.comb += self.i_pixels.ready.eq(1)
                m.d.sync += load(self.i_pixels.p, 3)
                with m.If(self.grey):
                    m.d.sync += load(self.i_pixels.p.r, 1)
                with m.If(pixel_taken):
                    m.next = "PIXEL"
            with m.State("PIXEL"):
                send("FETCH", last=last_pixel & ~spoilt)
                with m.If(last_pixel & self.o.ready & one_left):
                    m.next = "SENT"
                    with m.If(spoilt):
                        m.d.sync += load(0, 1)
                        m.next = "TAIL"
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
