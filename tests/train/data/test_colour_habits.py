# SPDX-License-Identifier: Apache-2.0
"""Colours that go with shapes, and with other colours: found where they are, and nowhere else."""

import numpy as np
import pytest

from train.data import colour_habits, likeness
from train.data.colour_habits import find_colour_habits
from train.data.recolouring import find_palettes
from train.data.sprites import collection

COLOURS = np.array([(200, 40, 30), (40, 200, 30), (30, 40, 200), (200, 200, 30)])


def ball_over_box(ball, box, hat):
    """A picture of two things, each in two tones of its colour, perhaps under a grey hat."""
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[4:12, 10:20], picture[4:6, 10:20] = COLOURS[ball], COLOURS[ball] // 2
    picture[14:28, 4:28], picture[26:28, 4:28] = COLOURS[box] + 9, COLOURS[box] // 2 + 9
    picture[:3, 8:22] = 99 * hat
    return picture


def set_of(chosen):
    pictures = np.stack([ball_over_box(*each) for each in chosen])
    palettes, indices = find_palettes(pictures)
    assert [len(palette.table) for palette in palettes.palettes] == [4, 4]
    return palettes, indices, palettes.in_common_colours(indices)


def drawn_alike(number):
    """(ball, box, hat): four times of five the box has the ball's colour."""
    rng = np.random.default_rng(1)
    ball, box = rng.integers(4, size=(2, number))
    box = np.where(rng.random(number) < 0.8, ball, box)
    return list(zip(ball, box, rng.integers(2, size=number)))


def drawn(palettes, indices, alike):
    """(ball, box, hat) of the pictures in other colours, two thousand."""
    habits = find_colour_habits(palettes, indices, alike)
    turns = np.arange(2_000) % len(indices)
    shares_of = habits.of(alike)
    made = palettes.in_drawn_colours(
        indices[turns], np.random.default_rng(2), lambda *of: shares_of(turns, *of)
    )
    pictures = palettes.rgb[made].astype(int)
    named = {tuple(colour): n for n, colour in enumerate(COLOURS)}
    return [
        (named[tuple(each[8, 15])], named[tuple(each[20, 15] - 9)], bool(each[1, 15].any()))
        for each in pictures
    ]


def test_a_colour_that_goes_with_a_shape():
    """Under most hats boxes are of the first two colours, else of the last two; balls of any."""
    rng = np.random.default_rng(1)
    hat, first = rng.integers(2, size=(2, 240))
    box = np.where(rng.random(240) < 0.9, 2 * (1 - hat) + first, rng.integers(4, size=240))
    found = drawn(*set_of(zip(rng.integers(4, size=240), box, hat)))
    same = np.mean((box < 2) == hat)
    assert abs(np.mean([(box < 2) == hat for _, box, hat in found]) - same) < 0.05
    balls = np.bincount([ball for ball, *_ in found], minlength=4)
    assert balls.min() > 300


def test_a_colour_that_goes_with_another():
    chosen = drawn_alike(200)
    same = np.mean([ball == box for ball, box, _ in chosen])
    found = drawn(*set_of(chosen))
    assert abs(np.mean([a == b for a, b, _ in found]) - same) < 0.05
    assert np.bincount([a for a, *_ in found], minlength=4).min() > 300


def test_independent_colours_have_no_habits():
    rng = np.random.default_rng(1)
    chosen = zip(*rng.integers(4, size=(2, 200)), rng.integers(2, size=200))
    assert not find_colour_habits(*set_of(chosen))
    for seed in range(3):
        pictures = collection(120, seed)[0]
        palettes, indices = find_palettes(pictures)
        habits = find_colour_habits(palettes, indices, palettes.in_common_colours(indices))
        assert not habits, habits.habits


def test_what_tells_little_is_no_habit(monkeypatch):
    chosen = drawn_alike(200)
    assert find_colour_habits(*set_of(chosen))
    monkeypatch.setattr(colour_habits, "LEAST_GAIN", 1_000.0)
    assert not find_colour_habits(*set_of(chosen))


@pytest.mark.parametrize("most", [60, 300])
def test_evidence_is_some_of_many(monkeypatch, most):
    monkeypatch.setattr(likeness, "EVIDENCE", most)
    palettes, indices, alike = set_of(drawn_alike(200))
    habits = find_colour_habits(palettes, indices, alike)
    assert habits.colours.shape == (2, min(most, 200))
