# SPDX-License-Identifier: Apache-2.0
"""The weights of a pass from a memory outside the chip: ask for them, and check what comes."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.memory.machine_port import BURST, burst_layout
from hw.primitives.crc32 import RESIDUE, next_state
from hw.primitives.delay import delay


def waiting_words(width):
    """Return how many words of `width` bits wait between the memory and the array.

    As many as one block RAM holds: fewer would take one, too. 64 keep a stream without a gap; what
    is more lets the memory run on while the array has enough for a while.
    """
    return 16 * 1024 // width


class WeightFetcher(wiring.Component):
    """Ask for the words of a pass from address 0 on, over and over, pass behind pass.

    Requests wait for nothing but the memory: how far it reads ahead is for the room behind it to
    say. The CRC of each pass is looked at as its words come. So a word that was written wrong, or
    changes in the memory later, is known before the last pixel of the pass: all its weights are
    used by then.

    Parameters
    ----------
    width, depth : int
        Bits of a word, and words of the memory.

    Members
    -------
    run : In(1)
        The engine runs, and its program is known. Without it what comes is dropped; with it a pass
        begins once all that was asked for before has come.
    last : In(range(depth))
        Address of the last word of a pass.
    o_request : Out(stream.Signature(burst_layout(depth)))
    i_word, o : In(stream.Signature(width)), Out(stream.Signature(width))
    damaged : Out(1)
        The words of a pass had a wrong CRC. It stays until the next run.
    """

    def __init__(self, width, depth):
        words = stream.Signature(width)
        super().__init__(
            {
                "run": In(1),
                "last": In(range(depth)),
                "o_request": Out(stream.Signature(burst_layout(depth))),
                "i_word": In(words),
                "o": Out(words),
                "damaged": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        request, width = self.o_request.p, len(self.i_word.p)
        asked, came, had_come = Signal(), Signal(), Signal()
        running = Signal()
        missing = Signal(range(waiting_words(width) + 4 * BURST))  # words on their way
        none_missing = Signal()
        m.d.comb += [
            asked.eq(self.o_request.valid & self.o_request.ready),
            came.eq(self.i_word.valid & self.i_word.ready),
            self.i_word.ready.eq(self.o.ready | ~running),
            self.o.valid.eq(self.i_word.valid & running),
            self.o.p.eq(self.i_word.p),
        ]
        m.d.sync += [
            had_come.eq(came),
            missing.eq(missing + Mux(asked, request.words, 0) - had_come),
            none_missing.eq(missing == 0),
        ]
        with m.If(~self.run):
            m.d.sync += running.eq(0)

        left = Signal.like(self.last)  # words of the pass that are not asked for, less 1
        final = Signal()
        begins = Signal()
        with m.FSM():
            with m.State("STAND"):
                m.d.sync += [request.address.eq(0), left.eq(self.last)]
                with m.If(self.run & none_missing):
                    m.d.comb += begins.eq(1)
                    m.d.sync += running.eq(1)
                    m.next = "LENGTH"
            with m.State("LENGTH"):
                m.d.sync += final.eq(left < BURST)
                m.next = "WORDS"
            with m.State("WORDS"):
                m.d.sync += request.words.eq(Mux(final, left + 1, BURST))
                m.next = "ASK"
                with m.If(~running):
                    m.next = "SETTLE"
            with m.State("ASK"):
                m.d.comb += self.o_request.valid.eq(1)
                with m.If(self.o_request.ready):
                    m.d.sync += [
                        request.address.eq(request.address + BURST),
                        left.eq(left - BURST),
                    ]
                    with m.If(final):
                        m.d.sync += [request.address.eq(0), left.eq(self.last)]
                    m.next = "LENGTH"
            with m.State("SETTLE"):  # `none_missing` is late by a clock
                m.next = "STAND"
        self._check(m, width, begins, came & running)
        return m

    def _check(self, m, width, begins, taken):
        """Sum the words of each pass, two cycles behind them."""
        first, last = Signal(init=1), Signal()  # of the pass, is the word that comes
        place = Signal.like(self.last)  # words of the pass behind it
        with m.If(begins):
            m.d.sync += [place.eq(self.last), first.eq(1), last.eq(0)]
        counts = Signal()
        m.d.sync += counts.eq(taken)
        with m.If(counts):
            m.d.sync += [
                first.eq(last),
                place.eq(Mux(last, self.last, place - 1)),
                last.eq(place == 1),
            ]
        # The sum lies at the memory, and what counts its words at the engine.
        word = delay(m, self.i_word.p, 2)
        adds, opens, closes, compares = Signal(), Signal(), Signal(), Signal()
        m.d.sync += [
            adds.eq(counts),
            opens.eq(first),
            closes.eq(counts & last),
            compares.eq(closes),
        ]
        state = Signal(32)
        before = state | opens.replicate(32)  # all ones where a sum begins
        with m.If(adds):
            for n, (of_state, of_word) in enumerate(next_state(width)):
                sources = [before[k] for k in of_state] + [word[k] for k in of_word]
                m.d.sync += state[n].eq(Cat(sources).xor())
        with m.If(begins):
            m.d.sync += self.damaged.eq(0)
        with m.Elif(compares & (~state != RESIDUE)):
            m.d.sync += self.damaged.eq(1)
