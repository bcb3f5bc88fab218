# SPDX-License-Identifier: Apache-2.0
"""A CRC-32 of each layer's activations: which layer of a wrong picture was the first."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from golden.spec import QUAD
from hw.primitives.delay import delay
from hw.uart.crc32 import next_state
from hw.uart.protocol import SUMMED_LAYERS

WORD = 8 * QUAD
PICTURES = 4  # two wait in the pixel buffer, one in the array; the last one out is asked for
DEPTH = 4 * PICTURES


class LayerCrc(wiring.Component):
    """Fold what leaves the requantizer into the CRC-32 of :func:`zlib.crc32`, one a layer.

    Takes `QUAD` activations a cycle, in the order in which the array finishes them
    (docs/protocol.md says which that is). A CRC and not a cheaper signature, because any host has
    it, and no two wrong bits cancel. Words of the last layer only mark the end of the one before:
    the picture itself is summed on its way out.

    Three cycles, each with at most three LUTs between registers: the words' share of the next
    state, the state's own, the memory.

    Members
    -------
    valid : In(1)
    layer : In(2)
        0 to 3; an avatar's layers come in this order.
    mask : In(QUAD)
        Lanes that hold an activation; the others count as 0.
    values : In(ArrayLayout(8, QUAD))
    picture_done : In(1)
        The last pixel of a picture was taken.
    index : In(2)
        Of a layer, 0 to 2.
    crc : Out(32)
        Of layer `index` of the picture that was done last; follows `index` by 1 cycle.
    """

    valid: In(1)
    layer: In(2)
    mask: In(QUAD)
    values: In(data.ArrayLayout(8, QUAD))
    picture_done: In(1)
    index: In(2)
    crc: Out(32)

    def elaborate(self, platform):
        m = Module()
        word = Signal(WORD, reset_less=True)
        valid, layer = delay(m, self.valid, 1, reset_less=False), delay(m, self.layer, 1)
        for lane in range(QUAD):
            m.d.sync += word.word_select(lane, 8).eq(Mux(self.mask[lane], self.values[lane], 0))

        before = Signal(2, init=SUMMED_LAYERS)
        with m.If(valid):
            m.d.sync += before.eq(layer)
        first = delay(m, layer != before, 1)
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

        entering, leaving, left = (Signal(range(PICTURES)) for _ in range(3))
        with m.If(valid & first & (layer == SUMMED_LAYERS)):
            m.d.sync += entering.eq(entering + 1)
        with m.If(self.picture_done):
            m.d.sync += [leaving.eq(leaving + 1), left.eq(leaving)]

        m.submodules.sums = sums = memory.Memory(shape=32, depth=DEPTH, init=[])
        write, read = sums.write_port(), sums.read_port()
        m.d.comb += [
            write.addr.eq(Cat(delay(m, layer, 1), entering)),
            write.data.eq(~state),
            write.en.eq(delay(m, valid & (layer != SUMMED_LAYERS), 1, reset_less=False)),
            read.addr.eq(Cat(self.index, left)),
            self.crc.eq(read.data),
        ]
        return m
