# SPDX-License-Identifier: Apache-2.0
"""The line of text in a frame: where it must be, and what it says."""

import numpy as np

from hw.display import font
from support.failures import CheckFailed

ZOOM = 2
CELL = ZOOM * font.SIDE  # pixels a side of a character
UNIT = " faces/s  "
UNKNOWN = "?"  # in place of the number, while the first second is not over


class WrongText(CheckFailed):
    """A frame has another text than it should, or one that cannot be read."""


def region(wall, height, width):
    """Return the slices of a frame that are the text's: the middle of what the faces leave.

    Parameters
    ----------
    wall : hw.display.layout.Wall
        With a text; it lies in the middle of the screen with the rows that gave way.
    height, width : int
        Of the frame.
    """
    side = wall.size * wall.zoom
    faces_end = wall.top + wall.rows * side
    end = wall.top + (height - 2 * wall.top) // side * side
    y = (faces_end + end - CELL) // 2
    return slice(y, y + CELL), slice(wall.left, width)


def drawn(text, width):
    """Return a text as it is on the screen, uint8, shape (16, width): 255 where it is lit."""
    image = np.zeros((font.SIDE, max(width, CELL * len(text))), np.uint8)
    for n, character in enumerate(text):
        rows = np.array(font.rows(ord(character)), np.uint8)
        bits = np.unpackbits(rows[:, None], axis=1, bitorder="little")
        image[:, n * font.SIDE : (n + 1) * font.SIDE] = 255 * bits
    return image.repeat(ZOOM, 0).repeat(ZOOM, 1)[:, :width]


def text_of(frame, wall, name):
    """Return the text that a frame shows: a number, its unit, and a name.

    Parameters
    ----------
    frame : uint8 array, shape (height, width, 3)
    wall : hw.display.layout.Wall
        With a text.
    name : str
        What it must be.

    Raises
    ------
    WrongText
    """
    shown = frame[region(wall, *frame.shape[:2])]
    width = shown.shape[1]
    glyphs = {drawn(letter, CELL).tobytes(): letter for letter in "0123456789" + UNKNOWN}
    number = ""
    for left in range(0, width, CELL):
        letter = glyphs.get(shown[:, left : left + CELL, 0].tobytes())
        if letter is None:
            break
        number += letter
    text = f"{number}{UNIT}{name}"
    if not number or not np.array_equal(shown, np.repeat(drawn(text, width)[..., None], 3, 2)):
        raise WrongText(f"the text is not {text!r}, or begins with no number")
    return text
