# SPDX-License-Identifier: Apache-2.0
"""A CRC-32 of each layer's activations: which layer of a wrong picture was the first."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from golden.spec import QUAD
from hw.primitives.crc32 import next_state
from hw.primitives.delay import delay
from hw.uart.protocol import MAX_LAYERS

WORD = 8 * QUAD


class LayerCrc(wiring.Component):
    """Fold what leaves the requantizer into the CRC-32 of :func:`zlib.crc32`, one a layer.

    Takes `QUAD` activations a cycle, in the order in which the array finishes them
    (docs/protocol.md says which that is), of one picture: a self-test is alone in the generator. A
    CRC and not a cheaper signature, because any host has it, and no two wrong bits cancel. Words of
    the last layer are left out: the picture itself is summed on its way out.

    Three cycles, each with at most three LUTs between registers: the words' share of the next
    state, the state's own, the memory.

    Members
    -------
    clear : In(1)
        A picture begins: long before its first word.
    valid : In(1)
    layer : In(range(MAX_LAYERS))
        The first is 0; a picture's layers come in their order.
    last : In(1)
        It is a word of the last layer.
    mask : In(QUAD)
        Lanes that hold an activation; the others count as 0.
    values : In(ArrayLayout(8, QUAD))
    index : In(range(MAX_LAYERS))
        Of a layer.
    crc : Out(32)
        Of layer `index`, if it had a word; follows `index` by 1 cycle.
    """

    clear: In(1)
    valid: In(1)
    layer: In(range(MAX_LAYERS))
    last: In(1)
    mask: In(QUAD)
    values: In(data.ArrayLayout(8, QUAD))
    index: In(range(MAX_LAYERS))
    crc: Out(32)

    def elaborate(self, platform):
        m = Module()
        word = Signal(WORD, reset_less=True)
        layer = delay(m, self.layer, 1)
        valid = delay(m, self.valid & ~self.last, 1, reset_less=False)
        for lane in range(QUAD):
            m.d.sync += word.word_select(lane, 8).eq(Mux(self.mask[lane], self.values[lane], 0))

        before, none = Signal.like(self.layer), Signal(init=1)
        with m.If(valid):
            m.d.sync += [before.eq(layer), none.eq(0)]
        with m.If(self.clear):
            m.d.sync += none.eq(1)
        first = delay(m, none | (layer != before), 1)
        layer = delay(m, layer, 1)
        valid = delay(m, valid, 1, reset_less=False)

        state = Signal(32, reset_less=True)
        of_word = Signal(32, reset_less=True)
        for n, (state_bits, word_bits) in enumerate(next_state(WORD)):
            m.d.sync += of_word[n].eq(Cat(word[k] for k in word_bits).xor())
            of_state = Cat(state[k] for k in state_bits).xor()
            of_ones = len(state_bits) & 1  # a CRC begins with all bits set
            with m.If(valid):
                m.d.sync += state[n].eq(of_word[n] ^ Mux(first, of_ones, of_state))

        m.submodules.sums = sums = memory.Memory(shape=32, depth=MAX_LAYERS, init=[])
        write, read = sums.write_port(), sums.read_port()
        m.d.comb += [
            write.addr.eq(delay(m, layer, 1)),
            write.data.eq(~state),
            write.en.eq(delay(m, valid, 1, reset_less=False)),
            read.addr.eq(self.index),
            self.crc.eq(read.data),
        ]
        return m
