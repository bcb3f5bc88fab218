# SPDX-License-Identifier: Apache-2.0
"""The machine with its weights in a memory outside the chip."""

from amaranth import Module, Signal
from amaranth.lib.wiring import Out, connect, flipped

from hw.engine.external_weights import ExternalWeights
from hw.engine.generator import Machine
from hw.engine.load_bus import memories
from hw.memory.machine_port import machine_port


class ExternalGenerator(Machine):
    """The machine with its weights in a memory outside.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    contents : hw.contents.Contents
        Words at power-up, but for the weights.

    Members
    -------
    memory : Out(machine_port(...))
        Weights of a load leave by it. One that comes while the one before waits is lost: the memory
        takes some at once, and a load brings them slowly.
    damaged : Out(1)
        The weights of a pass were not those that were loaded. It stays until the next run.
    running, i_latents, o_pixels, o_trace, load
        As in :class:`Machine`.
    """

    def __init__(self, capacity, contents):
        port = machine_port(capacity.array.weight_bus, capacity.weight_words)
        super().__init__(capacity, contents, {"memory": Out(port), "damaged": Out(1)})

    def elaborate(self, platform):
        m = Module()
        core, stopped = self.add_core(m)
        capacity, memory = self.capacity, self.memory
        m.submodules.weights = weights = ExternalWeights(
            capacity.weight_bits, capacity.array.weight_bus, capacity.weight_words
        )
        connect(m, weights.o, core.weights)
        connect(m, weights.o_request, flipped(memory.request))
        connect(m, flipped(memory.word), weights.i_word)
        settled = Signal()
        m.d.sync += settled.eq(~memory.write_pending)
        m.d.comb += [
            weights.run.eq(~stopped & core.known & settled),
            weights.last.eq(core.last_weight),
            self.damaged.eq(weights.damaged),
        ]

        place = [each.name for each in memories(capacity)].index("weights")
        with m.If(memory.write.ready):
            m.d.sync += memory.write.valid.eq(0)
        with m.If(self.load.enable[place]):
            m.d.sync += [
                memory.write.valid.eq(1),
                memory.write.p.address.eq(self.load.address),
                memory.write.p.data.eq(self.load.data),
            ]
        return m
