# SPDX-License-Identifier: Apache-2.0
"""Palettes found in pictures against those that drew them; what must not be recoloured."""

from collections import Counter

import numpy as np
import pytest

from train.data import recolouring, sprites
from train.data.recolouring import find_palettes

COATS = {"blue": (1, 2, 3), "red": (4, 5, 6), "green": (7, 8, 9)}  # base, dark, trim
TROUSERS = {"blue": (11, 12), "red": (14, 15), "green": (17, 18)}  # goes with the coat
HAIR = {"fair": (21, 22), "dark": (23, 24)}
GROUND, LINE = 0, 30


def figure(coat, hair, *, trim=True, trousers=True):
    """A picture of numbers, which stand for colours: coat, trousers and hair in two tones each."""
    base, dark, edge = COATS[coat]
    picture = np.full((32, 32), GROUND)
    picture[2:10, 8:24] = HAIR[hair][0]
    picture[2:4, 8:24] = HAIR[hair][1]
    picture[10] = LINE
    picture[11:20, 8:24] = base
    picture[18:20, 8:24] = dark
    if trim:
        picture[11, 8:12] = edge
    if trousers:
        picture[20:30, 10:22] = TROUSERS[coat][0]
        picture[20:30, 15:17] = TROUSERS[coat][1]
    return picture


def rgb(numbers):
    """Numbers (N, 32, 32) as colours that are told apart by nothing else."""
    return np.stack((numbers * 7 % 256, numbers * 5 % 256, numbers), -1).astype(np.uint8)


@pytest.fixture
def figures():
    """120 figures: all coats with all hair, some without trousers; no red coat has a trim."""
    rng = np.random.default_rng(1)
    return np.stack(
        [
            figure(
                coat := rng.choice(list(COATS)),
                rng.choice(list(HAIR)),
                trim=coat != "red" and rng.random() < 0.5,
                trousers=rng.random() < 0.8,
            )
            for _ in range(120)
        ]
    )


def test_palettes_of_the_figures(figures):
    palettes, indices = find_palettes(rgb(figures))
    np.testing.assert_array_equal(palettes.rgb[indices], rgb(figures))
    found = {
        frozenset(frozenset(palettes.rgb[row[row >= 0], 2].tolist()) for row in palette.table)
        for palette in palettes.palettes
    }
    clothes = {name: {*coat, *TROUSERS[name]} for name, coat in COATS.items()}
    clothes["red"].discard(COATS["red"][2])
    wanted = {
        frozenset(frozenset(tones) for tones in clothes.values()),
        frozenset(frozenset(tones) for tones in HAIR.values()),
    }
    assert found == wanted
    counts = Counter(int(each[15, 10]) for each in figures)
    (coats,) = (palette for palette in palettes.palettes if len(palette.table) == 3)
    for tones, weight in zip(coats.table, coats.weights):
        (base,) = counts.keys() & palettes.rgb[tones[tones >= 0], 2].tolist()
        assert weight == counts[base] / 120


def drawable(picture):
    """Whether a picture of numbers is one of the figures that the palettes allow."""
    return any(
        (picture == figure(coat, hair, trim=trim, trousers=trousers)).all()
        for coat in COATS
        for hair in HAIR
        for trim in ((False, True) if coat != "red" else (False,))
        for trousers in (False, True)
    )


def test_figures_in_drawn_colours_are_figures(figures):
    """Coat and trousers change together, tone by tone; what has a trim gets no red coat."""
    palettes, indices = find_palettes(rgb(figures))
    drawn = palettes.in_drawn_colours(np.tile(indices, (5, 1, 1)), np.random.default_rng(2))
    numbers = palettes.rgb[drawn][..., 2].astype(int)
    assert all(drawable(each) for each in numbers)
    changed = (numbers != np.tile(figures, (5, 1, 1))).any((1, 2)).mean()
    assert 0.5 < changed < 0.95
    hair = Counter(int(each[5, 10]) for each in numbers)
    before = Counter(int(each[5, 10]) for each in figures)
    for tone, count in before.items():
        assert abs(hair[tone] / len(numbers) - count / len(figures)) < 0.1
    again = palettes.in_drawn_colours(np.tile(indices, (5, 1, 1)), np.random.default_rng(2))
    np.testing.assert_array_equal(drawn, again)


