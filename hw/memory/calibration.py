# SPDX-License-Identifier: Apache-2.0
"""Find out when words come back from the chip, and whether every address is a word of its own."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.memory.bus import request_layout, write_layout
from hw.memory.pattern import PATTERN_WORDS, pattern_word
from hw.memory.phy import PHASES

ROUNDS = 4  # in which a phase has to read the pattern without an error


class Calibration(wiring.Component):
    """After the start-up: write a pattern, read it at each phase, keep the middle of the window.

    Then the memory test: a word of its own at address 0 and at each power of 2. Where an address
    pin is open, tied or joined to another one, two of these are one word. Row and bank pins are
    among them; a chip that is larger passes.

    Parameters
    ----------
    geometry : hw.memory.timing.Geometry

    Members
    -------
    started : In(1)
        The chip takes commands.
    o_request, i_word : Out(stream.Signature(...)), In(stream.Signature(geometry.width))
        A port that reads.
    o_write : Out(stream.Signature(write_layout(geometry)))
    pending : In(1)
        Words are on their way to the chip.
    phase : Out(range(PHASES))
        Half clocks that words take beyond the first phase.
    window : Out(PHASES)
        The phases that read right, the earliest in bit 0.
    ready, failed : Out(1)
        One of them is set at the end. With `failed`, `window` is 0 where no phase was good, and
        else the memory test was not passed.
    """

    def __init__(self, geometry):
        self.geometry = geometry
        super().__init__(
            {
                "started": In(1),
                "o_request": Out(stream.Signature(request_layout(geometry))),
                "i_word": In(stream.Signature(geometry.width)),
                "o_write": Out(stream.Signature(write_layout(geometry))),
                "pending": In(1),
                "phase": Out(range(PHASES)),
                "window": Out(PHASES),
                "ready": Out(1),
                "failed": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width, bits = self.geometry.width, self.geometry.address_bits
        spread = Signal()  # the memory test
        number = Signal(range(PATTERN_WORDS))
        power = Signal(bits)  # address of word `number` of the memory test
        last = Signal()
        good = Signal(init=1)
        round_ = Signal(range(ROUNDS))
        address = Signal(bits)
        m.d.comb += [
            last.eq(number == Mux(spread, bits, PATTERN_WORDS - 1)),
            address.eq(Mux(spread, power, number)),
            self.o_write.p.address.eq(address),
            self.o_write.p.data.eq(pattern_word(width, number)),
            self.o_request.p.address.eq(address),
            self.o_request.p.words.eq(Mux(spread, 1, PATTERN_WORDS)),
        ]

        def step():
            m.d.sync += [number.eq(number + 1), power.eq(Mux(number == 0, 1, power << 1))]
            with m.If(last):
                m.d.sync += [number.eq(0), power.eq(0)]

        # Words are compared a clock after they came.
        came = Signal()
        word, wanted = Signal(width), Signal(width)
        m.d.sync += [
            came.eq(self.i_word.valid & self.i_word.ready),
            word.eq(self.i_word.p),
            wanted.eq(pattern_word(width, number)),
        ]
        with m.If(came & (word != wanted)):
            m.d.sync += good.eq(0)

        position = Signal.like(self.phase)
        run, best = Signal(range(PHASES + 1)), Signal(range(PHASES + 1))
        longer = Signal.like(run)
        m.d.comb += longer.eq(run + 1)
        with m.FSM():
            with m.State("START"):
                with m.If(self.started):
                    m.next = "WRITE"
            with m.State("WRITE"):
                m.d.comb += self.o_write.valid.eq(1)
                with m.If(self.o_write.ready):
                    step()
                    with m.If(last):
                        m.next = "SETTLE"
            with m.State("SETTLE"):  # `pending` is late by a clock
                m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(~self.pending):
                    m.next = "ASK"
            with m.State("ASK"):
                m.d.comb += self.o_request.valid.eq(1)
                with m.If(self.o_request.ready):
                    m.next = "WORD"
            with m.State("WORD"):
                m.d.comb += self.i_word.ready.eq(1)
                with m.If(self.i_word.valid):
                    step()
                    with m.If(last):
                        m.next = "COMPARE"
                    with m.Elif(spread):
                        m.next = "ASK"
            with m.State("COMPARE"):
                m.next = "ROUND"
            with m.State("ROUND"):
                m.next = "ASK"
                m.d.sync += round_.eq(round_ + 1)
                with m.If(spread):
                    m.d.sync += [self.ready.eq(good), self.failed.eq(~good)]
                    m.next = "END"
                with m.Elif(round_ == ROUNDS - 1):
                    m.next = "PHASE"
            with m.State("PHASE"):
                m.d.sync += [
                    self.window.bit_select(self.phase, 1).eq(good),
                    good.eq(1),
                    round_.eq(0),
                    self.phase.eq(self.phase + 1),
                ]
                m.next = "ASK"
                with m.If(self.phase == PHASES - 1):
                    m.next = "SCAN"
            with m.State("SCAN"):
                m.d.sync += [position.eq(position + 1), run.eq(0)]
                with m.If(self.window.bit_select(position, 1)):
                    m.d.sync += run.eq(longer)
                    with m.If(longer > best):
                        m.d.sync += [best.eq(longer), self.phase.eq(position - (longer >> 1))]
                with m.If(position == PHASES - 1):
                    m.next = "CHOICE"
            with m.State("CHOICE"):
                m.d.sync += spread.eq(1)
                m.next = "WRITE"
                with m.If(best == 0):
                    m.d.sync += self.failed.eq(1)
                    m.next = "END"
            with m.State("END"):
                pass
        return m
