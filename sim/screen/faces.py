# SPDX-License-Identifier: Apache-2.0
"""Which pictures a frame shows, face by face."""

import numpy as np

from sim.screen.text import region
from support.failures import CheckFailed

BLACK = -1  # a place without a face


class WrongFace(CheckFailed):
    """A frame shows something that is no picture of its place; the message says where."""


def packed(pictures):
    """Return pixels as a display takes them: uint32, r in the lowest bits; grey ones have r alone.

    Parameters
    ----------
    pictures : uint8 array, shape (N, size, size, 3 or 1)
    """
    shifts = 8 * np.arange(pictures.shape[-1], dtype=np.uint32)
    return (pictures.astype(np.uint32) << shifts).sum(axis=-1, dtype=np.uint32).reshape(-1)


def through_565(pictures):
    """Return pictures as a frame store of 16 bits a pixel shows them.

    Five bits of red, six of green and five of blue are kept; the highest of them fill the rest, so
    that black stays black and white stays white.
    """
    pictures = np.broadcast_to(pictures, (*pictures.shape[:3], 3))
    bits = np.array([5, 6, 5], np.uint8)
    kept = pictures >> (8 - bits)
    return kept << (8 - bits) | kept >> (2 * bits - 8)


def faces(frames, wall, pictures):
    """Return the number of the picture at each place of each frame, :data:`BLACK` for none.

    Parameters
    ----------
    frames : uint8 array, shape (N, height, width, 3)
    wall : hw.display.layout.Wall
        What it leaves to a text is not looked at.
    pictures : uint8 array, shape (M, size, size, 3 or 1)
        All that went to the display, in order, as it shows them.

    Returns
    -------
    int array, shape (N, places)

    Raises
    ------
    WrongFace
        A place shows part of a picture, a wrong one, or an older one than in the frame before; or
        something is not black that is no face.
    """
    places = wall.columns * wall.rows
    side, zoom = wall.size * wall.zoom, wall.zoom
    pictures = np.broadcast_to(pictures, (*pictures.shape[:3], 3))
    numbers = np.full((len(frames), places), BLACK)
    before = np.arange(places)
    for n, frame in enumerate(frames):
        left = frame.copy()
        if wall.text is not None:
            left[region(wall, *frame.shape[:2])] = 0
        for place in range(places):
            x, y = wall.place(place)
            shown = frame[y : y + side, x : x + side]
            left[y : y + side, x : x + side] = 0
            if not shown.any():
                continue
            small = shown[::zoom, ::zoom]
            if not np.array_equal(small.repeat(zoom, 0).repeat(zoom, 1), shown):
                raise WrongFace(f"frame {n}, face {place}: its pixels are not {zoom} x {zoom}")
            candidates = np.arange(before[place], len(pictures), places)
            equal = (pictures[candidates] == small).all(axis=(1, 2, 3))
            if not equal.any():
                raise WrongFace(f"frame {n}, face {place}: it is none of the pictures of its place")
            numbers[n, place] = before[place] = candidates[equal.argmax()]
        if left.any():
            y, x, _ = np.argwhere(left)[0]
            raise WrongFace(f"frame {n}: pixel ({y}, {x}) belongs to no face and is not black")
    return numbers
