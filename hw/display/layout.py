# SPDX-License-Identifier: Apache-2.0
"""Where the faces of a wall lie on the screen, whatever their size: one rule for all who ask."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth import Module, Mux, ResetInserter, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.display.mode import VGA

SMALLEST, LARGEST = 8, 128  # pixels a side of a picture; smaller ones nobody would recognise
TEXT_HEIGHT = 16  # lines of the screen


@dataclass(frozen=True)
class Canvas:
    """What a frame store holds, and what of the screen it may fill.

    Attributes
    ----------
    width, height : int
        Pixels of pictures that are stored.
    box_width, box_height : int
        Pixels of the screen.
    """

    width: int
    height: int
    box_width: int
    box_height: int


SMALL = Canvas(96, 96, 384, 384)  # in block RAM: 3 x 3 faces of 32 x 32, four times as large
LARGE = Canvas(640, 480, 640, 480)  # in a memory outside: 20 x 15 of them


@dataclass(frozen=True)
class Wall:
    """How pictures of a size are laid out.

    Attributes
    ----------
    size : int
        Pixels of a picture's side, as the model makes it.
    columns, rows : int
        Pictures beside and above each other; 0 where none fits.
    zoom : int
        Pixels of the screen in a pixel's side.
    left, top : int
        The first pixel of the screen that is a picture's.
    text : int
        The first line of the screen that is the text's; None where there is none.
    """

    size: int
    columns: int
    rows: int
    zoom: int
    left: int
    top: int
    text: int | None = None

    @property
    def fits(self):
        """Whether there is a wall."""
        return self.columns > 0

    @classmethod
    def of(cls, size, canvas, text=False):
        """Return the wall of pictures of a size.

        As many as the canvas holds, from left to right and from top to bottom; enlarged by the
        greatest whole number for which they still lie in the box; in the middle of the screen.
        With a text the last row gives way to it, of low pictures the last two; the others stay
        where they are. Where a row would not be left, there is no text.

        Parameters
        ----------
        size : int
        canvas : Canvas
        text : bool
        """
        columns, rows = canvas.width // size, canvas.height // size
        if not SMALLEST <= size <= LARGEST or not columns or not rows:
            return cls(size, 0, 0, 1, 0, 0)
        zoom = min(canvas.box_width // (columns * size), canvas.box_height // (rows * size))
        left = (VGA.width - columns * size * zoom) // 2
        top = (VGA.height - rows * size * zoom) // 2
        side = size * zoom
        given = -(-TEXT_HEIGHT // side)  # rows
        if not text or given >= rows:
            return cls(size, columns, rows, zoom, left, top)
        rows -= given
        line = top + rows * side + (given * side - TEXT_HEIGHT) // 2
        return cls(size, columns, rows, zoom, left, top, line)

    def place(self, number):
        """Return the first pixel (x, y) on the screen of the picture with this number from 0 on.

        The oldest one is replaced: behind the last place comes the first.
        """
        row, column = divmod(number % (self.columns * self.rows), self.columns)
        side = self.size * self.zoom
        return self.left + column * side, self.top + row * side


WALL = data.StructLayout(
    {
        "fits": 1,
        "size": range(LARGEST),  # less 1
        "columns": range(LARGE.width // SMALLEST),  # less 1
        "rows": range(LARGE.height // SMALLEST),  # less 1
        "zoom": range(LARGEST),  # less 1
        "left": range(VGA.width),
        "top": range(VGA.lines),  # a line of the raster
        "height": range(VGA.height + 1),  # lines of the screen in a picture
        "roomy": 1,  # for a text
        "text_rows": range(LARGE.height // SMALLEST),  # less 1: rows beside a text
        "text": range(VGA.lines),  # a line of the raster
    }
)


class WallFinder(wiring.Component):
    """:meth:`Wall.of` in hardware, by subtractions, as there is time enough: it takes two clocks a
    column and a row, 294 at most. A table of it was larger, and slow.

    Parameters
    ----------
    canvas : Canvas

    Members
    -------
    size : In(8)
    o : Out(WALL)
        While it is sought, from the third clock after a change of `size` on, it does not fit.
    """

    def __init__(self, canvas):
        self.canvas = canvas
        super().__init__({"size": In(8), "o": Out(WALL)})

    def elaborate(self, platform):
        m = Module()
        asked, changed = Signal.like(self.size), Signal()
        m.d.sync += [asked.eq(self.size), changed.eq(asked != self.size)]
        m.submodules.search = ResetInserter(changed)(self._search(asked))
        return m

    def _search(self, asked):
        m = Module()
        canvas, wall = self.canvas, self.o
        rest = Signal(range(canvas.width + 1), init=canvas.width)
        less = Signal(signed(len(rest) + 1))
        # Of all pictures, as they are stored.
        width, height = Signal(range(canvas.width + 1)), Signal(range(canvas.height + 1))
        columns = Signal.like(wall.columns, init=2 ** len(wall.columns) - 1)  # less 1, as in `o`
        rows = Signal.like(wall.rows, init=2 ** len(wall.rows) - 1)
        # The same on the screen, and a zoom further; a picture's side there.
        wide, tall = Signal(range(canvas.box_width + 1)), Signal(range(canvas.box_height + 1))
        wider, taller = Signal(len(wide) + 1), Signal(len(tall) + 1)
        still = Signal()  # a zoom further they lie in the box
        zoom, side = Signal.like(wall.zoom), Signal.like(wall.height)
        low = side < TEXT_HEIGHT  # then a text takes two rows
        given, bottom = Signal.like(wall.text), Signal.like(wall.text)
        m.d.comb += [
            wall.size.eq(asked - 1),
            wall.columns.eq(columns),
            wall.rows.eq(rows),
            wall.zoom.eq(zoom),
            wall.height.eq(side),
        ]

        def divide(state, count, taken, then, following):
            with m.State(state):
                m.d.sync += less.eq(rest - asked)
                m.next = f"{state} left"
            with m.State(f"{state} left"):
                m.d.sync += [rest.eq(less), count.eq(count + 1), taken.eq(taken + asked)]
                m.next = state
                with m.If(less < 0):
                    m.d.sync += [rest.eq(then), count.eq(count), taken.eq(taken)]
                    m.next = following

        with m.FSM():
            with m.State("asked"):
                largest = min(LARGEST, canvas.width, canvas.height)
                with m.If((asked >= SMALLEST) & (asked <= largest)):
                    m.next = "columns"
            divide("columns", columns, width, canvas.height, "rows")
            divide("rows", rows, height, 0, "whole")
            with m.State("whole"):
                m.d.sync += [wide.eq(width), tall.eq(height), side.eq(asked)]
                m.next = "zoom"
            with m.State("zoom"):
                m.d.sync += [wider.eq(wide + width), taller.eq(tall + height)]
                m.next = "zoom box"
            with m.State("zoom box"):
                m.d.sync += still.eq((wider <= canvas.box_width) & (taller <= canvas.box_height))
                m.next = "zoom left"
            with m.State("zoom left"):
                m.next = "place"
                with m.If(still):
                    m.d.sync += [wide.eq(wider), tall.eq(taller)]
                    m.d.sync += [zoom.eq(zoom + 1), side.eq(side + asked)]
                    m.next = "zoom"
            with m.State("place"):
                m.d.sync += [
                    wall.left.eq((VGA.width - wide) >> 1),
                    wall.top.eq(VGA.lines_blank + ((VGA.height - tall) >> 1)),
                    wall.roomy.eq(rows > low),
                    wall.text_rows.eq(rows - 1 - low),
                    given.eq(Mux(low, side << 1, side)),
                ]
                m.next = "text"
            with m.State("text"):  # in the middle of the rows that are given
                m.d.sync += [
                    bottom.eq(wall.top + tall),
                    given.eq((given + TEXT_HEIGHT + 1) >> 1),
                ]
                m.next = "found"
            with m.State("found"):
                m.d.sync += [wall.text.eq(bottom - given), wall.fits.eq(1)]
        return m
