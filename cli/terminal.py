# SPDX-License-Identifier: Apache-2.0
"""Pictures in a terminal: a character is two pixels, one above the other, in 24-bit colour."""

from __future__ import annotations

import shutil

import numpy as np

UPPER_HALF = "\u2580"
RESET = "\x1b[0m"


def as_characters(pictures, columns=None):
    """Return pictures side by side, in as many rows as they need.

    Parameters
    ----------
    pictures : uint8 array, shape (N, height, width, 3), or (N, height, width, 1): grey
        Behind an odd height comes a black line.
    columns : int, optional
        Characters in a line; by default as many as the terminal has.

    Returns
    -------
    str
        Lines with the escape sequences of ISO 8613-6 for colours, without the last newline.
    """
    _, height, width, colours = pictures.shape
    pictures = np.pad(pictures, [(0, 0), (0, height % 2), (0, 0), (0, 0)])
    pictures = np.broadcast_to(pictures, (*pictures.shape[:3], 3)) if colours == 1 else pictures
    columns = columns or shutil.get_terminal_size().columns
    across = max(1, (columns + 1) // (width + 1))
    blocks = []
    for first in range(0, len(pictures), across):
        rows = [_lines(picture) for picture in pictures[first : first + across]]
        blocks.append("\n".join(" ".join(parts) for parts in zip(*rows, strict=True)))
    return "\n\n".join(blocks)


def _lines(picture):
    """Return the lines of one picture: the upper pixel is the ink, the lower one the ground."""
    pairs = np.concatenate([picture[::2], picture[1::2]], axis=-1)  # (height / 2, width, 6)
    return [
        "".join(f"\x1b[38;2;{r};{g};{b};48;2;{u};{v};{w}m{UPPER_HALF}" for r, g, b, u, v, w in row)
        + RESET
        for row in pairs.tolist()
    ]
