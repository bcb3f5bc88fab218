# SPDX-License-Identifier: Apache-2.0
"""The machine with its weights in a memory outside the chip."""

from amaranth import Module, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.engine.external_weights import ExternalWeights
from hw.engine.generator import Machine
from hw.engine.load_bus import memories
from hw.engine.weight_fetcher import burst_layout


class ExternalGenerator(Machine):
    """The machine with its weights behind two ports of a memory: one that reads, one that writes.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    contents : hw.contents.Contents
        Words at power-up, but for the weights.

    Members
    -------
    o_request, i_word
        To the port that reads, as :class:`hw.engine.weight_fetcher.WeightFetcher` has them.
    o_write : Out(stream.Signature(StructLayout({"address": ..., "data": bus})))
        The weights of a load. One that comes while the one before waits is lost: the port takes
        some at once, and a load brings them slowly.
    write_pending : In(1)
        Words of it are on their way; nothing is read until they are written.
    damaged : Out(1)
        The weights of a pass were not those that were loaded. It stays until the next run.
    running, i_latents, o_pixels, o_trace, load
        As in :class:`Machine`.
    """

    def __init__(self, capacity, contents):
        bus, depth = capacity.array.weight_bus, capacity.weight_words
        word = data.StructLayout({"address": range(depth), "data": bus})
        super().__init__(
            capacity,
            contents,
            {
                "o_request": Out(stream.Signature(burst_layout(depth))),
                "i_word": In(stream.Signature(bus)),
                "o_write": Out(stream.Signature(word)),
                "write_pending": In(1),
                "damaged": Out(1),
            },
        )

    def elaborate(self, platform):
        m = Module()
        core, stopped = self.add_core(m)
        capacity = self.capacity
        m.submodules.weights = weights = ExternalWeights(
            capacity.weight_bits, capacity.array.weight_bus, capacity.weight_words
        )
        connect(m, weights.o, core.weights)
        connect(m, weights.o_request, flipped(self.o_request))
        connect(m, flipped(self.i_word), weights.i_word)
        settled = Signal()
        m.d.sync += settled.eq(~self.write_pending)
        m.d.comb += [
            weights.run.eq(~stopped & core.known & settled),
            weights.last.eq(core.last_weight),
            self.damaged.eq(weights.damaged),
        ]

        place = [each.name for each in memories(capacity)].index("weights")
        with m.If(self.o_write.ready):
            m.d.sync += self.o_write.valid.eq(0)
        with m.If(self.load.enable[place]):
            m.d.sync += [
                self.o_write.valid.eq(1),
                self.o_write.p.address.eq(self.load.address),
                self.o_write.p.data.eq(self.load.data),
            ]
        return m
