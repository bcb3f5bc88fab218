# SPDX-License-Identifier: Apache-2.0
"""A FIFO in block RAM with both of its registers, as fast as any other memory of the machine."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay

AHEAD = 16  # words between the memory and the reader; half of them are on their way already


class BlockFifo(wiring.Component):
    """Keep words in a :class:`hw.primitives.block_ram.BlockRam`, and read them ahead.

    One word a cycle in, one out. A word leaves six cycles after it came at the earliest. Nothing
    says that it is full: whoever writes knows how many words are inside.

    Parameters
    ----------
    width, depth : int
        Bits of a word, and words that it holds.

    Members
    -------
    w_en, w_data : In(1), In(width)
        Write a word; at most `depth` are inside.
    o : Out(stream.Signature(width))
    """

    def __init__(self, width, depth):
        self.width, self.depth = width, depth
        super().__init__({"w_en": In(1), "w_data": In(width), "o": Out(stream.Signature(width))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = BlockRam(self.width, self.depth)
        m.submodules.ahead = ahead = SyncFIFOBuffered(width=self.width, depth=AHEAD)
        put, get = Signal(range(self.depth)), Signal(range(self.depth))
        stored = Signal(range(self.depth + 1))  # that may be read
        read, room = Signal(), Signal()
        m.d.sync += [
            stored.eq(stored + words.write_en - read),
            room.eq(ahead.level < AHEAD // 2),
            words.write_en.eq(self.w_en),
            words.write_data.eq(self.w_data),
            words.write_address.eq(put),
        ]
        for pointer, moves in ((put, self.w_en), (get, read)):
            with m.If(moves):
                m.d.sync += pointer.eq(Mux(pointer == self.depth - 1, 0, pointer + 1))
        m.d.comb += [
            read.eq(stored.any() & room),
            words.address.eq(get),
            ahead.w_en.eq(delay(m, read, BlockRam.latency, reset_less=False)),
            ahead.w_data.eq(words.data),
            self.o.valid.eq(ahead.r_rdy),
            self.o.p.eq(ahead.r_data),
            ahead.r_en.eq(self.o.ready),
        ]
        return m
