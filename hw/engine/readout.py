# SPDX-License-Identifier: Apache-2.0
"""Read finished halves of the accumulator banks, in the order in which they were filled."""

from amaranth import Array, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from hw.engine.tap_combiner import RASTER_STEPS
from hw.tiling import BAND_ROWS, LANES, PLANES


def step_layout(tiling):
    """Return the layout of a step: four columns of one accumulator, or in layer 4 one pixel's taps.

    Fields
    ------
    valid : the step counts
    layer : 0 to 3
    half : of the accumulator banks
    phase : output parities ``2 * (y & 1) + (x & 1)`` of layers 2 and 3; group of phases of layer 4
    y, x : accumulator in the job's raster; in layer 4 the input pixel of the map, 16 is the flush
    plane : 0, 1, 2
    quad : columns ``4 * quad`` and on
    mask : lanes that hold a channel
    row, group : where the first lane's channel lives in the next layer's map
    channel : address of the channel word
    row_last, job_last : last step of a row of the job's raster, of the job
    frees_half : so much is read that another job may begin to open its sums in the half
    """
    return data.StructLayout(
        {
            "valid": 1,
            "layer": 2,
            "half": 1,
            "phase": 2,
            "y": range(RASTER_STEPS),
            "x": range(RASTER_STEPS),
            "plane": 2,
            "quad": range(tiling.quads),
            "mask": LANES,
            "row": range(tiling.array.rows),
            "group": range(tiling.map_groups + 1),
            "channel": range(tiling.channel_words),
            "row_last": 1,
            "job_last": 1,
            "frees_half": 1,
        }
    )


