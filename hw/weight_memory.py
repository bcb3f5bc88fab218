# SPDX-License-Identifier: Apache-2.0
"""The weight stream from on-chip memory."""

from amaranth import Module, Signal, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import Out


def weight_stream(tiling):
    """Return the signature of the weight stream, ``word_weights`` weights a transfer."""
    return stream.Signature(data.ArrayLayout(signed(tiling.weight_bits), tiling.array.word_weights))


class WeightMemory(wiring.Component):
    """Send the words of one avatar in order, over and over, from a block RAM.

    One word a cycle. The address leads by 2 cycles; both registers hold while the sink waits.

    Parameters
    ----------
    tiling : Tiling
        Gives depth and width of the memory.
    init : list of int
        The words, as :func:`hw.contents.weight_words` yields them.

    Members
    -------
    o : Out(weight_stream(tiling))
    """

    def __init__(self, tiling, init):
        self.depth = tiling.weight_words
        self.init = init
        super().__init__({"o": Out(weight_stream(tiling))})

    def elaborate(self, platform):
        m = Module()
        shape = self.o.p.shape()
        width = shape.size
        m.submodules.memory = words = memory.Memory(shape=width, depth=self.depth, init=self.init)
        read = words.read_port()

        address = Signal(range(self.depth))
        fetched = Signal()  # the block RAM's output is a word
        step = Signal()  # both registers advance
        output = Signal(width, reset_less=True)
        m.d.comb += [
            step.eq(self.o.ready | ~self.o.valid),
            read.addr.eq(address),
            read.en.eq(step),
            self.o.p.eq(output),
        ]
        with m.If(step):
            m.d.sync += [
                address.eq(address + 1),
                fetched.eq(1),
                output.eq(read.data),
                self.o.valid.eq(fetched),
            ]
            with m.If(address == self.depth - 1):
                m.d.sync += address.eq(0)
        return m
