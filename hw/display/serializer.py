# SPDX-License-Identifier: Apache-2.0
"""Ten bits of each lane to its pins, two a clock."""

from amaranth import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.display.mode import CLOCKS
from hw.primitives.ddr_buffer import DdrBuffer

LANES = 3  # blue, green, red
WORD = 2 * CLOCKS
PIXEL_CLOCK = 0b0000011111  # on the lane of the clock: high first


class Serializer(wiring.Component):
    """Send a word of each lane in five clocks, and the clock of pixels beside them.

    Parameters
    ----------
    pins : object
        ``clk``, one port, and ``d``, three, as amaranth-boards have them, requested with
        ``dir="-"``; or simulated ones of the same names.

    Members
    -------
    load : In(1)
        `words` are taken, once in five clocks.
    words : In(LANES * 10)
        Lane 0 in the lowest bits.
    """

    def __init__(self, pins):
        self.pins = pins
        super().__init__({"load": In(1), "words": In(LANES * WORD)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.data = data = DdrBuffer("o", self.pins.d)
        m.submodules.clock = clock = DdrBuffer("o", self.pins.clk)
        lanes = [Signal(WORD, name=f"lane_{n}", reset_less=True) for n in range(LANES + 1)]
        words = [self.words.word_select(n, WORD) for n in range(LANES)]
        for lane, word in zip(lanes, [*words, PIXEL_CLOCK], strict=True):
            m.d.sync += lane.eq(lane >> 2)
            with m.If(self.load):
                m.d.sync += lane.eq(word)
        for half in range(2):
            m.d.comb += [
                data.o[half].eq(Cat(lane[half] for lane in lanes[:LANES])),
                clock.o[half].eq(lanes[LANES][half]),
            ]
        m.d.comb += [data.oe.eq(1), clock.oe.eq(1)]
        return m
