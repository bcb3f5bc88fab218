# SPDX-License-Identifier: Apache-2.0
"""Feature maps between layers: a bank a row of the array."""

from amaranth import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.primitives.block_ram import BlockRam


class FeatureMemory(wiring.Component):
    """Hold the map that is read and the one that is written, `rows` channels a word.

    ``data`` follows ``address`` by :attr:`latency` cycles. All rows' banks have one address to
    write, and an enable each.

    Parameters
    ----------
    rows : int
        Channels of a word.
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
        for r in range(self.rows):
            m.submodules[f"bank_{r}"] = bank = BlockRam(8, self.depth)
            output = Signal(8, reset_less=True)
            m.d.sync += output.eq(bank.data)
            m.d.comb += [
                bank.address.eq(self.address),
                bank.write_address.eq(self.write_address),
                bank.write_data.eq(self.write_data[r]),
                bank.write_en.eq(self.write_en[r]),
                self.data[r].eq(output),
            ]
        return m
