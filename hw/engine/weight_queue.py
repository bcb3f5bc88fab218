# SPDX-License-Identifier: Apache-2.0
"""Words of the weight stream that wait for the array."""

from amaranth import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.gearbox import Gearbox
from hw.engine.weight_memory import WeightReader, weight_source
from hw.primitives.delay import delay

DEPTH = 16  # a tile of 16 x 16 in words of 16 weights


class WeightQueue(wiring.Component):
    """Keep words, and give one as long after it is taken as a weight memory does.

    What the feeder sees is a count beside it: words themselves, and their memory, may lie far away.

    Parameters
    ----------
    word : Layout
        :func:`hw.engine.weight_memory.word_layout`.

    Members
    -------
    word_en, word : In(1), In(word)
        A word comes.
    room : Out(1)
        There is room for :attr:`Gearbox.in_flight` words beside those counted; from a register.
    o : Out(weight_source(word))
        ``job_first`` and ``again`` count for nothing: what a job takes again comes again.
    """

    def __init__(self, word):
        super().__init__(
            {
                "word_en": In(1),
                "word": In(word),
                "room": Out(1, init=1),
                "o": Out(weight_source(word)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = memory.Memory(shape=self.word.shape(), depth=DEPTH, init=[])
        write, read = words.write_port(), words.read_port()

        to_array = 2  # cycles that a word crosses the chip
        read_en = delay(m, self.o.take, WeightReader.latency - to_array - 1, reset_less=False)
        m.d.comb += [
            write.en.eq(self.word_en),
            write.data.eq(self.word),
            self.o.word.eq(delay(m, read.data, to_array)),
        ]
        with m.If(self.word_en):
            m.d.sync += write.addr.eq(write.addr + 1)
        with m.If(read_en):
            m.d.sync += read.addr.eq(read.addr + 1)

        held = Signal(range(DEPTH + 1))
        m.d.sync += held.eq(held + self.word_en - read_en)
        m.d.sync += self.room.eq(held <= DEPTH - Gearbox.in_flight)

        there, after = Signal.like(held), Signal.like(held)  # for the feeder
        arrived = delay(m, self.word_en, 1, reset_less=False)
        m.d.comb += after.eq(there + arrived - self.o.take)
        m.d.sync += [there.eq(after), self.o.valid.eq(after != 0)]
        return m
