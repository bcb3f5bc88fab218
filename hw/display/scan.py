# SPDX-License-Identifier: Apache-2.0
"""Which stored pixel belongs to a pixel of the screen, and whether it may be shown."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.display.layout import LARGE, WALL
from hw.display.mode import VGA

X, Y = range(LARGE.width), range(LARGE.height)  # of a pixel of the canvas
COLUMN = range(LARGE.width + 1)
ROW = range(LARGE.height + 1)

# What the writer is at: the next face's place; whether some of its pixels are stored already; and
# whether every place has a face.
PROGRESS = data.StructLayout({"row": ROW, "column": COLUMN, "writing": 1, "full": 1})

# A line of the canvas.
LINE = data.StructLayout({"inside": 1, "y": Y})


class Scan(wiring.Component):
    """Walk over the wall beside the raster.

    The next line is known a whole line ahead, so that it can be fetched. What is shown of a row of
    faces is settled once, before its first line is: the faces that are stored, but not one that is
    being written at that moment. The writer keeps out of the row until its last line is over, so no
    face is seen half old and half new.

    Members
    -------
    wall : In(WALL)
        It may change where a frame ends.
    progress : In(PROGRESS)
    tick, x, y : In
        Of :class:`hw.display.raster.Raster`.
    turn : Out(1)
        With the next clock `line` and `next` are others.
    next : Out(LINE)
        The line behind this one.
    line : Out(LINE)
        This line.
    pixel : Out(X)
        Of the canvas, a pixel behind the raster's.
    shown : Out(1)
        It belongs to a face that may be seen; two clocks behind `pixel`.
    """

    def __init__(self):
        super().__init__(
            {
                "wall": In(WALL),
                "progress": In(PROGRESS),
                "tick": In(1),
                "x": In(range(VGA.pixels)),
                "y": In(range(VGA.lines)),
                "turn": Out(1),
                "next": Out(LINE),
                "line": Out(LINE),
                "pixel": Out(X),
                "shown": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        wall, progress = self.wall, self.progress
        faces = data.StructLayout({"count": COLUMN, "hidden": 1, "column": COLUMN})
        coming, now = Signal(faces), Signal(faces)  # what is shown of a row

        row, inner, repeat = Signal(ROW), Signal.like(wall.size), Signal.like(wall.zoom)
        begins = Signal()  # the wall begins with the line behind this one
        first = Signal()  # `pixel` is still the last one of the line before
        m.d.comb += self.turn.eq(self.tick & first)
        last_repeat, last_inner, last_row = Signal(), Signal(), Signal()
        m.d.sync += [
            first.eq(self.x == 0),
            begins.eq(wall.fits & (self.y + 1 == wall.top)),
            last_repeat.eq(repeat == wall.zoom),
            last_inner.eq(inner == wall.size),
            last_row.eq(row == wall.rows),
        ]
        # What the row behind this one will show, step by step: it changes seldom, and it is taken
        # once a row.
        following = Signal(ROW)
        here, before, columns = Signal(), Signal(), Signal(COLUMN)
        m.d.sync += [
            following.eq(Mux(begins, 0, row + 1)),
            here.eq(progress.row == following),
            before.eq(progress.full | (following < progress.row)),
            columns.eq(wall.columns + 1),
        ]
        settle = Signal()
        with m.If(self.turn):
            m.d.sync += [self.line.eq(self.next), now.eq(coming)]
            with m.If(begins):
                m.d.sync += [self.next.inside.eq(1), self.next.y.eq(0)]
                m.d.sync += [inner.eq(0), repeat.eq(0)]
                m.d.comb += settle.eq(1)
            with m.Elif(self.next.inside):
                m.d.sync += repeat.eq(repeat + 1)
                with m.If(last_repeat):
                    m.d.sync += [repeat.eq(0), inner.eq(inner + 1), self.next.y.eq(self.next.y + 1)]
                    with m.If(last_inner):
                        m.d.sync += inner.eq(0)
                        m.d.comb += settle.eq(~last_row)
                        with m.If(last_row):
                            m.d.sync += self.next.inside.eq(0)
        with m.If(settle):
            m.d.sync += [
                row.eq(following),
                coming.count.eq(Mux(before, columns, Mux(here, progress.column, 0))),
                coming.hidden.eq(here & progress.writing),
                coming.column.eq(progress.column),
            ]

        column, across, wide = Signal(COLUMN), Signal.like(wall.size), Signal.like(wall.zoom)
        inside = Signal()
        starts, start = Signal(), Signal(range(VGA.pixels))
        last_wide, last_across, last_column = Signal(), Signal(), Signal()
        shown = Signal()
        m.d.sync += [
            start.eq(wall.left + VGA.blank),
            starts.eq(self.line.inside & (self.x == start)),
            last_wide.eq(wide == wall.zoom),
            last_across.eq(across == wall.size),
            last_column.eq(column == wall.columns),
            shown.eq((column < now.count) & ~(now.hidden & (column == now.column))),
        ]
        m.d.comb += self.shown.eq(inside & shown)
        with m.If(self.tick):
            with m.If(starts):
                m.d.sync += [inside.eq(1), self.pixel.eq(0)]
                m.d.sync += [column.eq(0), across.eq(0), wide.eq(0)]
            with m.Elif(inside):
                m.d.sync += wide.eq(wide + 1)
                with m.If(last_wide):
                    m.d.sync += [wide.eq(0), across.eq(across + 1), self.pixel.eq(self.pixel + 1)]
                    with m.If(last_across):
                        m.d.sync += [across.eq(0), column.eq(column + 1)]
                        with m.If(last_column):
                            m.d.sync += inside.eq(0)
        return m
