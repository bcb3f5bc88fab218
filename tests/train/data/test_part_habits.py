# SPDX-License-Identifier: Apache-2.0
"""Heads that go with bodies: found where they are, and nowhere else."""

import numpy as np
import pytest

from train.data.part_habits import KEPT, find_part_habits
from train.data.recolouring import find_palettes
from train.data.recombination import FIRST_ROW, LAST_ROW
from train.data.sprites import collection

KINDS = 4


def figures(heads, bodies, seed=0):
    """Pictures of heads and bodies of so many kinds, each slightly its own."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 200, (2, KINDS, 32, 32, 3))
    pictures = np.where(np.arange(32)[:, None, None] < 16, kinds[0][heads], kinds[1][bodies])
    return (pictures + rng.integers(0, 40, pictures.shape)).astype(np.uint8)


def drawn(number, faithful, seed=3):
    """Kinds of heads and bodies; the body's is the head's so often, else any."""
    rng = np.random.default_rng(seed)
    heads, bodies = rng.integers(KINDS, size=(2, number))
    return heads, np.where(rng.random(number) < faithful, heads, bodies)


def test_heads_meet_their_bodies():
    heads, bodies = drawn(200, 0.8)
    habits = find_part_habits(figures(heads, bodies), FIRST_ROW, LAST_ROW)
    upper, lower = np.indices((200, 200)).reshape(2, -1)
    times, together = np.exp(habits.meet(upper, lower)), heads[upper] == bodies[lower]
    # 0.8 + 0.2 / 4 of a head's bodies are its own kind's, of each other kind 0.05; by chance 0.25
    assert times[together].mean() == pytest.approx(0.85 / 0.25, rel=0.15)
    assert times[~together].mean() == pytest.approx(0.05 / 0.25, abs=0.15)
    kept = habits.usual(upper, lower)
    assert kept[together].mean() > 0.99
    assert kept[~together].mean() == pytest.approx(times[~together].mean(), abs=0.02)
    np.testing.assert_array_equal(kept, habits.usual(upper, lower))


def test_pairs_that_fall_behind_are_part_of_the_new_pictures_only():
    heads, bodies = drawn(200, 0.8)
    habits = find_part_habits(figures(heads, bodies), FIRST_ROW, LAST_ROW)
    upper, lower = np.indices((200, 200)).reshape(2, -1)
    together = heads[upper] == bodies[lower]
    behind = habits.own - habits.meet(upper, lower).mean()
    assert habits.share(upper, lower) == pytest.approx(KEPT / behind)
    assert 0 < habits.share(upper, lower) < 0.3
    assert habits.share(upper[together], lower[together]) == 1


def test_independent_parts_have_no_habits():
    assert find_part_habits(figures(*drawn(200, 0.0)), FIRST_ROW, LAST_ROW) is None
    for seed in range(3):
        pictures = collection(275, seed)[0]
        palettes, indices = find_palettes(pictures)
        alike = palettes.rgb[palettes.in_common_colours(indices)]
        assert find_part_habits(alike, FIRST_ROW, LAST_ROW) is None


def test_of_correlated_sprites_they_are_found():
    pictures = collection(275, 0, correlated=True)[0]
    palettes, indices = find_palettes(pictures)
    alike = palettes.rgb[palettes.in_common_colours(indices)]
    assert find_part_habits(alike, FIRST_ROW, LAST_ROW).own > 0.3


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_pictures_say_nothing(count):
    heads, bodies = drawn(count, 1.0)
    assert find_part_habits(figures(heads, bodies), FIRST_ROW, LAST_ROW) is None
    alike = np.zeros((count, 32, 32, 3), np.uint8)
    assert find_part_habits(alike, FIRST_ROW, LAST_ROW) is None
