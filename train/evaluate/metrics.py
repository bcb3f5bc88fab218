# SPDX-License-Identifier: Apache-2.0
"""Distances between sets of features or of pictures, in plain NumPy.

Sets need not have the same size, but figures that are to be compared do: most of these depend on
the number of samples.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from train.data.distance import ROWS, as_rows, squared_distances

SCALE_FLOOR = 0.1  # of the median scale: below it a feature counts as constant
CONSTANT = 1e-3  # the scale of features that are all constant
PATCH_SIZE = 7
PATCHES = 8  # a picture and level
PROJECTIONS = 128
LEVELS = 2  # of the pyramid: 32 x 32 and 16 x 16
_PATCH_SEED = 4_001  # of the places and directions of sliced Wasserstein


class Moments(NamedTuple):
    """Mean (D,) and covariance (D, D) of features, float64."""

    mean: np.ndarray
    covariance: np.ndarray


def moments(features):
    """Return the :class:`Moments` of features (N, D), N >= 2."""
    features = np.asarray(features, np.float64)
    return Moments(features.mean(0), np.atleast_2d(np.cov(features, rowvar=False)))


def _root(covariance):
    """Symmetric square root of a positive semidefinite matrix, singular ones included."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def frechet(a, b):
    """Squared Frechet distance of two normal distributions.

    ``|m_a - m_b|^2 + tr(S_a + S_b - 2 (S_a^1/2 S_b S_a^1/2)^1/2)``. The root of the symmetric
    product has the trace of the usual ``(S_a S_b)^1/2`` and exists for singular covariances too.

    Parameters
    ----------
    a, b : Moments

    Returns
    -------
    float, at least 0

    Source: Heusel et al., arXiv:1706.08500, equation 6.
    """
    root = _root(a.covariance)
    values = np.linalg.eigvalsh(root @ b.covariance @ root)
    trace = np.trace(a.covariance) + np.trace(b.covariance)
    trace -= 2 * np.sqrt(np.maximum(values, 0)).sum()
    return max(0.0, float(np.sum((a.mean - b.mean) ** 2) + trace))


def floored_scales(features):
    """Standard deviations (D,) of features (N, D), positive.

    A feature that hardly varies in the reference would, divided by its own deviation, drown all
    others: each is floored at :data:`SCALE_FLOOR` of their median.
    """
    scales = np.asarray(features, np.float64).std(0)
    return np.maximum(scales, max(SCALE_FLOOR * np.median(scales), CONSTANT))


class ScaledFeatures:
    """Features of a reference (N, D), over their floored standard deviations."""

    def __init__(self, features):
        self.scales = floored_scales(features)
        self.features = features / self.scales
        self._moments = moments(self.features)

    def frechet(self, features):
        """Frechet distance of other features (M, D), scaled alike."""
        return frechet(self._moments, moments(features / self.scales))


def _radii(features, k):
    """Squared distance of each feature (N, D) to its k-th nearest other; 0 for a single one."""
    k = min(k, len(features) - 1)
    radii = np.empty(len(features), features.dtype)
    for start in range(0, len(features), ROWS):
        some = np.s_[start : start + ROWS]
        radii[some] = np.partition(squared_distances(features[some], features), k, axis=1)[:, k]
    return radii


def coverage(real, fake, k):
    """Share of real samples with a fake one nearer than their `k`-th nearest real one.

    Parameters
    ----------
    real, fake : float arrays, shape (N, D) and (M, D)
    k : int

    Source: Naeem et al., arXiv:2002.09797, equation 6.
    """
    near = squared_distances(real, fake).min(1) <= _radii(real, k)
    return float(near.mean())


def recall(real, fake, k):
    """Share of real samples that lie as near to a fake one as its `k`-th nearest other fake one.

    Equal fake samples count once: among copies the distance to the k-th neighbour is zero.

    Parameters
    ----------
    real, fake : float arrays, shape (N, D) and (M, D)
    k : int

    Source: Kynkaanniemi et al., arXiv:1904.06991, equation 2.
    """
    fake = np.unique(fake, axis=0)
    inside = squared_distances(real, fake) <= _radii(fake, k)[None]
    return float(inside.any(1).mean())


