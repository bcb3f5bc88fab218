# SPDX-License-Identifier: Apache-2.0
"""Recombined pictures: their seams against all possible ones, their parents, what is refused."""

import itertools
import math

import numpy as np
import pytest

from support.failures import InputError
from train.data import recombination
from train.data.distance import nearest, rms
from train.data.recolouring import find_palettes
from train.data.recombination import (
    FIRST_ROW,
    LAST_ROW,
    SLOPE,
    choose,
    in_other_colours,
    join,
    joinable,
    recombine,
    seams,
)
from train.data.sprites import GOES_WITH, HAIR_COLOURS, SKINS, collection


def random_pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), np.uint8)


def test_seams_cost_least_of_all(monkeypatch):
    """Every seam through five columns, tried."""
    monkeypatch.setattr(recombination, "FIRST_ROW", 2)
    monkeypatch.setattr(recombination, "LAST_ROW", 6)
    difference = np.random.default_rng(1).integers(0, 100, (20, 8, 5), np.int32)
    rows, cost = seams(difference)
    columns = np.arange(5)
    for one, found, least in zip(difference, rows, cost):
        costs = {
            seam: (one[seam, columns] + one[np.subtract(seam, 1), columns]).sum()
            for seam in itertools.product(range(2, 7), repeat=5)
            if np.abs(np.diff(seam)).max() <= SLOPE
        }
        assert least == min(costs.values()) == costs[tuple(found)]


@pytest.fixture
def every_pair(monkeypatch):
    """Random pictures have no near neighbours: whatever is made of them is near to its parents."""
    monkeypatch.setattr(recombination, "LEAST_CHANGE", 0.1)


def parents_of(child, pictures):
    """Indices of the pictures that the child has rows of at its top, and at its foot."""
    top = [n for n, each in enumerate(pictures) if (each[:FIRST_ROW] == child[:FIRST_ROW]).all()]
    foot = [n for n, each in enumerate(pictures) if (each[LAST_ROW:] == child[LAST_ROW:]).all()]
    return top, foot


@pytest.mark.usefixtures("every_pair")
def test_every_picture_gives_upper_and_lower_parts(monkeypatch):
    monkeypatch.setattr(recombination, "_BLOCK", 7)  # that divides no number of pairs
    pictures = random_pictures(9)
    made, *told = recombine(pictures, 27)
    assert made.shape == (27, 32, 32, 3)
    assert made.dtype == np.uint8
    parents = []
    for child in made:
        (upper,), (lower,) = parents_of(child, pictures)
        assert upper != lower
        parents.append((upper, lower))
        below = (child != pictures[upper]).any(-1)
        assert (child[below] == pictures[lower][below]).all()
        assert (below[1:] >= below[:-1]).all()
    assert parents == list(zip(*told)) == list(zip(*choose(joinable(pictures), 27)[:2]))
    assert len(set(parents)) == 27
    for given in zip(*parents):
        assert np.bincount(given, minlength=9).min() >= 2


def test_seams_that_show_least_come_first(sprites):
    def cost(upper, lower, rows, _):
        difference = ((sprites[upper].astype(int) - sprites[lower]) ** 2).sum(-1)
        beside = [np.take_along_axis(difference, rows[:, None] - k, 1) for k in (0, 1)]
        return np.sum(beside) / len(upper)

    every = joinable(sprites)
    few = choose(every, 12)
    assert 12 == len(few[0]) < len(every[0]) < 18 * 17
    assert set(zip(*few[:2])) < set(zip(*every[:2]))
    assert cost(*few) < 0.7 * cost(*every)


@pytest.mark.parametrize(("alike", "changed"), [(np.s_[:16], 0), (np.s_[16:], 31)])
def test_no_parent_once_more(monkeypatch, alike, changed):
    """The head of one on the body of its twin is the twin, and so is the other way round."""
    first, other, twin = random_pictures(3)
    twin[alike] = first[alike]
    twin[changed] = ~first[changed]
    change = rms(first[None, changed], twin[None, changed])[0] / math.sqrt(32)
    apart = np.median(
        nearest(pictures := np.stack((first, other, twin)), pictures, own=np.arange(3))[0]
    )
    for share, made in ((0.99, 6), (1.01, 4)):
        monkeypatch.setattr(recombination, "LEAST_CHANGE", share * change / apart)
        assert len(recombine(pictures, 100).pictures) == made


@pytest.mark.parametrize("count", [5, 12, 10**6])
def test_all_differ_from_both_parents(sprites, count):
    pairs = choose(joinable(sprites), count)
    made = np.stack([join(sprites[..., n], pairs) for n in range(3)], -1)
    apart = np.median(nearest(sprites, sprites, own=np.arange(len(sprites)))[0])
    for parents in (pairs.upper, pairs.lower):
        assert rms(made, sprites[parents]).min() > 0.85 * apart


@pytest.mark.usefixtures("every_pair")
@pytest.mark.parametrize(("partners", "pairs", "made"), [(3, 99, 24), (99, 31, 24), (99, 4, 8)])
def test_more_pictures_than_can_be_tried(monkeypatch, partners, pairs, made):
    monkeypatch.setattr(recombination, "PARTNERS", partners)
    monkeypatch.setattr(recombination, "PAIRS", pairs)
    assert len(recombine(random_pictures(8), 100).pictures) == made


