# SPDX-License-Identifier: Apache-2.0
"""The last layer's columns to output pixels: each pixel is the sum of its taps."""

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.array import LANES
from hw.engine.readout import REACH
from hw.primitives.delay import delay

TAPS = 4  # of a lane


def tap_places(lanes):
    """Return how many rows and pixels each column's tap lies behind, (y, x) a column.

    The taps of one phase: 4 x 4, 2 x 4 or 2 x 2. Where each lane has a phase of its own, these are
    blocks of 2 x 2, one a lane (:func:`lane_of`), and a tap lies ``(y % 2, x % 2)`` behind.

    Parameters
    ----------
    lanes : int
        1, 2 or 4 lanes of four columns.
    """
    return [divmod(n, 2 if lanes == 1 else REACH) for n in range(TAPS * lanes)]


def lane_of(place):
    """Return the lane of a column whose tap has that place among those of one phase."""
    y, x = place
    return y // 2 * 2 + x // 2


class TapAdder(wiring.Component):
    """Sum the columns of each lane, or of all lanes together.

    ``sums`` follow their inputs by :attr:`latency` cycles; a pixel of each lane a cycle.

    Parameters
    ----------
    lanes : int
        1, 2 or 4 lanes of four columns.
    acc_width : int
        Bits of a signed sum.

    Members
    -------
    spread : In(1)
        A sum a lane; else the sum of all is that of lane 0.
    columns : In(ArrayLayout(signed(acc_width), 4 * lanes))
        Each at its place (:func:`tap_places`).
    sums : Out(ArrayLayout(signed(acc_width), LANES))
        Lanes that there are not are 0.
    """

    latency = 5

    def __init__(self, lanes, *, acc_width):
        self.lanes, self.acc_width = lanes, acc_width
        super().__init__(
            {
                "spread": In(1),
                "columns": In(data.ArrayLayout(signed(acc_width), TAPS * lanes)),
                "sums": Out(data.ArrayLayout(signed(acc_width), LANES)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = self.acc_width

        def register(value):
            stage = Signal(signed(width), reset_less=True)
            m.d.sync += stage.eq(value)
            return stage

        taps = [[] for _ in range(self.lanes)]
        for n, place in enumerate(tap_places(self.lanes)):
            taps[lane_of(place)].append(register(self.columns[n]))

        def tree(terms):
            while len(terms) > 1:
                terms = [register(a + b) for a, b in zip(terms[::2], terms[1::2], strict=True)]
            return terms[0]

        lanes = [tree(terms) for terms in taps]
        levels = self.lanes.bit_length() - 1
        together = delay(m, tree(lanes), 2 - levels)
        spread = delay(m, self.spread, self.latency)
        for n, lane in enumerate(lanes):
            later = delay(m, lane, 2)
            m.d.comb += self.sums[n].eq(later if n else Mux(spread, later, together))
        return m
