# SPDX-License-Identifier: Apache-2.0
"""What a picture looks like in a number: how sharp it is, how colourful."""

from __future__ import annotations

import numpy as np


def sharpness(pictures):
    """Root mean square of what a 3 x 3 mean takes away, in grey levels, picture by picture.

    Parameters
    ----------
    pictures : array, shape (N, height, width, 3), 0 to 255

    Returns
    -------
    float64 array, shape (N,)
        Over the pixels that have all eight neighbours.
    """
    windows = np.lib.stride_tricks.sliding_window_view(
        np.asarray(pictures, np.float64), (3, 3), axis=(1, 2)
    )
    detail = windows[..., 1, 1] - windows.mean((-2, -1))
    return np.sqrt(np.mean(detail**2, axis=(1, 2, 3)))


def colourfulness(pictures):
    """How far a picture is from grey, picture by picture; 0 where R, G and B are equal throughout.

    ``sqrt(var(rg) + var(yb)) + 0.3 sqrt(mean(rg)**2 + mean(yb)**2)`` with ``rg = R - G`` and
    ``yb = (R + G) / 2 - B``.

    Parameters
    ----------
    pictures : uint8 array, shape (N, height, width, 3)

    Returns
    -------
    float64 array, shape (N,)

    Source: Hasler and Suesstrunk, Measuring colourfulness in natural images, 2003, equation 3.
    """
    red, green, blue = np.moveaxis(np.asarray(pictures, np.float64), -1, 0)
    rg, yb = red - green, (red + green) / 2 - blue
    spread = rg.var((1, 2)) + yb.var((1, 2))
    offset = rg.mean((1, 2)) ** 2 + yb.mean((1, 2)) ** 2
    return np.sqrt(spread) + 0.3 * np.sqrt(offset)
