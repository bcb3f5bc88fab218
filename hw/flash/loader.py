# SPDX-License-Identifier: Apache-2.0
"""Load the image that lies in the flash, with the requests of a host."""

from amaranth.hdl import Cat, Const, Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.flash.reader import PINS, FlashReader
from hw.flash.stored import HEADER_SIZE, MAGIC, MAX_LENGTH, VERSION
from hw.primitives.crc32 import RESIDUE, Crc32
from hw.uart import protocol
from hw.uart.facts import Flash, State
from hw.uart.protocol import HEAD, ID_SIZE, LOAD_BEGIN, Error, Request

CHUNK = 128  # bytes of the image in a load-data; a power of two, whose size fits one byte
SIZE = 2  # bytes before a request, as hw.uart.frame_receiver.FrameReceiver has them
FIXED = SIZE + HEAD.size  # bytes before a payload
DATA = FIXED + protocol.OFFSET.size  # bytes before those of the image
LENGTH_BITS = MAX_LENGTH.bit_length()


class FlashLoader(wiring.Component):
    """Look for an image in the flash, once, and load it as a host would.

    Nothing of it is believed here but the header. Capacity, length, sum, form and self-test are
    checked where those of every load are (:class:`hw.uart.load_handler.LoadHandler`), and until
    then there is no model. It begins when the memory outside is ready, and ends for good when a
    host loads.

    Parameters
    ----------
    half : int
        As of :class:`hw.flash.reader.FlashReader`.

    Members
    -------
    pins : Out(PINS)
        The flash's.
    memory_ready, memory_failed : In(1)
        Of the memory outside.
    o : Out(stream.Signature(8))
        Requests, as :class:`hw.uart.frame_receiver.FrameReceiver` gives them.
    done : In(1), error : In(8)
        Of the load handler, for the request that came from here.
    over : In(1)
        That request is carried out and answered, its self-test included.
    source : In(2)
        The load handler's.
    stop : In(1)
        A host has begun a load, or takes up the one from here. Never while a request from here is
        under way.
    state : Out(4)
        A :class:`hw.uart.facts.Flash`.
    own : Out(1)
        The load that was begun last is the one from here.
    refused : Out(1)
        There is an image, but it is damaged or another machine's.
    active : Out(1)
    """

    def __init__(self, half):
        self.half = half
        super().__init__(
            {
                "pins": Out(PINS),
                "memory_ready": In(1),
                "memory_failed": In(1),
                "o": Out(stream.Signature(8)),
                "done": In(1),
                "error": In(8),
                "over": In(1),
                "source": In(2),
                "stop": In(1),
                "state": Out(4, init=Flash.READING),
                "own": Out(1),
                "refused": Out(1),
                "active": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        reads = Signal()
        m.submodules.reader = reader = ResetInserter(~reads)(FlashReader(self.half))
        m.submodules.crc = crc = Crc32()
        wiring.connect(m, reader.pins, wiring.flipped(self.pins))
        came = reader.o

        stopped = Signal()
        error = Signal(8)
        with m.If(self.stop):
            m.d.sync += [stopped.eq(1), self.own.eq(0), self.state.eq(Flash.LEFT)]
        with m.If(self.done):
            m.d.sync += error.eq(self.error)
        m.d.comb += [
            self.refused.eq((self.state == Flash.FOREIGN) | (self.state == Flash.DAMAGED)),
            crc.data.eq(came.p),
        ]

        def end(state):
            m.d.sync += self.state.eq(state)
            m.next = "END"

        count = Signal(range(DATA + CHUNK))  # bytes of the header, or of a request
        # What the header holds for the load, the byte that is due or came last at an end.
        begin = Signal(8 * LOAD_BEGIN.size, reset_less=True)
        length = begin[8 * ID_SIZE :][: protocol.CRC.size * 8]
        is_magic, is_version = Signal(init=1), Signal()
        magic = Const(int.from_bytes(MAGIC, "little"), 64).word_select(count[:3], 8)

        request, size = Signal(8, reset_less=True), Signal(8, reset_less=True)  # of its payload
        last = Signal.like(count)  # byte of the request
        left = Signal(LENGTH_BITS, reset_less=True)  # bytes of the image
        offset = Signal(LENGTH_BITS)  # of its next byte
        # What is compared is settled a cycle before its use.
        is_last, from_flash, from_header = Signal(), Signal(), Signal()  # the byte that is due
        none_left, many_left, bad_header = Signal(), Signal(), Signal()
        in_magic, in_version, in_fields, in_end = Signal(), Signal(), Signal(), Signal()
        m.d.sync += [
            last.eq(size + (FIXED - 1)),
            is_last.eq(count == last),
            from_flash.eq((request == Request.LOAD_DATA) & (count >= DATA)),
            from_header.eq((request == Request.LOAD_BEGIN) & (count >= FIXED)),
            in_magic.eq(count < len(MAGIC)),
            in_version.eq(count == len(MAGIC)),
            in_fields.eq((count > len(MAGIC)) & (count < HEADER_SIZE - protocol.CRC.size)),
            in_end.eq(count == HEADER_SIZE - 1),
            none_left.eq(left == 0),
            many_left.eq(left >= CHUNK),
            bad_header.eq((crc.crc != RESIDUE) | length[LENGTH_BITS:].any()),
        ]

        byte = Signal(8)  # of a request; others are 0: the size's high one, and a tag nobody hears
        with m.Switch(count):
            with m.Case(0):
                m.d.comb += byte.eq(size)
            with m.Case(SIZE):
                m.d.comb += byte.eq(protocol.VERSION)
            with m.Case(SIZE + 1):
                m.d.comb += byte.eq(request)
            for n in range(LENGTH_BITS // 8):
                with m.Case(FIXED + n):
                    m.d.comb += byte.eq(offset.word_select(n, 8))
        with m.If(from_header):
            m.d.comb += byte.eq(begin[:8])
        with m.If(from_flash):
            m.d.comb += byte.eq(came.p)

        with m.FSM() as fsm:
            with m.State("MEMORY"):
                with m.If(self.memory_ready):
                    m.next = "HEADER"
                with m.If(self.memory_failed):
                    end(Flash.LEFT)
            with m.State("HEADER"):
                m.d.comb += [reads.eq(1), came.ready.eq(1), crc.en.eq(came.valid)]
                with m.If(came.valid):
                    m.d.sync += count.eq(count + 1)
                    with m.If(in_magic):
                        m.d.sync += is_magic.eq(is_magic & (came.p == magic))
                    with m.If(in_version):
                        m.d.sync += is_version.eq(came.p == VERSION)
                    with m.If(in_fields):
                        m.d.sync += begin.eq(Cat(begin[8:], came.p))
                    with m.If(in_end):
                        m.next = "HEADER READ"
                with m.If(stopped):
                    end(Flash.LEFT)
            with m.State("HEADER READ"):
                m.d.comb += reads.eq(1)
                m.next = "HEADER KNOWN"
            with m.State("HEADER KNOWN"):
                m.d.comb += reads.eq(1)
                m.d.sync += [
                    count.eq(0),
                    left.eq(length),
                    request.eq(Request.LOAD_BEGIN),
                    size.eq(LOAD_BEGIN.size),
                ]
                m.next = "SETTLE"
                with m.If(bad_header):
                    end(Flash.DAMAGED)
                with m.If(~is_version):
                    end(Flash.FOREIGN)
                with m.If(~is_magic):
                    end(Flash.EMPTY)
            with m.State("SETTLE"):
                m.d.comb += reads.eq(1)
                m.next = "NEXT"
            with m.State("NEXT"):
                m.d.comb += [reads.eq(1), came.ready.eq(from_flash)]
                m.d.sync += self.o.p.eq(byte)
                with m.If(~from_flash | came.valid):
                    m.d.sync += self.o.valid.eq(1)
                    m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += reads.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += [self.o.valid.eq(0), count.eq(count + 1)]
                    with m.If(from_flash):
                        m.d.sync += [offset.eq(offset + 1), left.eq(left - 1)]
                    with m.If(from_header):
                        m.d.sync += begin.eq(Cat(begin[8:], came.p))
                    m.next = "SETTLE"
                    with m.If(is_last):
                        m.next = "SENT"
                with m.Elif(stopped & (count == 0)):
                    m.d.sync += self.o.valid.eq(0)
                    end(Flash.LEFT)
            with m.State("SENT"):
                m.d.comb += reads.eq(1)
                m.d.sync += count.eq(0)
                with m.If(self.over):
                    m.next = "OVER"
            with m.State("OVER"):
                m.d.comb += reads.eq(1)
                rest = left[: (CHUNK - 1).bit_length()]
                m.d.sync += [
                    self.own.eq(1),
                    request.eq(Request.LOAD_DATA),
                    size.eq(protocol.OFFSET.size + Mux(many_left, CHUNK, rest)),
                ]
                with m.If(none_left):
                    m.d.sync += [request.eq(Request.LOAD_END), size.eq(0)]
                m.next = "SETTLE"
                with m.If(request == Request.LOAD_END):
                    end(Mux(self.source == State.UPLOADED, Flash.LOADED, Flash.DAMAGED))
                with m.If(error != 0):
                    with m.If(request == Request.LOAD_BEGIN):
                        m.d.sync += self.own.eq(0)
                    end(Mux(error == Error.CAPACITY, Flash.FOREIGN, Flash.DAMAGED))
            with m.State("END"):
                pass
        m.d.comb += self.active.eq(~fsm.ongoing("END"))

        return m
