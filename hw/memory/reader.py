# SPDX-License-Identifier: Apache-2.0
"""A port that reads words in linear order: requests in, chunks to the chip, words out."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.memory.bus import CHUNK, chunk_layout, request_layout
from hw.primitives.block_fifo import BlockFifo

MIN_DEPTH = 64


class LinearReader(wiring.Component):
    """Cut requests into chunks for which there is room, and keep the words until they are taken.

    A chunk ends where its address is a multiple of :data:`hw.memory.bus.CHUNK`. It is asked for
    only while a whole one has room, counted from the request to the word that leaves, so a word
    that comes is never refused. Three chunks are on their way in a stream without a gap: one that
    waits for its turn, one that is read, one that has not come back; so a depth of 64 suffices.

    Parameters
    ----------
    geometry : hw.memory.timing.Geometry
    port : int
    depth : int
        Words that wait; at least 64.

    Members
    -------
    i : In(stream.Signature(request_layout(geometry)))
        One is carried out and one may wait; `words` 0 asks for none.
    o : Out(stream.Signature(geometry.width))
        The words of all requests in order.
    chunk : Out(stream.Signature(chunk_layout(geometry)))
    word_en, word : In(1), In(geometry.width)
        A word has come.
    """

    def __init__(self, geometry, port, *, depth=MIN_DEPTH):
        if depth < MIN_DEPTH:
            raise ValueError(f"depth is {depth}; give {MIN_DEPTH} or more")
        self.port, self.depth = port, depth
        super().__init__(
            {
                "i": In(stream.Signature(request_layout(geometry))),
                "o": Out(stream.Signature(geometry.width)),
                "chunk": Out(stream.Signature(chunk_layout(geometry))),
                "word_en": In(1),
                "word": In(geometry.width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = BlockFifo(len(self.word), self.depth)
        m.d.comb += [words.w_en.eq(self.word_en), words.w_data.eq(self.word)]
        wiring.connect(m, words.o, wiring.flipped(self.o))

        address = Signal.like(self.i.p.address)
        left = Signal.like(self.i.p.words)
        low = address[: (CHUNK - 1).bit_length()]
        to_end = Signal(range(CHUNK + 1))  # words up to the end of the block
        length = Signal(range(CHUNK + 1))
        final = Signal()  # the chunk is the last one of its request
        room = Signal(init=1)
        free = Signal(range(self.depth + 1), init=self.depth)
        taken = self.chunk.valid & self.chunk.ready
        m.d.comb += [
            self.chunk.p.place.eq(address),
            self.chunk.p.last.eq(length - 1),
            self.chunk.p.port.eq(self.port),
        ]
        # `room` is late by two clocks, in which no chunk can be offered.
        spent = Signal()  # by a chunk of `length`
        m.d.sync += [
            spent.eq(taken),
            free.eq(free - Mux(spent, length, 0) + (self.o.valid & self.o.ready)),
            room.eq(free >= CHUNK),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [address.eq(self.i.p.address), left.eq(self.i.p.words)]
                with m.If(self.i.valid):
                    m.next = "BLOCK"
            with m.State("BLOCK"):
                m.d.sync += to_end.eq(CHUNK - low)
                m.next = "LENGTH"
                with m.If(left == 0):
                    m.next = "IDLE"
            with m.State("LENGTH"):
                m.d.sync += [
                    final.eq(left <= to_end),
                    length.eq(Mux(left <= to_end, left, to_end)),
                ]
                m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += self.chunk.valid.eq(room)
                with m.If(taken):
                    m.d.sync += [address.eq(address + length), left.eq(left - length)]
                    m.next = "BLOCK"
                    with m.If(final):
                        m.next = "IDLE"
        return m