def diversity(pictures):
    """Mean root mean square difference of all pairs of pictures (N, 32, 32, 3), N >= 2.

    In grey levels; a generator that shows one picture only has 0.
    """
    rows = as_rows(pictures)
    total = 0.0
    for start in range(0, len(rows), ROWS):
        squares = squared_distances(rows[start : start + ROWS], rows)
        total += np.sqrt(squares / rows.shape[1], dtype=np.float64).sum()
    return float(total / (len(rows) * (len(rows) - 1)))


def _levels(pictures):
    """Yield a Laplacian pyramid's levels of pictures, finest first: float32 (N, size, size, 3).

    Box filters up and down: a pixel of the coarse level is the mean of four.
    """
    fine = pictures.astype(np.float32)
    for _ in range(LEVELS - 1):
        count, size = fine.shape[:2]
        coarse = fine.reshape(count, size // 2, 2, size // 2, 2, 3).mean((2, 4))
        yield fine - coarse.repeat(2, 1).repeat(2, 2)
        fine = coarse
    yield fine


def _patches(level, number):
    """Cut random patches out of a level (N, size, size, 3): float32 (N * PATCHES, 3, 49)."""
    rng = np.random.default_rng([_PATCH_SEED, number, 0])
    places = rng.integers(level.shape[1] - PATCH_SIZE + 1, size=(len(level), PATCHES, 2))
    windows = np.lib.stride_tricks.sliding_window_view(level, (PATCH_SIZE, PATCH_SIZE), (1, 2))
    patches = windows[np.arange(len(level))[:, None], places[..., 0], places[..., 1]]
    return patches.reshape(len(level) * PATCHES, 3, PATCH_SIZE**2)


def _projections(patches, mean, scale, directions):
    """Scale patches and project them, each column of the result sorted: float32 (N, P)."""
    flat = ((patches - mean) / scale).reshape(len(patches), -1)
    return np.sort(flat @ directions, axis=0)


class SlicedWasserstein:
    """Sliced Wasserstein distance of the patches of pictures to those of a reference, times 1000.

    Patches of 7 x 7 from each level of a Laplacian pyramid, scaled colour by colour to the
    reference's mean and deviation, are projected along random directions; the mean Wasserstein-1
    distance of the projections, averaged over the levels. Places and directions are always the
    same.

    Parameters
    ----------
    reference : uint8 array, shape (M, 32, 32, 3)

    Source: Karras et al., arXiv:1710.10196, section 5, but scaled by the reference alone, so that
    wrong brightness and contrast count.
    """

    def __init__(self, reference):
        self._levels = []  # (mean, scale, directions, sorted projections) of each
        for n, level in enumerate(_levels(reference)):
            patches = _patches(level, n)
            mean = patches.mean((0, 2), keepdims=True)
            scale = np.maximum(patches.std((0, 2), keepdims=True), CONSTANT)
            directions = np.random.default_rng([_PATCH_SEED, n, 1]).standard_normal(
                (3 * PATCH_SIZE**2, PROJECTIONS), np.float32
            )
            directions /= np.linalg.norm(directions, axis=0)
            facts = mean, scale, directions
            self._levels.append((*facts, _projections(patches, *facts)))

    def distance(self, pictures):
        """Return the distance of uint8 pictures (N, 32, 32, 3), a float."""
        distances = []
        for n, (level, (*facts, wanted)) in enumerate(zip(_levels(pictures), self._levels)):
            found = _projections(_patches(level, n), *facts)
            count = min(len(found), len(wanted))
            a, b = (
                each[(2 * np.arange(count) + 1) * len(each) // (2 * count)]
                for each in (found, wanted)
            )  # the same quantiles of both
            distances.append(np.abs(a - b).mean(dtype=np.float64))
        return float(1000 * np.mean(distances))
