# SPDX-License-Identifier: Apache-2.0
"""Means over seeds: intervals, and when two differ."""

import math

import numpy as np
import pytest

from train.experiments import over_seeds


def test_interval_by_hand():
    mean, half = over_seeds.interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert mean == 3
    assert half == pytest.approx(2.776 * math.sqrt(2.5) / math.sqrt(5))


def test_difference_by_hand():
    # both variances 1: standard error sqrt(2 / 3) = 0.816, times 2.776 it is 2.267
    assert not over_seeds.differs([1.0, 2.0, 3.0], [3.26, 4.26, 5.26])
    assert over_seeds.differs([1.0, 2.0, 3.0], [3.27, 4.27, 5.27])
    assert over_seeds.differs([3.27, 4.27, 5.27], [1.0, 2.0, 3.0])
    # variances 1 and 4 of 2 and 3 seeds: (1 + 2 * 4) / 3, times 1 / 2 + 1 / 3, root, times 3.182
    assert not over_seeds.differs([0.0, math.sqrt(2)], [3.7, 5.7, 7.7])
    assert over_seeds.differs([0.0, math.sqrt(2)], [3.8, 5.8, 7.8])


def test_single_seed_differs_from_nothing():
    assert not over_seeds.differs([1.0], [100.0, 100.1, 100.2])
    assert not over_seeds.differs([100.0, 100.1, 100.2], [])


def test_many_seeds_take_the_next_smaller_quantile():
    values = [0.0, 1.0] * 7
    deviation = math.sqrt(14 / 13) / 2
    assert over_seeds.interval(values)[1] == pytest.approx(2.179 * deviation / math.sqrt(14))
    assert not over_seeds.differs(values, values)
    assert over_seeds.differs(values * 3, [value + 1 for value in values])


def test_false_alarms_are_one_in_twenty():
    rng = np.random.default_rng(0)
    alarms = [over_seeds.differs(*rng.normal(size=(2, 3))) for _ in range(4000)]
    assert 0.04 < np.mean(alarms) < 0.06