def test_alike_pictures_have_one_colour(figures):
    palettes, indices = find_palettes(rgb(figures))
    numbers = palettes.rgb[palettes.in_common_colours(indices)][..., 2].astype(int)
    frequent = Counter(int(each[5, 10]) for each in figures).most_common(1)[0][0]
    assert {int(each[5, 10]) for each in numbers} == {frequent}
    trims = np.array([len({t[2] for t in COATS.values()} & set(each.flat)) for each in figures])
    assert len({int(each[15, 15]) for each in numbers[trims == 0]}) == 1
    assert all(drawable(each) for each in numbers)


def test_stray_pictures_part_no_link(figures):
    """A coat with another's trousers: each still goes with those that it has most often."""
    stray = figure("green", "fair")
    stray[20:30, 10:22] = np.where(stray[20:30, 10:22] == TROUSERS["green"][0], *TROUSERS["blue"])
    stray[20:30, 15:17] = TROUSERS["blue"][1]
    stray[20:30, 10:12] = TROUSERS["blue"][0]
    pictures = np.concatenate((figures, figures, stray[None]))
    palettes, _ = find_palettes(rgb(pictures))
    (coats,) = (palette for palette in palettes.palettes if len(palette.table) == 3)
    for row in coats.table:
        tones = {*palettes.rgb[row[row >= 0], 2].tolist()}
        (name,) = (name for name, coat in COATS.items() if coat[0] in tones)
        assert {*TROUSERS[name]} <= tones


def test_tones_of_other_places_do_not_stand_for_each_other(figures):
    """Blue coats have a badge, green ones a pocket: neither can be worn in the other's colour."""
    for each in figures:
        if each[15, 10] == COATS["blue"][0]:
            each[13, 9] = 60
        if each[15, 10] == COATS["green"][0]:
            each[17, 20:23] = 61
    palettes, _ = find_palettes(rgb(figures))
    (coats,) = (palette for palette in palettes.palettes if len(palette.table) == 3)
    badge, pocket = (
        coats.column[np.flatnonzero(palettes.rgb[:, 2] == tone)[0]] for tone in (60, 61)
    )
    assert min(badge, pocket) >= 0
    assert badge != pocket


@pytest.mark.parametrize(("noisy", "stays"), [(51, False), (52, True)])
def test_a_twentieth_of_a_picture_may_be_rare(figures, noisy, stays):
    pictures = rgb(figures)
    own = pictures[0].reshape(-1, 3)
    own[:noisy] = np.stack([np.full(noisy, 255), np.arange(noisy), np.full(noisy, 3)], 1)
    palettes, indices = find_palettes(pictures)
    many = palettes.in_drawn_colours(indices[:1].repeat(30, 0), np.random.default_rng(4))
    assert (many == indices[0]).all() == stays
    assert (palettes.choices(indices[:1]) == 1).all() == stays


def test_choices(figures):
    """Two kinds of hair, and three coats or, with a trim, two."""
    palettes, indices = find_palettes(rgb(figures))
    trims = np.isin(figures, [coat[2] for coat in COATS.values()]).any((1, 2))
    np.testing.assert_array_equal(palettes.choices(indices), np.where(trims, 4, 6))


def test_pictures_that_are_not_flat_stay(figures):
    noise = np.random.default_rng(3).integers(0, 256, (32, 32, 3), np.uint8)
    pictures = np.concatenate((rgb(figures), noise[None]))
    pictures[-1, :20] = pictures[0, :20]
    palettes, indices = find_palettes(pictures)
    assert len(palettes.palettes) == 2
    many = palettes.in_drawn_colours(np.repeat(indices[-1:], 20, 0), np.random.default_rng(4))
    np.testing.assert_array_equal(many, np.repeat(indices[-1:], 20, 0))


