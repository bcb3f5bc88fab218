# SPDX-License-Identifier: Apache-2.0
"""The distances against their definitions, written out in loops."""

import numpy as np
import pytest

from train.data import distance
from train.data.distance import nearest
from train.evaluate import metrics
from train.evaluate.metrics import Moments


def pictures(count, seed):
    """Smooth random pictures: a few levels, so that distances differ."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (count, 8, 8, 3), np.uint8)
    return small.repeat(4, 1).repeat(4, 2)


def test_frechet_of_independent_features():
    """Diagonal covariances: the squared distance of means and of standard deviations."""
    a = Moments(np.array([0.0, 3.0]), np.diag([4.0, 9.0]))
    b = Moments(np.array([1.0, 3.0]), np.diag([1.0, 25.0]))
    assert metrics.frechet(a, b) == pytest.approx(1 + (2 - 1) ** 2 + (3 - 5) ** 2)


def test_frechet_of_full_covariances():
    """The usual form: the eigenvalues of the product, which is not symmetric."""
    rng = np.random.default_rng(0)
    a, b = (metrics.moments(rng.standard_normal((60, 5)) @ rng.random((5, 5))) for _ in range(2))
    roots = np.sqrt(np.linalg.eigvals(a.covariance @ b.covariance).real).sum()
    expected = np.sum((a.mean - b.mean) ** 2) + np.trace(a.covariance + b.covariance) - 2 * roots
    assert metrics.frechet(a, b) == pytest.approx(expected)
    assert metrics.frechet(b, a) == pytest.approx(expected)


def test_frechet_of_singular_covariances():
    constant = metrics.moments(np.full((4, 3), 2.0))
    line = metrics.moments(np.outer([-1.0, 1.0], [3.0, 0.0, 0.0]))
    assert metrics.frechet(constant, constant) == 0
    assert metrics.frechet(line, line) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet(constant, line) == pytest.approx(12 + 18)  # means, and the variance


def test_scales_of_constant_features_are_floored():
    features = np.array([[0.0, 0.0, 5.0], [2.0, 4.0, 5.0]])
    assert metrics.floored_scales(features) == pytest.approx([1, 2, 0.1])
    assert (metrics.floored_scales(np.ones((3, 2))) > 0).all()


def neighbour_radius(points, n, k):
    others = [np.linalg.norm(points[n] - p) for m, p in enumerate(points) if m != n]
    return sorted(others)[k - 1]


@pytest.mark.parametrize(("k", "rows"), [(1, 1024), (3, 7)])
def test_coverage_and_recall(monkeypatch, k, rows):
    monkeypatch.setattr(metrics, "ROWS", rows)
    rng = np.random.default_rng(1)
    real, fake = rng.standard_normal((40, 2)), 0.5 + rng.standard_normal((30, 2))
    covered = [
        any(np.linalg.norm(r - f) <= neighbour_radius(real, n, k) for f in fake)
        for n, r in enumerate(real)
    ]
    recalled = [
        any(np.linalg.norm(r - f) <= neighbour_radius(fake, n, k) for n, f in enumerate(fake))
        for r in real
    ]
    assert 0 < sum(covered) < 40
    assert 0 < sum(recalled) < 40
    assert metrics.coverage(real, fake, k) == pytest.approx(np.mean(covered))
    assert metrics.recall(real, fake, k) == pytest.approx(np.mean(recalled))
    assert metrics.recall(real, np.repeat(fake, 7, axis=0), k) == pytest.approx(np.mean(recalled))


def test_recall_of_a_collapsed_generator_is_nothing():
    real = np.random.default_rng(2).standard_normal((20, 3))
    assert metrics.recall(real, np.zeros((50, 3)), 5) == 0


def test_nearest():
    some, others = pictures(20, 0), pictures(1100, 1)
    others[7] = some[3]
    distances, indices = nearest(some, others)
    for n, picture in enumerate(some):
        squares = (picture.astype(int) - others.astype(int)) ** 2
        all_distances = np.sqrt(squares.mean((1, 2, 3)))
        assert indices[n] == all_distances.argmin()
        assert distances[n] == pytest.approx(all_distances.min())
    assert distances[3] == 0


@pytest.mark.parametrize("rows", [1024, 4, 1])
def test_nearest_other_picture_of_the_same_set(monkeypatch, rows):
    monkeypatch.setattr(distance, "ROWS", rows)
    some = pictures(6, 0)
    some[4] = some[1]
    distances, indices = nearest(some, some, own=np.arange(6))
    assert indices[[1, 4]].tolist() == [4, 1]
    assert distances[[1, 4]].tolist() == [0, 0]
    assert (distances[[0, 2, 3, 5]] > 0).all()


def test_diversity():
    some = pictures(5, 3)
    expected = np.mean(
        [np.sqrt(np.mean((a * 1.0 - b) ** 2)) for n, a in enumerate(some) for b in some[:n]]
    )
    assert metrics.diversity(some) == pytest.approx(expected, rel=1e-5)
    assert metrics.diversity(some[:1].repeat(4, 0)) == 0


def test_sliced_wasserstein_of_an_offset():
    """Constant patches that differ by a constant: the directions' mean inner product with it."""
    flat = np.full((3, 32, 32, 3), 100, np.uint8)
    reference = metrics.SlicedWasserstein(pictures(50, 4))
    assert reference.distance(pictures(50, 4)) == 0
    assert reference.distance(pictures(50, 4)[:30]) > 0
    assert reference.distance(flat) > reference.distance(pictures(50, 5)) > 0


def test_sliced_wasserstein_sees_what_is_shifted():
    """Brighter by a tenth of the reference's deviation: coarse level only, and known exactly."""
    some = pictures(40, 6) // 2
    brighter = some + 10
    reference = metrics.SlicedWasserstein(some)
    fine, coarse = reference._levels
    _, scale, directions, _ = coarse
    offset = (10 / scale).repeat(49, 2).reshape(1, -1) @ directions
    expected = 1000 * np.abs(offset).mean() / 2  # the mean of two levels, the fine one unchanged
    assert reference.distance(brighter) == pytest.approx(expected, rel=1e-3)
    assert fine[0].max() < 1  # a Laplacian has no mean