class Readout(wiring.Component):
    """Walk the jobs of :mod:`hw.tiling`, and the accumulators of each, one step a cycle.

    Layers 1 to 3 go pixel by pixel, plane by plane, four columns a step; layer 4 goes row by row,
    plane by plane, one input pixel a step, with a flush step behind each row and a flush row behind
    the map.

    Parameters
    ----------
    tiling : Tiling
        Trip counts.

    Members
    -------
    job_done : In(1)
        A half was filled.
    picture_free : In(1)
        The pixel buffer has room; needed to begin layer 4.
    picture_take : Out(1)
        Layer 4 begins.
    step : Out(step_layout(tiling))
    """

    def __init__(self, tiling):
        self.tiling = tiling
        super().__init__(
            {
                "job_done": In(1),
                "picture_free": In(1),
                "picture_take": Out(1),
                "step": Out(step_layout(tiling)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        tiling, array, layers = self.tiling, self.tiling.array, self.tiling.layers
        layout = self.step.shape()

        layer, half = Signal(2), Signal()
        column_tile = Signal(range(max(facts.column_tiles for facts in layers)))
        phase = Signal(2)
        last_layer = layer == 3

        def per_layer(values):
            return Array(values)[layer]

        column_tile_last, phase_last = Signal(), Signal()
        m.d.comb += [
            column_tile_last.eq(column_tile == per_layer([f.column_tiles - 1 for f in layers])),
            phase_last.eq(phase == per_layer([f.phases - 1 for f in layers])),
        ]

        # Columns in use: all of them, but for a layer's last column tile.
        used = [
            spec.out_channels - (f.column_tiles - 1) * array.columns
            for spec, f in zip(tiling.spec.shapes[:3], layers[:3], strict=True)
        ]
        quads = [-(-columns // LANES) for columns in used]
        quad_end = Mux(column_tile_last, per_layer([n - 1 for n in quads] + [0]), tiling.quads - 1)
        full = (1 << LANES) - 1
        end_mask = Mux(
            column_tile_last,
            per_layer([full >> (q * LANES - n) for q, n in zip(quads, used, strict=True)] + [full]),
            full >> (tiling.quads * LANES - array.columns),
        )

        filled = Signal(range(3))
        busy, start = Signal(), Signal()
        y, x, plane = Signal(range(RASTER_STEPS)), Signal(range(RASTER_STEPS)), Signal(2)
        quad = Signal(layout["quad"].shape)
        row, group = Signal(layout["row"].shape), Signal(layout["group"].shape)
        tile_row, tile_group = Signal.like(row), Signal.like(group)
        tile_channel = Signal(layout["channel"].shape)

        opening = last_layer & (column_tile == 0) & (phase == 0)
        m.d.comb += [
            start.eq(~busy & (filled != 0) & (~opening | self.picture_free)),
            self.picture_take.eq(start & opening),
        ]
        m.d.sync += filled.eq(filled + self.job_done - start)

        quad_last, plane_last, x_last, y_last, row_last, job_last = (
            Signal(name=f"{name}_last") for name in ("quad", "plane", "x", "y", "row", "job")
        )
        m.d.comb += [
            quad_last.eq(last_layer | (quad == quad_end)),
            plane_last.eq(plane == PLANES - 1),
            x_last.eq(x == per_layer([3, 3, 7, RASTER_STEPS - 1])),
            y_last.eq(
                Mux(
                    last_layer,
                    Mux(column_tile_last, y == RASTER_STEPS - 1, y[:2] == BAND_ROWS - 1),
                    y == per_layer([3, 3, 7, 0]),
                )
            ),
            row_last.eq(quad_last & plane_last & x_last),
            job_last.eq(row_last & y_last),
        ]

        def advance(value, by):
            """Row and group of the channel `by` columns on."""
            by_group, by_row = divmod(by, array.rows)
            moved = value[0] + by_row
            wraps = moved >= array.rows
            return [
                Mux(wraps, moved - array.rows, moved),
                value[1] + by_group + wraps,
            ]

        with m.If(start):
            m.d.sync += [
                busy.eq(1),
                y.eq(Mux(last_layer, column_tile << exact_log2(BAND_ROWS), 0)),
                x.eq(0),
                plane.eq(0),
                quad.eq(0),
                row.eq(tile_row),
                group.eq(tile_group),
            ]
        with m.Elif(busy):
            next_row, next_group = advance((row, group), LANES)
            with m.If(quad_last):
                m.d.sync += [quad.eq(0), row.eq(tile_row), group.eq(tile_group)]
            with m.Else():
                m.d.sync += [quad.eq(quad + 1), row.eq(next_row), group.eq(next_group)]
            plane_step = Mux(last_layer, x_last, quad_last)
            x_step = last_layer | (quad_last & plane_last)
            with m.If(plane_step):
                m.d.sync += plane.eq(Mux(plane_last, 0, plane + 1))
            with m.If(x_step):
                m.d.sync += x.eq(Mux(x_last, 0, x + 1))
            with m.If(row_last):
                m.d.sync += y.eq(y + 1)
            with m.If(job_last):
                m.d.sync += [busy.eq(0), half.eq(~half), phase.eq(phase + 1)]
                with m.If(phase_last):
                    tile = advance((tile_row, tile_group), array.columns)
                    m.d.sync += [
                        phase.eq(0),
                        column_tile.eq(column_tile + 1),
                        tile_row.eq(tile[0]),
                        tile_group.eq(tile[1]),
                    ]
                    with m.If(~last_layer):
                        m.d.sync += tile_channel.eq(tile_channel + tiling.quads)
                    with m.If(column_tile_last):
                        m.d.sync += [
                            column_tile.eq(0),
                            layer.eq(layer + 1),
                            tile_row.eq(0),
                            tile_group.eq(0),
                        ]
                        with m.If(last_layer):
                            m.d.sync += tile_channel.eq(0)

        m.d.sync += [
            self.step.valid.eq(busy),
            self.step.layer.eq(layer),
            self.step.half.eq(half),
            self.step.phase.eq(phase),
            self.step.y.eq(y),
            self.step.x.eq(x),
            self.step.plane.eq(plane),
            self.step.quad.eq(quad),
            self.step.mask.eq(Mux(quad == quad_end, end_mask, full)),
            self.step.row.eq(row),
            self.step.group.eq(group),
            self.step.channel.eq(tile_channel + quad),
            self.step.row_last.eq(busy & row_last),
            self.step.job_last.eq(busy & job_last),
            self.step.frees_half.eq(
                busy & Mux(layer == 2, row_last & (y == tiling.rows_to_read - 1), job_last)
            ),
        ]
        return m