def test_colours_that_meet_in_a_picture_are_no_choice(figures):
    """A patch of stripes in one of two colours, or in both: neither stands for the other."""
    rng = np.random.default_rng(8)
    columns = np.arange(8) % 2
    for each in figures:
        wears = [n for n in (0, 1) if rng.random() < 0.5]
        if wears:
            each[24:31, :8] = 40 + 2 * rng.choice(wears, (7, 8)) + columns
    palettes, _ = find_palettes(rgb(figures))
    found = {int(tone) for palette in palettes.palettes for tone in palette.table.ravel()}
    assert not {40, 41, 42, 43} & {int(palettes.rgb[tone, 2]) for tone in found if tone >= 0}


def test_a_rare_tone_belongs_to_nothing(figures):
    """Three of many pictures with fair hair have a spot: that may be chance."""
    fair = [n for n, each in enumerate(figures) if each[5, 10] == HAIR["fair"][0]]
    figures[fair[:3], 6, 12] = 50
    palettes, indices = find_palettes(rgb(figures))
    drawn = palettes.in_drawn_colours(np.repeat(indices[fair[:1]], 30, 0), np.random.default_rng(9))
    numbers = palettes.rgb[drawn][..., 2]
    assert (numbers[:, 6, 12] == 50).all()
    assert {*numbers[:, 5, 10]} == {HAIR["fair"][0], HAIR["dark"][0]}


@pytest.mark.parametrize(
    "pictures",
    [
        np.random.default_rng(5).integers(0, 256, (40, 32, 32, 3), np.uint8),
        np.random.default_rng(5).integers(0, 4, (40, 32, 32, 1), np.uint8).repeat(3, 3),
        np.zeros((40, 32, 32, 3), np.uint8),
        rgb(figure("blue", "fair"))[None],
    ],
    ids=["noise", "few colours everywhere", "black", "one"],
)
def test_no_palettes(pictures):
    palettes, indices = find_palettes(pictures)
    assert palettes.palettes == []
    drawn = palettes.in_drawn_colours(indices, np.random.default_rng(6))
    for same in (palettes.in_common_colours(indices), drawn):
        np.testing.assert_array_equal(palettes.rgb[same], pictures)


@pytest.mark.parametrize(("count", "seed"), [(100, 2), (275, 0), (275, 1)])
def test_sprites_in_other_colours_are_sprites(count, seed):
    """Nobody tells the module what hair is; what it draws, the sprites' own program draws, too."""
    pictures, attributes = sprites.collection(count, seed)
    palettes, indices = find_palettes(pictures)
    drawn = palettes.rgb[palettes.in_drawn_colours(indices, np.random.default_rng(7))]
    colours = ("hair_colour", "skin", "eye_colour", "cloth_colour", "accent_colour")
    wrong, changed = [], Counter()
    for picture, own in zip(drawn, attributes):
        best = own
        for name in colours:
            tried = [best._replace(**{name: value}) for value in sprites.CHOICES[name]]
            best = min(tried, key=lambda each: (sprites.draw(each) != picture).any(-1).sum())
            changed[name] += getattr(best, name) != getattr(own, name)
        wrong.append((sprites.draw(best) != picture).any(-1).mean())
    assert np.mean(wrong) < 0.002  # tones that three sprites show are anybody's
    assert np.mean(np.array(wrong) > 0) < (0.1 if count > 100 else 0.25)
    for name, share in zip(colours, (0.7, 0.5, 0.3, 0.6, 0.3)):
        assert changed[name] > share * count


def test_only_the_most_frequent_tones_are_looked_at(figures, monkeypatch):
    monkeypatch.setattr(recolouring, "MOST_TONES", 4)
    palettes, _ = find_palettes(rgb(figures))
    assert len(palettes.palettes) == 1
    assert {*palettes.rgb[palettes.palettes[0].table.ravel(), 2]} == {21, 22, 23, 24}
