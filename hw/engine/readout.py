# SPDX-License-Identifier: Apache-2.0
"""Read finished halves of the accumulator banks, in the order in which they were filled."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.array import LANES, SUMS
from hw.engine.program_reader import ProgramReader, view
from hw.primitives.countdown import Countdown
from hw.primitives.delay import delay
from hw.program import LAYERS, map_shape, pixel_shape, read_layouts, width

STEP_STAGES = 2  # registers between the loops and a step
REACH = 4  # taps of a phase in the columns of the last layer, along an axis, at most


def step_layout(capacity):
    """Return the layout of a step: four columns of one accumulator, or a pixel of the grid.

    Fields
    ------
    valid : the step counts
    layer : 0 for the first
    last : it belongs to the last layer, whose columns are taps
    spread : last layer: each lane is a phase of its own
    half : of the accumulator banks
    clip : :class:`hw.engine.requantizer.Clip`
    channel : address of the channel word
    biased, bias : its bias is the word `bias` of the planes' own
    quad, mask : columns ``4 * quad`` and on; lanes that hold a channel
    row, address : where the quad goes: rows ``4 * row`` and on, word of the map
    slot : of the pass
    colour : last layer: its output channel
    near_y, near_x : last layer: whether the row, column j back is inside the raster, for each j
    phase : last layer: the first in the columns
    inside_y, inside_x : last layer: whether an even phase, an odd one has an output here
    block, y_odd, x_odd : last layer: block of the pixel of phase 0, whether its place is odd
    counts, ready : with this step, rows of the picture are complete; so many
    ends : last step of the pass
    job_last : last step of the job
    frees_half : so much is read that another job may begin to open its sums in the half
    """
    address = map_shape(capacity)
    return data.StructLayout(
        {
            "valid": 1,
            "layer": range(LAYERS),
            "last": 1,
            "spread": 1,
            "half": 1,
            "clip": 2,
            "channel": range(max(2, capacity.channel_words)),
            "biased": 1,
            "bias": range(max(2, capacity.plane_bias_words)),
            "quad": range(max(2, capacity.array.quads)),
            "mask": LANES,
            "row": range(max(2, capacity.array.rows // LANES)),
            "address": address,
            "slot": 2,
            "colour": 2,
            "near_y": REACH,
            "near_x": REACH,
            "phase": 2,
            "inside_y": 2,
            "inside_x": 2,
            "block": pixel_shape(capacity),
            "y_odd": 1,
            "x_odd": 1,
            "counts": 1,
            "ready": 8,
            "ends": 1,
            "job_last": 1,
            "frees_half": 1,
        }
    )


class Readout(wiring.Component):
    """Walk the program's jobs, and the accumulators of each, one step a cycle.

    Hidden layers go pixel by pixel, slot by slot, four columns a step. The last layer goes row by
    row of its grid, pixel by pixel, slot by slot; each column is read as many pixels back as its
    tap lies behind, so that a step sees all taps of a pixel.

    Element j of ``sums_y`` and of ``sums_x`` add to the accumulator that lies j rows, j pixels
    back, where each lane has a phase of its own ``j % 2``; in hidden layers all j are the same.
    They come a cycle before their step.

    Parameters
    ----------
    capacity : hw.capacity.Capacity

    Members
    -------
    program_address : Out, program_data : In
        To the memory of :func:`hw.program.read_layouts`.
    known : Out(1), facts : Out(read_layouts(capacity)["pass"])
        The program's first word, when it is there.
    job_done : In(1)
        A half was filled.
    picture_free : In(1)
        The pixel buffer has room; needed to begin the last layer.
    picture_take : Out(1)
        The last layer begins.
    step : Out(step_layout(capacity))
    sums_y, sums_x : Out(ArrayLayout(range(SUMS), REACH))
    """

    def __init__(self, capacity):
        self.capacity = capacity
        self.layouts = read_layouts(capacity)
        sums = data.ArrayLayout(range(SUMS), REACH)
        super().__init__(
            {
                "program_address": Out(range(max(2, capacity.read_words))),
                "program_data": In(width(self.layouts)),
                "known": Out(1),
                "facts": Out(self.layouts["pass"]),
                "job_done": In(1),
                "picture_free": In(1),
                "picture_take": Out(1),
                "step": Out(step_layout(capacity)),
                "sums_y": Out(sums),
                "sums_x": Out(sums),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layouts, array, layout = self.layouts, self.capacity.array, self.step.shape()
        m.submodules.program = program = ProgramReader(
            self.capacity.read_words, width(layouts), layer_words=2
        )
        layer = view(layouts["layer"], program.layer[0])
        map_, grid = (view(layouts[name], program.layer[1]) for name in ("map", "grid"))
        job, grid_job = (view(layouts[name], program.job) for name in ("job", "grid_job"))
        m.d.comb += program.joined(self, layer)

        filled = Signal(range(3))
        busy, half = Signal(), Signal()
        number = Signal(range(LAYERS))
        start = Signal()
        opening = layer.last & program.layer_first
        # From a register, since it reaches all that a job begins with.
        m.d.sync += start.eq(
            program.valid & ~busy & ~start & (filled != 0) & (~opening | self.picture_free)
        )
        m.d.comb += self.picture_take.eq(start & opening)
        m.d.sync += filled.eq(filled + self.job_done - start)

        # Loops from the outside: row, column, slot, quad.
        rows, columns = Countdown(8, "row"), Countdown(8, "column")
        slots, quads = Countdown(2, "slot"), Countdown(len(self.step.quad), "quad")
        slot, quad = Signal(2), Signal.like(self.step.quad)
        column, next_column = Signal(8), Signal(8)
        pixel_last, line_last, job_last = Signal(), Signal(), Signal()
        warm, warming = Signal(8), Signal()  # rows of the grid left that only fill the chain
        m.d.comb += [
            pixel_last.eq(quads.last & slots.last),
            line_last.eq((pixel_last & columns.last) | warming),
            job_last.eq(line_last & rows.last),
        ]

        # Where activations of hidden layers go, and which constants belong to them.
        address, group = Signal(map_shape(self.capacity)), Signal(map_shape(self.capacity))
        at, tile_at = Signal.like(self.step.row), Signal.like(self.step.row)
        tile_group = Signal.like(group)
        tile_channel, bias = Signal.like(self.step.channel), Signal.like(self.step.bias)
        at_end = at == array.rows // LANES - 1
        next_at, next_group = Mux(at_end, 0, at + 1), Mux(at_end, group + map_.stride, group)

        # Where sums lie: a chain of rows, one of columns. Where each lane has 2 x 2 taps of its
        # own, the second half of a chain is as the first.
        slots_1 = Signal(3)  # sums of a pixel
        slots_3 = Signal(4)
        m.d.comb += [slots_1.eq(layer.slots + 1), slots_3.eq(slots_1 + (slots_1 << 1))]
        columns_back = Signal(self.sums_x.shape())  # settled long before the layer's first job is
        with m.If(layer.last):
            m.d.sync += [
                columns_back[1].eq(-slots_1),
                columns_back[2].eq(Mux(layer.spread, 0, -(slots_1 << 1))),
                columns_back[3].eq(Mux(layer.spread, -slots_1, -slots_3)),
            ]
        with m.Else():
            m.d.sync += columns_back.eq(0)
        idle, next_line, next_sum = Signal(init=1), Signal(), Signal()  # of the cycle before
        m.d.sync += [
            idle.eq(~busy),
            next_line.eq(busy & line_last & layer.last),
            next_sum.eq(busy & ~warming & quads.last & (~layer.shared | slots.last)),
        ]
        row_below = self.sums_y[0] + grid.row_sums
        rows_back = [
            row_below,
            self.sums_y[0],
            Mux(layer.spread, row_below, self.sums_y[1]),
            Mux(layer.spread, self.sums_y[0], self.sums_y[2]),
        ]
        with m.If(idle):
            m.d.sync += [self.sums_y.eq(0), self.sums_x.eq(columns_back)]
        with m.Elif(next_line):
            m.d.sync += [
                *(self.sums_y[j].eq(rows_back[j]) for j in range(REACH)),
                self.sums_x.eq(columns_back),
            ]
        with m.Elif(next_sum):
            m.d.sync += [self.sums_x[j].eq(self.sums_x[j] + 1) for j in range(REACH)]
        free_left = Signal(range(SUMS))
        inside_rows, inside_columns = Signal(REACH), Signal(REACH)
        grid_row = Signal(8)
        raster_row = Signal(8)

        # Where pixels go.
        block, line_block = Signal(pixel_shape(self.capacity)), Signal(pixel_shape(self.capacity))
        y_odd, x_odd, ready = Signal(), Signal(), Signal(8)
        down = self.facts.doubled | y_odd
        right = self.facts.doubled | x_odd

        with m.If(~busy):  # `start` finds what its job begins with
            m.d.sync += [
                busy.eq(start),
                *rows.start(Mux(layer.last, grid_job.rows, job.rows)),
                *columns.start(Mux(layer.last, grid.columns, job.columns)),
                *slots.start(layer.slots),
                *quads.start(Mux(program.last_tile | layer.last, layer.quads, array.quads - 1)),
                column.eq(0),
                next_column.eq(1),
                slot.eq(0),
                quad.eq(0),
                warm.eq(grid_job.warm),
                warming.eq(layer.last & (grid_job.warm != 0)),
                address.eq(job.address),
                at.eq(tile_at),
                group.eq(tile_group),
                free_left.eq(job.free_after),
                grid_row.eq(grid_job.first),
                raster_row.eq(1),
                inside_rows.eq(1),
                inside_columns.eq(1),
                line_block.eq(grid_job.block),
                block.eq(grid_job.block),
                y_odd.eq(grid_job.y_odd),
                x_odd.eq(grid.x_odd),
                ready.eq(grid_job.ready),
            ]
        with m.Elif(warming):
            m.d.sync += [warm.eq(warm - 1), warming.eq(warm != 1)]
        with m.Else():
            m.d.sync += quads.step()
            with m.If(quads.last):
                m.d.sync += [quad.eq(0), at.eq(tile_at), group.eq(tile_group)]
            with m.Else():
                m.d.sync += [quad.eq(quad + 1), at.eq(next_at), group.eq(next_group)]
            with m.If(quads.last):
                m.d.sync += [*slots.step(), slot.eq(Mux(slots.last, 0, slot + 1))]
                with m.If(~layer.shared | slots.last):
                    m.d.sync += free_left.eq(free_left - 1)
                m.d.sync += address.eq(address + 1)
            with m.If(layer.shared & (slot != 0)):
                m.d.sync += bias.eq(bias + 1)
            with m.If(pixel_last):
                m.d.sync += [
                    *columns.step(),
                    column.eq(next_column),
                    next_column.eq(next_column + 1),
                    address.eq(address + Mux(columns.last, job.y_step, map_.x_step)),
                    inside_columns.eq(Cat(next_column < grid.raster, inside_columns)),
                    block.eq(block + right),
                    x_odd.eq(~x_odd),
                ]
            with m.If(line_last):
                m.d.sync += ready.eq(ready + 1 + self.facts.doubled)
            with m.If(job_last):
                m.d.sync += [busy.eq(0), half.eq(~half)]
                with m.If(program.tile_last):
                    m.d.sync += [
                        tile_channel.eq(tile_channel + Mux(layer.last, 1, array.quads)),
                        tile_at.eq(next_at),
                        tile_group.eq(next_group),
                    ]
                with m.If(program.layer_last):
                    m.d.sync += [
                        number.eq(number + 1),
                        tile_at.eq(0),
                        tile_group.eq(0),
                        bias.eq(0),
                    ]
                    with m.If(layer.last):
                        m.d.sync += [number.eq(0), tile_channel.eq(0)]
        with m.If(busy & line_last):
            m.d.sync += [
                *rows.step(),
                column.eq(0),
                next_column.eq(1),
                inside_columns.eq(1),
                inside_rows.eq(Cat(raster_row < grid_job.raster, inside_rows)),
                raster_row.eq(raster_row + 1),
                grid_row.eq(grid_row + 1),
                y_odd.eq(~y_odd),
                x_odd.eq(grid.x_odd),
                line_block.eq(line_block + Mux(down, self.facts.block_row, 0)),
                block.eq(line_block + Mux(down, self.facts.block_row, 0)),
            ]
        m.d.comb += program.take.eq(busy & job_last)

        full = (1 << LANES) - 1
        step = Signal(layout)
        m.d.comb += [
            step.valid.eq(busy & ~warming),
            step.layer.eq(number),
            step.last.eq(layer.last),
            step.spread.eq(layer.spread),
            step.half.eq(half),
            step.clip.eq(layer.clip),
            step.channel.eq(tile_channel + Mux(layer.last, 0, quad)),
            step.biased.eq(layer.shared & (slot != 0)),
            step.bias.eq(bias),
            step.quad.eq(quad),
            step.mask.eq(Mux(program.last_tile & quads.last, layer.mask, full)),
            step.row.eq(at),
            step.address.eq(address + group),
            step.slot.eq(slot),
            step.colour.eq(program.column_tile),
            step.near_y.eq(Mux(layer.spread, inside_rows[:2].replicate(2), inside_rows)),
            step.near_x.eq(Mux(layer.spread, inside_columns[:2].replicate(2), inside_columns)),
            step.phase.eq(grid_job.phase),
            *(
                step[f"inside_{axis}"][n].eq((at >= grid.low[n]) & (at <= grid.high[n]))
                for axis, at in (("y", grid_row), ("x", column))
                for n in range(2)
            ),
            step.block.eq(block),
            step.y_odd.eq(y_odd),
            step.x_odd.eq(x_odd),
            step.counts.eq(
                busy & ~warming & line_last & layer.last & grid_job.counts & program.last_tile
            ),
            step.ready.eq(ready),
            step.ends.eq(busy & job_last & layer.last & program.layer_last),
            step.job_last.eq(busy & job_last),
            step.frees_half.eq(
                busy
                & Mux(
                    layer.last,
                    job_last,
                    quads.last & (free_left == 0) & (~layer.shared | slots.last),
                )
            ),
        ]
        m.d.sync += self.step.eq(delay(m, step, STEP_STAGES - 1, reset_less=False))
        return m
