# SPDX-License-Identifier: Apache-2.0
"""The weights of a pass, word by word, from on-chip memory."""

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.array import GAP
from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay


def word_layout(weight_bits, word_weights):
    """Return the layout of a word of the weight stream: `word_weights` signed weights."""
    return data.ArrayLayout(signed(weight_bits), word_weights)


def weight_source(word):
    """Return the signature of where weight words come from, in the order of use.

    ``word`` follows ``take`` by :attr:`WeightReader.latency` cycles, so that a memory as large as
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
    job_first, again : In(1)
        The word to be taken is the first of a job; that job has the words of the one before.
    word : Out(word)
    """
    return wiring.Signature(
        {"valid": Out(1), "take": In(1), "job_first": In(1), "again": In(1), "word": Out(word)}
    )


class WeightReader(wiring.Component):
    """Give the words of a pass in order, over and over, from a block RAM. A word a cycle.

    Addresses ``n * GAP + GAP - 1`` are left out (:data:`hw.array.GAP`).

    Parameters
    ----------
    word : Layout
        :func:`word_layout`.
    depth : int
        Words of the memory.

    Members
    -------
    o : Out(weight_source(word))
        Always valid.
    last : In(range(depth))
        Address of the last word of a pass.
    address : Out(range(depth)), data : In(word)
        To a :class:`hw.primitives.block_ram.BlockRam` with a gap.
    """

    latency = (
        1 + 1 + BlockRam.latency + 2
    )  # what is asked for, its address, and the word crosses the chip

    def __init__(self, word, depth):
        self.depth = depth
        super().__init__(
            {
                "o": Out(weight_source(word)),
                "last": In(range(max(2, depth))),
                "address": Out(range(max(2, depth))),
                "data": In(word),
            }
        )

    def elaborate(self, platform):
        m = Module()
        position = Signal.like(self.address)  # of the word to be taken next
        job_start = Signal.like(self.address)  # of the first word of the job that is being taken
        job_next = Signal.like(self.address)  # of the second
        following = Signal.like(self.address)
        take, job_first, again = Signal(), Signal(), Signal()
        m.d.sync += [
            take.eq(self.o.take),
            job_first.eq(self.o.job_first),
            again.eq(self.o.job_first & self.o.again),
        ]
        before_gap = position[: (GAP - 1).bit_length()] == GAP - 2
        behind = Mux(position == self.last, 0, position + 1 + before_gap)
        m.d.comb += following.eq(Mux(again, job_next, behind))
        with m.If(take):
            m.d.sync += position.eq(following)
            with m.If(job_first):
                m.d.sync += job_next.eq(following)
                with m.If(~again):
                    m.d.sync += job_start.eq(position)
        m.d.comb += [
            self.address.eq(Mux(again, job_start, position)),
            self.o.valid.eq(1),
            self.o.word.eq(delay(m, self.data, 2)),
        ]
        return m
