# SPDX-License-Identifier: Apache-2.0
"""Sprites in other sizes than they are drawn in, and pictures in grey."""

from __future__ import annotations

import numpy as np
from PIL import Image

SHAPE = (32, 32, 3)  # of a picture to train on, unless a network has another
# ITU-R BT.601, of red, green and blue in 65,536ths: what Pillow's mode L takes.
_LUMA = np.array([19595, 38470, 7471])


def scale2x(pictures):
    """Double pixel art without steps: a corner takes its neighbours' colour where they agree.

    Parameters
    ----------
    pictures : uint8 array, shape (N, height, width, 3)

    Returns
    -------
    uint8 array, shape (N, 2 height, 2 width, 3)

    The rule is that of Scale2x (AdvanceMAME): of a pixel with the neighbours up, left, right and
    down, the upper left quarter is that of `left` where left and up are alike, down is not like
    left and right is not like up; the other quarters by symmetry.
    """
    code = pictures.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    edged = np.pad(code, ((0, 0), (1, 1), (1, 1)), mode="edge")
    up, down = edged[:, :-2, 1:-1], edged[:, 2:, 1:-1]
    left, right = edged[:, 1:-1, :-2], edged[:, 1:-1, 2:]
    plain = (up == down) | (left == right)
    count, height, width = code.shape
    doubled = np.empty((count, 2 * height, 2 * width), np.uint32)
    for dy, vertical in ((0, up), (1, down)):
        for dx, horizontal in ((0, left), (1, right)):
            takes = ~plain & (vertical == horizontal)
            doubled[:, dy::2, dx::2] = np.where(takes, vertical, code)
    colours = [doubled >> shift & 255 for shift in (16, 8, 0)]
    return np.stack(colours, axis=-1).astype(np.uint8)


def sprites_of(pictures, shape):
    """Return drawn sprites (N, 32, 32, 3) in another shape: doubled as often as it takes, grey.

    A size that is no such double is reached from the next one by averaging pixels.

    Parameters
    ----------
    pictures : uint8 array, shape (N, 32, 32, 3)
    shape : (int, int, int)
        Height, width, colours: 3 or 1.
    """
    size = shape[0]
    while pictures.shape[1] < size:
        pictures = scale2x(pictures)
    if pictures.shape[1] != size:
        box = Image.Resampling.BOX
        smaller = (Image.fromarray(each).resize((size, size), box) for each in pictures)
        pictures = np.stack([np.asarray(each) for each in smaller])
    return coloured(pictures, shape[2])


def comparable(pictures):
    """Return pictures of any shape as uint8 (N, 32, 32, 3): box filter down, nearest pixel up."""
    if pictures.shape[1:] == SHAPE:
        return pictures
    if pictures.shape[3] == 1:
        pictures = pictures.repeat(3, axis=3)
    smooth = pictures.shape[1] > SHAPE[0]
    resampling = Image.Resampling.BOX if smooth else Image.Resampling.NEAREST
    resized = (Image.fromarray(each).resize(SHAPE[:2], resampling) for each in pictures)
    return np.stack([np.asarray(each) for each in resized])


def coloured(pictures, colours):
    """Return RGB pictures (N, H, W, 3) as they are, or with one colour their luma (N, H, W, 1)."""
    if colours == 3:
        return pictures
    luma = (pictures.astype(np.uint32) @ _LUMA.astype(np.uint32) + 0x8000) >> 16
    return luma.astype(np.uint8)[..., None]
