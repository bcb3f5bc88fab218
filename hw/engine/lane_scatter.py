# SPDX-License-Identifier: Apache-2.0
"""Requantised lanes to the feature memories' banks."""

from amaranth import Module, Mux
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.feature_memory import map_address
from hw.tiling import LANES


class LaneScatter(wiring.Component):
    """Write neighbouring channels, one a lane, to the banks of their rows.

    Channel `group * rows + row` lives in bank `row`, word `group`. One step a cycle, outputs 1
    cycle later. A bank listens only to the lanes that `first_rows` can ever bring to it.

    Parameters
    ----------
    rows : int
        Banks: rows of the array.
    groups : int
        Words that hold the channels of a pixel.
    first_rows : iterable of int
        Rows in which lane 0's channel can live.
    address_width : int
        Bits of a feature memory's address.

    Members
    -------
    valid : In(1)
    mask : In(LANES)
        Lanes that hold a channel.
    row, group : In
        Where lane 0's channel lives; the lanes behind it follow, over the last row into the next
        group.
    layer : In(2)
        0, 1, 2 write a map of 4, 8, 16 pixels a side.
    y, x, plane : In
        Pixel of that map.
    values : In(ArrayLayout(8, LANES))
    en : Out(rows)
    address : Out(ArrayLayout(address_width, rows))
    data : Out(ArrayLayout(8, rows))
    """

    def __init__(self, rows, *, groups, first_rows, address_width):
        self.rows, self.first_rows = rows, first_rows
        super().__init__(
            {
                "valid": In(1),
                "mask": In(LANES),
                "row": In(range(rows)),
                "group": In(range(groups)),
                "layer": In(2),
                "y": In(4),
                "x": In(4),
                "plane": In(2),
                "values": In(data.ArrayLayout(8, LANES)),
                "en": Out(rows),
                "address": Out(data.ArrayLayout(address_width, rows)),
                "data": Out(data.ArrayLayout(8, rows)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        def address(group):
            small, middle, large = (
                map_address(size, group, self.y, self.x, self.plane) for size in (4, 8, 16)
            )
            return Mux(self.layer == 2, large, Mux(self.layer == 1, middle, small))

        for r in range(self.rows):
            m.d.sync += self.en[r].eq(0)
            for lane in range(LANES):
                first = (r - lane) % self.rows
                if first not in self.first_rows:
                    continue
                with m.If(self.row == first):
                    wraps = r < lane
                    m.d.sync += [
                        self.en[r].eq(self.valid & self.mask[lane]),
                        self.address[r].eq(address(self.group + 1 if wraps else self.group)),
                        self.data[r].eq(self.values[lane]),
                    ]
        return m
