# SPDX-License-Identifier: Apache-2.0
"""The drawn sprites: variety, determinism, tidy drawing."""

import csv

import numpy as np
import pytest

from train.data import sprite_parts as parts
from train.data.sprites import (
    CHOICES,
    FAITHFUL,
    GOES_WITH,
    PLAIN_SHARE,
    Attributes,
    collection,
    draw,
    sample,
    save_labels,
)
from train.data.training_set import load


def test_there_is_enough_to_choose_from():
    least = {"hair": 10, "hair_colour": 8, "skin": 4, "eyes": 4, "clothes": 10, "accessory": 7}
    for name, count in least.items():
        assert len(CHOICES[name]) >= count, name


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_changes_the_picture(name):
    plain = Attributes(**{field: values[0] for field, values in CHOICES.items()})
    plain = plain._replace(hair="twin tails", accessory="ribbon")  # shows every colour
    drawn = {draw(plain._replace(**{name: value})).tobytes() for value in CHOICES[name]}
    assert len(drawn) == len(CHOICES[name])


def test_parts_use_letters_of_the_palette_and_stay_inside():
    pieces = [parts.HEAD, parts.BLUSH]
    for table in (parts.CLOTHES, parts.EYES, parts.MOUTHS):
        pieces += table.values()
    for back, front in parts.HAIR.values():
        pieces += back + front
    for worn in parts.ACCESSORIES.values():
        pieces += worn
    for piece in pieces:
        assert set("".join(piece.rows)) <= set(".abcdefghijklmnopqrstuvwxy")
        assert piece.top >= 0
        assert piece.top + len(piece.rows) <= 32
        assert piece.left >= 0
        assert piece.left + max(map(len, piece.rows)) <= 32


def test_pictures_are_on_black_and_full_bodied():
    pictures, _ = collection(60, 3)
    assert pictures.dtype == np.uint8
    assert pictures.shape == (60, 32, 32, 3)
    assert not pictures[:, -4:, :4].any()  # beside the feet
    assert pictures[:, 4, 15:17].any(axis=(1, 2)).all()  # hair or hat
    assert pictures[:, 29, 10:22].any(axis=(1, 2)).all()  # feet


def test_same_seed_same_sprites_and_a_longer_collection_begins_the_same():
    pictures, attributes = collection(30, 5)
    again, _ = collection(30, 5)
    longer, more = collection(40, 5)
    np.testing.assert_array_equal(pictures, again)
    np.testing.assert_array_equal(pictures, longer[:30])
    assert attributes == more[:30]
    assert len(set(more)) == 40
    assert not np.array_equal(pictures, collection(30, 6)[0])


def test_every_value_turns_up():
    rng = np.random.default_rng(0)
    drawn = [sample(rng) for _ in range(1500)]
    for name, values in CHOICES.items():
        assert {getattr(each, name) for each in drawn} == set(values)


def test_correlated_attributes_go_together():
    pictures, attributes = collection(600, 2, correlated=True)
    again, longer = (collection(each, 2, correlated=True) for each in (600, 700))
    np.testing.assert_array_equal(pictures, again[0])
    assert attributes == longer[1][:600]
    assert not np.array_equal(pictures, collection(600, 2)[0])
    for name, (other, favourites) in GOES_WITH.items():
        values, others = CHOICES[name], CHOICES[other]
        steps = [
            values.index(getattr(each, name)) - favourites * others.index(getattr(each, other))
            for each in attributes
        ]
        faithful = np.mean([step % len(values) < favourites for step in steps])
        alone = PLAIN_SHARE if name == "accessory" else favourites / len(values)
        assert 0.8 < faithful < FAITHFUL + (1 - FAITHFUL) * alone + 0.05, name
    for name, values in CHOICES.items():
        assert {getattr(each, name) for each in attributes} == set(values)


def test_labels(tmp_path):
    _, attributes = collection(3, 0)
    save_labels(tmp_path, attributes)
    with (tmp_path / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row.pop("file") for row in rows] == ["000.png", "001.png", "002.png"]
    assert [Attributes(**row) for row in rows] == attributes


def test_sprites_stay_as_runs_and_models_know_them():
    """Training data, the attribute CNN and every figure of `avatar evaluate` go back to these."""
    assert load("sprites", 64, 0).digest == "c87de5744ca01327"
