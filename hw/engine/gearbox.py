# SPDX-License-Identifier: Apache-2.0
"""Words of a memory's bus to words of the weight stream (:mod:`hw.weight_stream`)."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.weight_memory import word_layout
from hw.weight_stream import COUNT_BITS, WIDTH_BITS


class Gearbox(wiring.Component):
    """Shift the bit planes of a word together: a word of the bus a cycle, without a gap.

    Each weight is a shift register, and a plane is a bit of each. The first plane of a word is the
    weights' sign and sets all bits, so narrower weights are extended without a multiplexer.

    Parameters
    ----------
    weight_bits, bus : int
        Bits of a weight in the stream; bits of the bus, and weights of a word.

    Members
    -------
    i : In(stream.Signature(bus))
    room : In(1)
        There is room for :attr:`in_flight` words more than have left; nothing is taken without it.
        It may be late by two cycles.
    word_en, word : Out(1), Out(word_layout(weight_bits, bus))
        A word is complete, in this cycle.
    """

    in_flight = 2  # words at most that are not counted yet when `room` is seen to be gone

    def __init__(self, weight_bits, bus):
        super().__init__(
            {
                "i": In(stream.Signature(bus)),
                "room": In(1),
                "word_en": Out(1),
                "word": Out(word_layout(weight_bits, bus)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        taken = Signal()
        m.d.comb += [self.i.ready.eq(self.room), taken.eq(self.i.valid & self.room)]

        # What the word is that comes.
        is_head = Signal(init=1)
        planes, words = Signal(WIDTH_BITS), Signal(COUNT_BITS)  # left behind this one
        last_plane, last_word = Signal(), Signal()
        first_plane = Signal()
        bits = Signal(WIDTH_BITS)  # of a weight, less 1; 0: these are no weights
        no_bits = Signal()
        head_words, head_bits = self.i.p[:COUNT_BITS], self.i.p[COUNT_BITS:][:WIDTH_BITS]
        with m.If(taken & is_head):
            m.d.sync += [
                is_head.eq(0),
                words.eq(head_words),
                last_word.eq(head_words == 0),
                bits.eq(head_bits),
                planes.eq(head_bits),
                no_bits.eq(head_bits == 0),
                last_plane.eq(head_bits == 0),
                first_plane.eq(1),
            ]
        with m.Elif(taken):
            m.d.sync += [
                first_plane.eq(last_plane),
                planes.eq(Mux(last_plane, bits, planes - 1)),
                last_plane.eq(Mux(last_plane, no_bits, planes == 1)),
            ]
            with m.If(last_plane):
                m.d.sync += [words.eq(words - 1), last_word.eq(words == 1), is_head.eq(last_word)]

        # A register in front of all the shift registers, and nothing between.
        plane = Signal.like(self.i.p, reset_less=True)
        shifts, opens, closes = Signal(), Signal(), Signal()
        m.d.sync += [
            plane.eq(self.i.p),
            shifts.eq(taken & ~is_head),
            opens.eq(first_plane),
            closes.eq(taken & ~is_head & last_plane & ~no_bits),
            self.word_en.eq(closes),
        ]
        with m.If(shifts):
            for n in range(len(plane)):
                weight = self.word[n]
                above = Mux(opens, plane[n].replicate(len(weight) - 1), weight[:-1])
                m.d.sync += weight.eq(Cat(plane[n], above))
        return m