def test_sprites_get_colours_anew():
    """Far more pictures than pairs, in many colours, none near to a given one, each to be drawn."""
    given = collection(275, 3)[0][:120]
    made, upper, lower = recombine(given, 4_000)
    assert len(made) == len(upper) == len(lower) == 4_000
    assert len(set(zip(upper, lower))) == 15 * 120
    assert len(np.unique(made, axis=0)) > 3_900
    apart = np.median(nearest(given, given, own=np.arange(120))[0])
    assert nearest(made, given)[0].min() > 0.5 * apart
    for parents, rows in ((upper, np.s_[:FIRST_ROW]), (lower, np.s_[LAST_ROW:])):
        parts = given[parents][:, rows].any(-1) == made[:, rows].any(-1)  # where there is ground
        assert parts.all(axis=(1, 2)).mean() > 0.95
    again, _, _ = recombine(given, 4_000)
    np.testing.assert_array_equal(made, again)


def test_seams_run_between_pictures_in_the_same_colours(monkeypatch):
    given, seen = collection(120, 3)[0], []
    monkeypatch.setattr(
        recombination, "joinable", lambda pictures, **_: seen.append(pictures) or joinable(pictures)
    )
    recombine(given, 10)
    palettes, indices = find_palettes(given)
    np.testing.assert_array_equal(seen[0], palettes.rgb[palettes.in_common_colours(indices)])
    assert not np.array_equal(seen[0], given)


def test_colours_are_drawn_anew_a_few_times_only():
    """What cannot be another picture is near to the given one whatever is drawn."""

    class Unchanging:
        rgb = np.arange(256).repeat(3).reshape(256, 3).astype(np.uint8)
        draws = 0

        def in_drawn_colours(self, indices, _, shares_of):
            assert shares_of is None
            self.draws += 1
            return indices

    given = random_pictures(3)[..., :1].repeat(3, 3)
    turns = np.array([0, 1, 2, 0])
    made, new = in_other_colours(
        given[..., 0], turns, palettes := Unchanging(), given, turns, turns
    )
    np.testing.assert_array_equal(made, given[turns])
    assert not new.any()
    assert palettes.draws == recombination.DRAWS


def test_no_parent_in_other_colours_among_many(monkeypatch):
    """Both parents are looked at, whoever else is."""
    monkeypatch.setattr(recombination, "NEIGHBOURS_OF", 2)
    given = collection(150, 4)[0]
    made, upper, lower = recombine(given, 3_000)
    apart = np.median(nearest(given, given, own=np.arange(150))[0])
    for parents in (upper, lower):
        assert rms(made, given[parents]).min() > 0.4 * apart


def faithful(pictures):
    """Share of the sprites whose skin is the favourite of their hair's colour."""

    def shown(colours):
        there = [(pictures == np.array(rgb)).all(-1).sum((1, 2)) for rgb in colours.values()]
        return np.argmax(there, 0)

    favourites = shown(HAIR_COLOURS) % len(SKINS)
    return np.mean(shown(SKINS) == favourites)


def test_what_goes_together_stays_together():
    assert GOES_WITH["skin"] == ("hair_colour", 1)
    given, made = {}, {}
    for correlated in (False, True):
        given[correlated] = collection(200, 0, correlated=correlated)[0]
        made[correlated] = recombine(given[correlated], 3_000)
    assert faithful(given[True]) > 0.8 > 0.4 > faithful(given[False])
    assert faithful(made[True].pictures) > 0.7
    assert faithful(made[False].pictures) < 0.4
    kept = [np.mean(made[each].upper == made[each].lower) for each in (False, True)]
    assert kept[0] == 0
    assert 0.3 < kept[1] < 0.9


def ball_over_box(ball, box):
    """A picture of two things, each in two tones of its colour."""
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[4:12, 10:20], picture[4:6, 10:20] = (ball, 0, 40), (ball, 20, 90)
    picture[14:28, 6:26], picture[26:28, 6:26] = (0, box, 40), (20, box, 90)
    return picture


def test_of_one_outline_only_the_colours_change():
    """Of all pairs of colours those that differ are given; what can be made is the others."""
    colours = range(30, 250, 30)
    given = [ball_over_box(a, b) for a, b in itertools.permutations(colours, 2)]
    made, upper, lower = recombine(np.stack(given), 400)
    np.testing.assert_array_equal(upper, lower)
    assert {each.tobytes() for each in made} == {ball_over_box(a, a).tobytes() for a in colours}


def test_what_has_no_other_colours_comes_once():
    """Sprites with a noisy corner are not flat: there are palettes, and they change nothing."""
    given = collection(120, 3)[0]
    plain, upper, lower = recombine(given, 9_000)
    assert len(plain) == 9_000
    assert len(set(zip(upper, lower))) == 15 * 120
    noisy = given.copy()
    noisy[:, :4, :20] = np.random.default_rng(6).integers(0, 256, (120, 4, 20, 3), np.uint8)
    made, upper, lower = recombine(noisy, 9_000)
    assert find_palettes(noisy)[0].palettes
    assert len(np.unique(made, axis=0)) == len(made) == len(set(zip(upper, lower)))
    assert len(made) > 15 * 120


@pytest.mark.parametrize(
    "pictures", [random_pictures(1), np.zeros((5, 32, 32, 3), np.uint8)], ids=["one", "alike"]
)
def test_nothing_to_recombine(pictures):
    with pytest.raises(InputError, match="--recombine 0"):
        recombine(pictures, 8)
