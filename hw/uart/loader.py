# SPDX-License-Identifier: Apache-2.0
"""Bytes of an image to words of memories."""

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.load_bus import load_bus
from hw.primitives.crc32 import Crc32
from hw.uart.identity import PART_DEPTH
from hw.uart.protocol import ID_SIZE

COUNT_SIZE = 4  # bytes that say how many words follow

SEGMENT = 80  # bits of the word that one enable shifts; whole bytes
PACE = 4  # cycles behind the last segment until the next byte


class Loader(wiring.Component):
    """Shift an image's words together and put each into its memory; sum the bytes.

    The words come highest byte first: a shift register a byte at a time holds each in its lowest
    bits, whatever its width, and costs no multiplexer. Counts are checked before a word is written,
    so that nothing goes where another word belongs; behind a false one all bytes are dropped.

    Parameters
    ----------
    memories : sequence of hw.capacity.LoadedMemory
        In the order of the image and of the bus.

    Members
    -------
    clear : In(1)
        An image begins.
    i : In(stream.Signature(8))
        Its bytes; one in some cycles, fewer than a byte takes on the line.
    load : Out(load_bus(memories))
    part_en : Out(1), part_address : Out(range(PART_DEPTH)), part_data : Out(8)
        A byte of the model part, with its offset there.
    crc : Out(32)
        CRC-32 of the bytes; 2 cycles behind them.
    whole : Out(1)
        All words of all memories have come, and not a byte more.
    """

    def __init__(self, memories):
        self.shapes = [(-(-each.width // 8), each.depth) for each in memories]
        self.shapes.append((1, PART_DEPTH))
        super().__init__(
            {
                "clear": In(1),
                "i": In(stream.Signature(8)),
                "load": Out(load_bus(memories)),
                "part_en": Out(1),
                "part_address": Out(range(PART_DEPTH)),
                "part_data": Out(8),
                "crc": Out(32),
                "whole": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = Crc32()
        shapes = self.shapes
        deepest = max(depth for _, depth in shapes)

        # What a byte does, it does from a register, long before the next one may come.
        taken, byte, room = Signal(), Signal(8), Signal(init=1)
        m.d.sync += [taken.eq(self.i.valid & self.i.ready), byte.eq(self.i.p)]
        m.d.comb += [
            self.i.ready.eq(room),
            crc.en.eq(taken),
            crc.data.eq(byte),
            self.crc.eq(crc.crc),
        ]

        # Which memory, and its facts, settled a cycle later.
        index = Signal(range(len(shapes) + 1))
        select = Signal(len(shapes), init=1)
        size, limit = Signal(range(max(n for n, _ in shapes) + 1)), Signal(range(deepest + 1))
        one_byte = Signal()
        with m.Switch(index):
            for n, (word_size, depth) in enumerate(shapes):
                with m.Case(n):
                    m.d.sync += [size.eq(word_size), limit.eq(depth), one_byte.eq(word_size == 1)]

        count = Signal(8 * COUNT_SIZE)  # words left
        fits, none = Signal(), Signal()
        last_word = Signal()
        left = Signal.like(size)  # bytes of the word left
        last_byte = Signal()
        word_done = Signal()
        address = Signal(range(deepest))
        m.d.sync += [fits.eq(count <= limit), none.eq(count == 0)]
        m.d.sync += [self.load.enable.eq(0), self.part_en.eq(0)]

        segments = self._shift(m, taken, byte)
        pace = Signal(range(segments + PACE + 1))  # cycles until the next byte may come
        pending = Signal.like(self.load.enable)  # memory of a word that is on its way
        m.d.sync += room.eq((pace == 1) | (room & ~self.i.valid))
        with m.If(taken):
            m.d.sync += pace.eq(segments + PACE)
        with m.Elif(pace != 0):
            m.d.sync += pace.eq(pace - 1)
        with m.If(pace == 1):
            m.d.sync += [self.load.enable.eq(pending), pending.eq(0)]

        head = Signal(range(max(ID_SIZE, COUNT_SIZE)))  # bytes of the id, or of a count
        wait = Signal(2)  # until what the count decides is settled
        with m.FSM():
            with m.State("ID"):
                with m.If(taken):
                    m.d.sync += head.eq(head + 1)
                    with m.If(head == ID_SIZE - 1):
                        m.d.sync += head.eq(0)
                        m.next = "COUNT"
            with m.State("COUNT"):
                m.d.sync += wait.eq(3)
                with m.If(taken):
                    m.d.sync += [head.eq(head + 1), count.eq(Cat(count[8:], byte))]
                    with m.If(head == COUNT_SIZE - 1):
                        m.next = "COUNTED"
            with m.State("COUNTED"):
                m.d.sync += [
                    wait.eq(wait - 1),
                    head.eq(0),
                    address.eq(0),
                    left.eq(size),
                    last_byte.eq(one_byte),
                    last_word.eq(count == 1),
                ]
                with m.If(wait == 0):
                    m.next = "WORDS"
                    with m.If(none):
                        m.next = "NEXT"
                    with m.If(~fits):
                        m.next = "FALSE"
            with m.State("WORDS"):
                m.d.comb += word_done.eq(taken & last_byte)
                with m.If(taken):
                    m.d.sync += [
                        left.eq(Mux(last_byte, size, left - 1)),
                        last_byte.eq(Mux(last_byte, one_byte, left == 2)),
                    ]
                with m.If(word_done):
                    m.d.sync += [
                        pending.eq(select[:-1]),
                        self.part_en.eq(select[-1]),
                        self.load.address.eq(address),
                        self.part_address.eq(address),
                        self.part_data.eq(byte),
                        address.eq(address + 1),
                        count.eq(count - 1),
                        last_word.eq(count == 2),
                    ]
                    with m.If(last_word):
                        m.next = "NEXT"
            with m.State("NEXT"):
                m.d.sync += [index.eq(index + 1), select.eq(select << 1)]
                m.next = "COUNT"
                with m.If(select[-1]):
                    m.next = "WHOLE"
            with m.State("WHOLE"):
                m.d.comb += self.whole.eq(1)
                with m.If(taken):
                    m.next = "FALSE"
            with m.State("FALSE"):
                pass
        return ResetInserter(self.clear)(m)

    def _shift(self, m, en, byte):
        """Shift a byte into the word as wide as any memory's; return how many cycles it takes.

        It lies all over the chip. So a byte's enable goes along it, a segment a cycle.
        """
        width = len(self.load.data)
        segments = range(0, width, SEGMENT)
        for first in segments:
            segment = Signal(min(SEGMENT, width - first), reset_less=True, name=f"word_{first}")
            m.d.comb += self.load.data[first : first + len(segment)].eq(segment)
            leaving, next_en = Signal(8, reset_less=True), Signal()
            with m.If(en):
                m.d.sync += [segment.eq(Cat(byte, segment)), leaving.eq(segment[-8:])]
            m.d.sync += next_en.eq(en)
            byte, en = leaving, next_en
        return len(segments)
