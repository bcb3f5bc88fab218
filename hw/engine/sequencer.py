# SPDX-License-Identifier: Apache-2.0
"""The order of work: which tile comes next."""

from amaranth import Array, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import Out
from amaranth.utils import exact_log2

from hw.tiling import BAND_ROWS, JOB_ROWS


def tile_layout(tiling):
    """Return the layout of a tile's description.

    Fields
    ------
    layer : 0 to 3
    row_tile : selects the group of input channels
    last_row_tile : the rows beyond ``last_rows`` are unused
    opens : its sums start at 0 instead of adding to what is there
    y_first, y_last, x_first, x_last : accumulators reached, in the job's own raster
    y_offset, x_offset : input pixel minus accumulator position, modulo 16
    words : words of the weight stream, minus 1
    job_first, job_last : first and last tile of a job
    layer_first, layer_last : first and last tile of a layer
    waits : it reads channels that the last jobs of the layer before may still have to write
    rows_needed : rows of that layer's last job that are enough for it, 8 for all;
        :meth:`hw.tiling.Tiling.rows_needed`
    """
    most_words = max(tiling.words(n, 0) for n in range(4))
    return data.StructLayout(
        {
            "layer": 2,
            "row_tile": range(max(facts.row_tiles for facts in tiling.layers)),
            "last_row_tile": 1,
            "opens": 1,
            "y_first": 4,
            "y_last": 4,
            "x_first": 4,
            "x_last": 4,
            "y_offset": 4,
            "x_offset": 4,
            "words": range(most_words),
            "job_first": 1,
            "job_last": 1,
            "layer_first": 1,
            "layer_last": 1,
            "waits": 1,
            "rows_needed": 4,
        }
    )


class Sequencer(wiring.Component):
    """Walk the five loops of :mod:`hw.tiling`: layer, column tile, phase, row tile, tap.

    A tile a cycle at most, avatar after avatar without end.

    Parameters
    ----------
    tiling : Tiling
        Trip counts.

    Members
    -------
    o : Out(stream.Signature(tile_layout(tiling)))
    """

    def __init__(self, tiling):
        self.tiling = tiling
        super().__init__({"o": Out(stream.Signature(tile_layout(tiling)))})

    def elaborate(self, platform):
        m = Module()
        facts = self.tiling.layers

        def per_layer(values):
            return Array(values)[layer]

        layer = Signal(2)
        loops = [  # innermost first
            Signal(range(max(getattr(f, name) for f in facts)), name=name[:-1])
            for name in ("taps", "row_tiles", "phases", "column_tiles")
        ]
        tap, row_tile, phase, column_tile = loops
        at_end = [
            Signal(name=f"{name}_last") for name in ("tap", "row_tile", "phase", "column_tile")
        ]
        for loop, end, name in zip(
            loops, at_end, ("taps", "row_tiles", "phases", "column_tiles"), strict=True
        ):
            m.d.comb += end.eq(loop == per_layer([getattr(f, name) - 1 for f in facts]))

        tile = Signal(self.o.p.shape())
        job_first = (tap == 0) & (row_tile == 0)
        job_last = at_end[0] & at_end[1]
        m.d.comb += [
            tile.layer.eq(layer),
            tile.row_tile.eq(row_tile),
            tile.last_row_tile.eq(at_end[1]),
            tile.opens.eq((row_tile == 0) & ((tap == 0) | (layer == 0))),
            tile.words.eq(
                Mux(
                    at_end[1],
                    per_layer(
                        [self.tiling.words(n, f.row_tiles - 1) - 1 for n, f in enumerate(facts)]
                    ),
                    per_layer([self.tiling.words(n, 0) - 1 for n in range(4)]),
                )
            ),
            tile.job_first.eq(job_first),
            tile.job_last.eq(job_last),
            tile.layer_first.eq(job_first & (phase == 0) & (column_tile == 0)),
            tile.layer_last.eq(job_last & at_end[2] & at_end[3]),
            tile.waits.eq(
                row_tile >= per_layer([self.tiling.first_waiting_row_tile(n) for n in range(4)])
            ),
            tile.rows_needed.eq(JOB_ROWS),
        ]
        with m.Switch(layer):
            with m.Case(0):  # a tap is an output pixel of its own
                m.d.comb += [
                    tile.y_first.eq(tap[2:4]),
                    tile.y_last.eq(tap[2:4]),
                    tile.x_first.eq(tap[0:2]),
                    tile.x_last.eq(tap[0:2]),
                ]
            with m.Case(1, 2):
                for axis, bit in (("y", 1), ("x", 0)):
                    far, odd = tap[bit], phase[bit]
                    size = per_layer([0, facts[1].in_size - 1, facts[2].in_size - 1, 0])
                    m.d.comb += [
                        tile[f"{axis}_first"].eq(far & ~odd),
                        tile[f"{axis}_last"].eq(size - (far & odd)),
                        tile[f"{axis}_offset"].eq(Mux(far, Mux(odd, 1, -1), 0)),
                    ]
            with m.Case(3):
                m.d.comb += [
                    tile.y_last.eq(BAND_ROWS - 1),
                    tile.x_last.eq(facts[3].in_size - 1),
                    tile.y_offset.eq(column_tile << exact_log2(BAND_ROWS)),
                    tile.rows_needed.eq((column_tile + 1) << exact_log2(BAND_ROWS // 2)),
                ]

        with m.If(self.o.ready | ~self.o.valid):
            m.d.sync += [self.o.p.eq(tile), self.o.valid.eq(1)]
            carry = 1
            for loop, end in zip(loops, at_end, strict=True):
                with m.If(carry):
                    m.d.sync += loop.eq(Mux(end, 0, loop + 1))
                carry = carry & end
            with m.If(carry):
                m.d.sync += layer.eq(layer + 1)
        return m
