# SPDX-License-Identifier: Apache-2.0
"""Feature maps between layers: a bank for four rows of the array."""

from amaranth import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.array import LANES
from hw.primitives.block_ram import BlockRam


class FeatureMemory(wiring.Component):
    """Hold the map that is read and the one that is written, `rows` channels a word.

    ``data`` follows ``address`` by :attr:`latency` cycles. All rows have one address to write, and
    an enable each. Four share a bank: as many as are written at once, and words of 36 bits waste
    less of a block RAM that is not full.

    Parameters
    ----------
    rows : int
        Channels of a word: a multiple of :data:`hw.array.LANES`.
    depth : int
        Words.

    Members
    -------
    address : In(range(depth))
    data : Out(ArrayLayout(8, rows))
    write_en : In(rows)
    write_address : In(range(depth))
    write_data : In(ArrayLayout(8, rows))
    """

    latency = BlockRam.latency + 1  # a register on the way to the array

    def __init__(self, rows, depth):
        self.rows, self.depth = rows, depth
        super().__init__(
            {
                "address": In(range(max(2, depth))),
                "data": Out(data.ArrayLayout(8, rows)),
                "write_en": In(rows),
                "write_address": In(range(max(2, depth))),
                "write_data": In(data.ArrayLayout(8, rows)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        for n in range(self.rows // LANES):
            m.submodules[f"bank_{n}"] = bank = BlockRam(8 * LANES, self.depth, lanes=LANES)
            output = Signal(bank.width, reset_less=True)
            m.d.sync += output.eq(bank.data)
            quad = range(n * LANES, (n + 1) * LANES)
            m.d.comb += [
                bank.address.eq(self.address),
                bank.write_address.eq(self.write_address),
                bank.write_data.eq(Cat(self.write_data[r] for r in quad)),
                bank.write_en.eq(Cat(self.write_en[r] for r in quad)),
                *(self.data[r].eq(output.word_select(r % LANES, 8)) for r in quad),
            ]
        return m
