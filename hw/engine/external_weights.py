# SPDX-License-Identifier: Apache-2.0
"""The weights of a pass from a memory outside the chip, from its port to the array."""

from amaranth import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.gearbox import Gearbox
from hw.engine.weight_fetcher import WeightFetcher
from hw.engine.weight_memory import weight_source, word_layout
from hw.engine.weight_queue import WeightQueue
from hw.memory.machine_port import burst_layout
from hw.primitives.stream_register import StreamRegister


class ExternalWeights(wiring.Component):
    """Give the words of a pass in order, over and over; a word in as many cycles as it has bits.

    Parameters
    ----------
    weight_bits, bus, depth : int
        Bits of a weight; bits of a word of the memory, and of its words those that count.

    Members
    -------
    run, last, o_request, i_word, damaged
        As of :class:`hw.engine.weight_fetcher.WeightFetcher`.
    o : Out(weight_source(word_layout(weight_bits, bus)))
    """

    def __init__(self, weight_bits, bus, depth):
        self.sizes = weight_bits, bus, depth
        super().__init__(
            {
                "run": In(1),
                "last": In(range(depth)),
                "o_request": Out(stream.Signature(burst_layout(depth))),
                "i_word": In(stream.Signature(bus)),
                "o": Out(weight_source(word_layout(weight_bits, bus))),
                "damaged": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        weight_bits, bus, depth = self.sizes
        m.submodules.fetcher = fetcher = WeightFetcher(bus, depth)
        run = Signal()
        m.d.sync += run.eq(self.run)
        starts_anew = ResetInserter(~run)
        m.submodules.register = register = starts_anew(StreamRegister(bus))
        m.submodules.gearbox = gearbox = starts_anew(Gearbox(weight_bits, bus))
        m.submodules.queue = queue = starts_anew(WeightQueue(self.o.word.shape()))
        wiring.connect(m, fetcher.o_request, wiring.flipped(self.o_request))
        wiring.connect(m, wiring.flipped(self.i_word), fetcher.i_word)
        wiring.connect(m, fetcher.o, register.i)
        wiring.connect(m, register.o, gearbox.i)
        wiring.connect(m, queue.o, wiring.flipped(self.o))
        m.d.comb += [
            fetcher.run.eq(run),
            fetcher.last.eq(self.last),
            self.damaged.eq(fetcher.damaged),
            gearbox.room.eq(queue.room),
            queue.word_en.eq(gearbox.word_en),
            queue.word.eq(gearbox.word),
        ]
        return m
