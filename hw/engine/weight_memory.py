# SPDX-License-Identifier: Apache-2.0
"""The weights of an avatar, word by word, from on-chip memory."""

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay


def word_layout(weight_bits, word_weights):
    """Return the layout of a word of the weight stream: `word_weights` signed weights."""
    return data.ArrayLayout(signed(weight_bits), word_weights)


def weight_source(word):
    """Return the signature of where weight words come from, in the order of use.

    ``word`` follows ``take`` by :attr:`WeightMemory.latency` cycles, so that a memory as large as
    the chip needs no signal that stalls all of it.

    Parameters
    ----------
    word : Layout
        :func:`word_layout`.

    Members
    -------
    valid : Out(1)
        There is a word to take.
    take : In(1)
        It is taken; only while `valid`.
    word : Out(word)
    """
    return wiring.Signature({"valid": Out(1), "take": In(1), "word": Out(word)})


class WeightMemory(wiring.Component):
    """Give the words of one avatar in order, over and over, from block RAM. A word a cycle.

    Parameters
    ----------
    word : Layout
        :func:`word_layout`.
    depth : int
        Words of an avatar.
    init : list of int
        The words, as :func:`hw.contents.weight_words` yields them.

    Members
    -------
    o : Out(weight_source(word))
        Always valid.
    """

    latency = 1 + BlockRam.latency + 2  # the address and the word cross the chip

    def __init__(self, word, depth, init):
        self.depth, self.init = depth, init
        super().__init__({"o": Out(weight_source(word))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = words = BlockRam(self.o.word.shape().size, self.depth, self.init)
        position = Signal(range(self.depth))  # of the word to be taken next
        address = Signal.like(position, reset_less=True)
        with m.If(self.o.take):
            m.d.sync += position.eq(Mux(position == self.depth - 1, 0, position + 1))
        m.d.sync += address.eq(position)
        m.d.comb += [
            words.address.eq(address),
            self.o.valid.eq(1),
            self.o.word.eq(delay(m, words.data, 2)),
        ]
        return m
