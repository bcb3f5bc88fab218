# SPDX-License-Identifier: Apache-2.0
"""Put pictures side by side on the canvas, the newest in place of the oldest."""

from amaranth import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.display.layout import WALL
from hw.display.mode import VGA
from hw.display.scan import PROGRESS, X, Y
from hw.engine.pixel_buffer import RGB

LEAD = 8  # lines before a row of faces in which no face of it is begun any more: 32,000 clocks
SETTLING = 4  # clocks from a face's end until it is known whether the next one may begin

PLACED = data.StructLayout({"x": X, "y": Y, "pixel": RGB})


class TileWriter(wiring.Component):
    """Take pictures as they come, and say where each pixel goes.

    A face is begun only while its row is not seen, nor soon will be; then it has lines enough for
    all of its pixels. Where they do not come in time, the face is not shown in that frame
    (:class:`hw.display.scan.Scan`).

    Members
    -------
    i : In(stream.Signature(RGB))
        Pictures, row-major, one behind the other.
    wall : In(WALL)
    y : In
        Line of the raster.
    begin : In(1)
        The next pixel is the first one of a picture, which goes to the first place; all faces are
        gone. Only while `hold`.
    hold : In(1)
        Nothing is taken.
    drop : In(1)
        A picture that begins is taken and goes nowhere.
    settled : In(1)
        All pixels that were taken are stored.
    o : Out(stream.Signature(PLACED))
    progress : Out(PROGRESS)
    stored : Out(1)
        A face is, that was not dropped.
    """

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(RGB)),
                "wall": In(WALL),
                "y": In(range(VGA.lines)),
                "begin": In(1),
                "hold": In(1),
                "drop": In(1),
                "settled": In(1),
                "o": Out(stream.Signature(PLACED)),
                "progress": Out(PROGRESS),
                "stored": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        wall, progress = self.wall, self.progress
        left, top = Signal(X), Signal(Y)  # of the face on the canvas
        x, y = Signal(X), Signal(Y)
        across, down = Signal.like(wall.size), Signal.like(wall.size)
        first_line = Signal(range(2 * VGA.lines))  # of the face on the screen
        behind = Signal(range(2 * VGA.lines))
        right, below = Signal(X), Signal(Y)  # where the next face begins
        may_begin = Signal()
        m.d.sync += [
            right.eq(left + wall.size + 1),
            below.eq(top + wall.size + 1),
            behind.eq(first_line + wall.height),
            may_begin.eq((self.y + LEAD < first_line) | (self.y >= behind)),
        ]
        dropped = Signal()
        room = Signal()  # of the register in front of `o`
        m.d.comb += room.eq(self.o.ready | ~self.o.valid)
        taken = self.i.valid & self.i.ready
        passed = Signal()
        with m.If(room):
            m.d.sync += [self.o.valid.eq(passed), self.o.p.pixel.eq(self.i.p)]
            m.d.sync += [self.o.p.x.eq(x), self.o.p.y.eq(y)]

        end = Signal()  # of a face
        stored = Signal()  # all of it, a clock before
        wait = Signal(range(SETTLING + 1))
        last = Signal(2)
        m.d.comb += [
            last[0].eq(across == wall.size),
            last[1].eq(last[0] & (down == wall.size)),
        ]

        def begins():
            with m.If(self.begin):
                m.d.sync += wait.eq(0)
                m.next = "SETTLE"

        with m.FSM():
            with m.State("SETTLE"):
                m.d.sync += wait.eq(wait + 1)
                with m.If(wait == SETTLING):
                    m.next = "FIRST"
                begins()
            with m.State("FIRST"):
                m.d.comb += [
                    self.i.ready.eq(~self.hold & (self.drop | (may_begin & room))),
                    passed.eq(taken & ~self.drop),
                ]
                m.d.sync += dropped.eq(self.drop)
                with m.If(taken):
                    m.d.sync += progress.writing.eq(~self.drop)
                    m.next = "REST"
                begins()
            with m.State("REST"):
                m.d.comb += [
                    self.i.ready.eq(~self.hold & (dropped | room)),
                    passed.eq(taken & ~dropped),
                ]
                with m.If(taken & last[1]):
                    m.d.sync += wait.eq(0)
                    m.next = "STORE"
                begins()
            with m.State("STORE"):
                m.d.sync += [wait.eq(wait + 1), stored.eq(self.settled & ~self.o.valid)]
                with m.If(wait == SETTLING):
                    m.d.sync += wait.eq(SETTLING)
                    with m.If(stored):
                        m.d.comb += end.eq(1)
                        m.d.sync += wait.eq(0)
                        m.next = "SETTLE"
                begins()

        with m.If(taken):
            m.d.sync += [x.eq(x + 1), across.eq(across + 1)]
            with m.If(last[0]):
                m.d.sync += [x.eq(left), y.eq(y + 1), across.eq(0), down.eq(down + 1)]
            with m.If(last[1]):
                m.d.sync += down.eq(0)
        m.d.sync += self.stored.eq(end & ~dropped)
        with m.If(end):
            m.d.sync += progress.writing.eq(0)
            with m.If(~dropped):
                m.d.sync += [progress.column.eq(progress.column + 1)]
                m.d.sync += [left.eq(right), x.eq(right), y.eq(top)]
                with m.If(progress.column == wall.columns):
                    m.d.sync += [
                        *(progress.column.eq(0), progress.row.eq(progress.row + 1)),
                        *(left.eq(0), x.eq(0), top.eq(below), y.eq(below)),
                        first_line.eq(behind),
                    ]
                    with m.If(progress.row == wall.rows):
                        m.d.sync += [progress.row.eq(0), progress.full.eq(1)]
                        m.d.sync += [top.eq(0), y.eq(0), first_line.eq(wall.top)]
            with m.Else():
                m.d.sync += [x.eq(left), y.eq(top)]
        with m.If(self.begin):
            m.d.sync += [
                *(progress.eq(0), across.eq(0), down.eq(0), first_line.eq(wall.top)),
                *(left.eq(0), x.eq(0), top.eq(0), y.eq(0)),
            ]
        return m
