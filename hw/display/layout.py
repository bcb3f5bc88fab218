# SPDX-License-Identifier: Apache-2.0
"""Where the faces of a wall lie on the screen, whatever their size: one rule for all who ask."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth import Module, Signal
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


class WallTable(wiring.Component):
    """:meth:`Wall.of` in hardware, as a table; `o` follows `size` by two clocks.

    Parameters
    ----------
    canvas : Canvas

    Members
    -------
    size : In(8)
    o : Out(WALL)
    """

    def __init__(self, canvas):
        self.canvas = canvas
        super().__init__({"size": In(8), "o": Out(WALL)})

    def elaborate(self, platform):
        m = Module()
        found = Signal(WALL)
        asked = Signal.like(self.size)  # the model's facts may lie far away
        m.d.sync += asked.eq(self.size)
        with m.Switch(asked):
            for size in range(SMALLEST, LARGEST + 1):
                wall = Wall.of(size, self.canvas)
                if not wall.fits:
                    continue
                with m.Case(size):
                    m.d.comb += [
                        found.fits.eq(1),
                        found.columns.eq(wall.columns - 1),
                        found.rows.eq(wall.rows - 1),
                        found.zoom.eq(wall.zoom - 1),
                        found.left.eq(wall.left),
                        found.top.eq(VGA.lines_blank + wall.top),
                        found.height.eq(wall.zoom * size),
                    ]
                    beside = Wall.of(size, self.canvas, text=True)
                    if beside.text is not None:
                        m.d.comb += [
                            found.roomy.eq(1),
                            found.text_rows.eq(beside.rows - 1),
                            found.text.eq(VGA.lines_blank + beside.text),
                        ]
        m.d.comb += found.size.eq(asked - 1)
        m.d.sync += self.o.eq(found)
        return m
