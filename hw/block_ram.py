# SPDX-License-Identifier: Apache-2.0
"""A memory with all the registers that block RAM has."""

from amaranth import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out


class BlockRam(wiring.Component):
    """One port to write, one to read.

    ``data`` follows ``address`` by :attr:`latency` cycles in which ``en`` is set: the block RAM's
    own latch and register, and one behind the choice among blocks. Without ``en`` all three hold.
    A word that is written in the cycle in which it is read comes out as garbage.
    :class:`hw.ecp5.block_ram.Dp16kd` is the same in primitives of the ECP5.

    Parameters
    ----------
    width, depth : int
        Bits of a word, and words.
    init : list of int
        The first words; the rest is 0.

    Members
    -------
    en : In(1)
    address : In(range(depth))
    data : Out(width)
    write_en : In(1)
    write_address : In(range(depth))
    write_data : In(width)
    """

    latency = 3

    def __init__(self, width, depth, init):
        self.width, self.depth, self.init = width, depth, list(init)
        super().__init__(
            {
                "en": In(1),
                "address": In(range(depth)),
                "data": Out(width),
                "write_en": In(1),
                "write_address": In(range(depth)),
                "write_data": In(width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = words = memory.Memory(
            shape=self.width, depth=self.depth, init=self.init
        )
        read, write = words.read_port(), words.write_port()
        register = Signal(self.width, reset_less=True)
        output = Signal(self.width, reset_less=True)
        with m.If(self.en):
            m.d.sync += [register.eq(read.data), output.eq(register)]
        m.d.comb += [
            read.en.eq(self.en),
            read.addr.eq(self.address),
            self.data.eq(output),
            write.en.eq(self.write_en),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
        ]
        return m
