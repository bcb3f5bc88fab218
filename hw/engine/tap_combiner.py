# SPDX-License-Identifier: Apache-2.0
"""Layer 4's sixteen taps to output pixels: each output pixel is the sum of four taps."""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay, delays
from hw.tiling import LANES, PHASES, TAPS

RASTER_STEPS = 17  # of a raster's row, and its rows: 16 inputs and the flush behind them


class TapCombiner(wiring.Component):
    """Sum, for each output phase of a lane, two taps of a pixel's row and two of the row above.

    Input pixels come in raster order, one a cycle, each row and each map followed by a flush step,
    so that an output appears with the later of the two inputs it needs: step (y, x) completes
    output row 2y of parity 0 and 2y - 1 of parity 1, columns alike. Tap t = 0 of a phase has no
    input offset; t = 1 looks one input back (parity 0) or ahead (parity 1).

    A step comes one cycle before its taps, and its ``sums`` :attr:`latency` cycles behind them;
    outputs outside the picture come out as garbage.

    Parameters
    ----------
    phases : int
        Output phases that the columns hold at once: 1, 2 or 4.
    acc_width : int
        Bits of a signed sum.

    Members
    -------
    valid : In(1)
    group : In(2)
        Which phases: ``group * phases`` and on.
    plane : In(2)
    y, x : In(range(17))
        Input pixel; 16 is the flush.
    taps : In(ArrayLayout(signed(acc_width), TAPS * phases))
        Sums of tap ``2 * ty + tx`` of phase p at ``TAPS * p + 2 * ty + tx``.
    sums : Out(ArrayLayout(signed(acc_width), LANES))
        Output pixel of each phase; lanes beyond `phases` are 0.
    """

    latency = 4

    def __init__(self, phases, *, acc_width):
        self.phases, self.acc_width = phases, acc_width
        super().__init__(
            {
                "valid": In(1),
                "group": In(2),
                "plane": In(2),
                "y": In(range(RASTER_STEPS)),
                "x": In(range(RASTER_STEPS)),
                "taps": In(data.ArrayLayout(signed(acc_width), TAPS * phases)),
                "sums": Out(data.ArrayLayout(signed(acc_width), LANES)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = self.acc_width
        inside = delay(m, (self.x != RASTER_STEPS - 1) & (self.y != RASTER_STEPS - 1), 1)
        valid = delays(m, self.valid, 3, reset_less=False)
        address = Cat(self.x, self.plane, self.group)
        address = delays(m, address, 3)
        first_column = delay(m, self.x == 0, 2)
        first_row = delay(m, self.y == 0, 4)

        m.submodules.line = line = BlockRam(width * self.phases, 1 << len(address[0]))
        lines = data.ArrayLayout(signed(width), self.phases)
        above, below = data.View(lines, delay(m, line.data, 1)), Signal(lines)
        m.d.comb += [
            line.address.eq(address[1]),
            line.write_address.eq(address[3]),
            line.write_data.eq(below),
            line.write_en.eq(valid[3]),
        ]

        def register():
            return Signal(signed(width), reset_less=True)

        for lane in range(self.phases):
            # Where columns hold fewer phases a lane serves several: its parities are signals.
            phase = (
                delay(m, (self.group << exact_log2(self.phases)) | lane, 2)
                if self.phases < PHASES
                else lane
            )
            odd_y, odd_x = ((phase >> bit) & 1 for bit in (1, 0))
            odd_y = delay(m, odd_y, 1) if self.phases < PHASES else odd_y

            rows = []
            for ty in range(2):
                here, left = [], []
                for tx in range(2):
                    tap, past = register(), register()
                    of_tap = self.taps[TAPS * lane + 2 * ty + tx]
                    # A mask, no multiplexer: Yosys would make a reset of `width` registers of it.
                    m.d.sync += tap.eq(of_tap & inside.replicate(width))
                    with m.If(valid[2]):
                        m.d.sync += past.eq(tap)
                    here.append(tap)
                    left.append(past)
                row = register()
                previous = Mux(first_column, 0, Mux(odd_x, left[0], left[1]))
                m.d.sync += row.eq(Mux(odd_x, here[1], here[0]) + previous)
                rows.append(row)

            mine, total = register(), register()
            m.d.sync += [
                mine.eq(Mux(odd_y, rows[1], rows[0])),
                total.eq(mine + Mux(first_row, 0, above[lane])),
            ]
            m.d.comb += [
                below[lane].eq(Mux(odd_y, rows[0], rows[1])),
                self.sums[lane].eq(total),
            ]
        return m
