# SPDX-License-Identifier: Apache-2.0
"""A memory with the two registers that block RAM has."""

from amaranth import Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hw.primitives.delay import delay


class BlockRam(wiring.Component):
    """One port to write, one to read.

    ``data`` follows ``address`` by :attr:`latency` cycles: the block RAM's latch and the register
    behind it; with a `gap` by one more. A word that is written in the cycle in which it is read
    comes out as garbage.

    A platform that has ``get_block_ram(ram)`` makes it of its own blocks
    (:func:`hw.primitives.ecp5.block_ram.dp16kd`); any other leaves it to synthesis.

    Parameters
    ----------
    width, depth : int
        Bits of a word, and words.
    init : list of int
        The first words; the rest is 0.
    lanes : int
        Parts of a word that are written each on its own; they divide it evenly.
    late : bool
        A write takes a cycle more: its ports have registers of their own, behind the choice of the
        block, for memories that lie all over the chip.
    gap : int
        If not 0, a power of two: word ``gap - 1`` and every `gap`-th behind it are always 0. A
        write to one is dropped. Blocks of `gap` words then need no multiplexer, but an OR: a block
        that is not meant reads its last word. Such a memory may lie all over the chip, so the
        address, too, has a register behind the choice of the block.

    Members
    -------
    address : In(range(depth))
    data : Out(width)
    write_en : In(lanes)
    write_address : In(range(depth))
    write_data : In(width)
    """

    latency = 2

    def __init__(self, width, depth, init=(), *, lanes=1, gap=0, late=False):
        self.width, self.depth, self.init, self.lanes = width, depth, list(init), lanes
        self.late = late
        self.gap = gap if gap < depth else 0
        self.read_lag = int(gap != 0)
        assert not self.gap or not any(self.init[gap - 1 :: gap])
        super().__init__(
            {
                "address": In(range(depth)),
                "data": Out(width),
                "write_en": In(lanes),
                "write_address": In(range(depth)),
                "write_data": In(width),
            }
        )

    @property
    def dropped(self):
        """Whether the word to be written is one of those that are always 0."""
        return self.gap and self.write_address[: (self.gap - 1).bit_length()].all()

    def elaborate(self, platform):
        if hasattr(platform, "get_block_ram"):
            return platform.get_block_ram(self)
        m = Module()
        m.submodules.memory = words = memory.Memory(
            shape=self.width, depth=self.depth, init=self.init
        )
        read, write = words.read_port(), words.write_port(granularity=self.width // self.lanes)
        register = Signal(self.width, reset_less=True)
        m.d.sync += register.eq(read.data)
        lag = int(self.late)
        m.d.comb += [
            read.addr.eq(delay(m, self.address, self.read_lag)),
            self.data.eq(register),
            write.en.eq(delay(m, Mux(self.dropped, 0, self.write_en), lag)),
            write.addr.eq(delay(m, self.write_address, lag)),
            write.data.eq(delay(m, self.write_data, lag)),
        ]
        return m
