# SPDX-License-Identifier: Apache-2.0
"""Distances between pictures."""

from __future__ import annotations

import numpy as np

ROWS = 1024  # of a matrix of distances at a time


def squared_distances(a, b):
    """Squared distances of rows (N, D) and (M, D) as (N, M); cancellation is left in."""
    squares = (a * a).sum(1)[:, None] + (b * b).sum(1)[None]
    return np.maximum(squares - 2 * (a @ b.T), 0)


def as_rows(pictures):
    """Flatten uint8 pictures (N, ...) to float32 rows, grey in the middle: squares stay exact."""
    return pictures.reshape(len(pictures), -1).astype(np.float32) - 128


def rms(a, b):
    """Root mean square difference of pairs of uint8 pictures (N, ...), in grey levels: (N,)."""
    difference = a.reshape(len(a), -1).astype(np.float64) - b.reshape(len(b), -1)
    return np.sqrt(np.mean(difference**2, axis=1))


def nearest(pictures, others, *, own=None):
    """Find the nearest of other pictures.

    Parameters
    ----------
    pictures, others : uint8 arrays, shape (N, 32, 32, 3) and (M, 32, 32, 3)
    own : int array, shape (N,), optional
        Where each picture itself stands in `others`; it is left out.

    Returns
    -------
    distances : float64 array, shape (N,)
        Root mean square over pixels and colours, in grey levels.
    indices : int array, shape (N,)
        In `others`.
    """
    best, indices = np.full(len(pictures), np.inf), np.zeros(len(pictures), np.intp)
    for first in range(0, len(others), ROWS):
        right = as_rows(others[first : first + ROWS])
        squares = (right * right).sum(1)
        for start in range(0, len(pictures), ROWS):
            part = np.arange(start, min(start + ROWS, len(pictures)))
            # |a - b|^2 without |a|^2, which is the same for all b
            scores = squares[None] - 2 * (as_rows(pictures[part]) @ right.T)
            if own is not None:
                here = (own[part] >= first) & (own[part] < first + len(right))
                scores[here, own[part[here]] - first] = np.inf
            columns = scores.argmin(1)
            found = scores[np.arange(len(part)), columns]
            nearer = part[found < best[part]]
            best[nearer] = found[nearer - start]
            indices[nearer] = first + columns[nearer - start]
    return rms(pictures, others[indices]), indices


def typical_distance(pictures, others, *, own=None):
    """Return the median distance of pictures to the nearest of others; see :func:`nearest`."""
    return float(np.median(nearest(pictures, others, own=own)[0]))
