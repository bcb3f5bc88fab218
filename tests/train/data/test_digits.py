# SPDX-License-Identifier: Apache-2.0
"""Digits drawn from fonts: the right shape, all inside, each as it is asked for."""

import sys

import numpy as np
import pytest
from PIL import Image

from train.data import digits

PLAIN = {"width": 1, "height": 1, "slant": 0, "turn": 0, "right": 0, "down": 0}


def box(picture):
    """Return top, bottom, left and right of what is brighter than half."""
    rows, columns = (np.flatnonzero((picture[..., 0] > 127).any(axis)) for axis in (1, 0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def test_a_plain_digit_stands_in_the_middle_as_high_as_is_told():
    top, bottom, left, right = box(digits.draw("DejaVuSans", "0", **PLAIN))
    assert (top, bottom) == (4, 24)
    assert left + right == 28


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"right": 2, "down": -1}, (3, 23, 9, 23)),
        ({"height": 0.8}, (6, 22, 7, 21)),
        ({"width": 0.5}, (4, 24, 11, 17)),
    ],
)
def test_each_change_is_seen(change, wanted):
    assert box(digits.draw("DejaVuSans", "0", **PLAIN)) == (4, 24, 7, 21)
    assert box(digits.draw("DejaVuSans", "0", **PLAIN | change)) == wanted


def test_a_slant_leans_to_the_right_and_a_turn_goes_clockwise():
    for change in ({"slant": 0.3}, {"turn": 12}):
        picture = digits.draw("DejaVuSansMono", "1", **PLAIN | change)[..., 0].astype(float)
        places = np.arange(28)
        upper, lower = (part.sum(0) @ places / part.sum() for part in (picture[:14], picture[14:]))
        assert upper > lower + 1, change


def test_every_font_draws_ten_different_digits():
    for font in digits.FONTS:
        drawn = {digits.draw(font, str(n), **PLAIN).tobytes() for n in range(10)}
        assert len(drawn) == 10, font
    assert len({digits.draw(font, "4", **PLAIN).tobytes() for font in digits.FONTS}) == 16


def test_a_collection_stays_inside_and_begins_as_a_shorter_one():
    drawn, shown = digits.collection(1000, 4)
    assert drawn.shape == (1000, 28, 28, 1)
    assert drawn.dtype == np.uint8
    assert set(shown.tolist()) == set(range(10))
    edge = np.ones((28, 28), bool)
    edge[1:-1, 1:-1] = False
    assert drawn[:, edge].max() == 0
    shorter, same = digits.collection(7, 4)
    np.testing.assert_array_equal(shorter, drawn[:7])
    np.testing.assert_array_equal(same, shown[:7])


def test_the_program_writes_pngs(tmp_path, monkeypatch):
    out = tmp_path / "digits"
    monkeypatch.setattr(sys, "argv", ["digits", "--count", "12", "--seed", "3", "--out", str(out)])
    digits.main()
    drawn, _ = digits.collection(12, 3)
    assert len(list(out.iterdir())) == 12
    with Image.open(out / "011.png") as picture:
        assert picture.mode == "L"
        np.testing.assert_array_equal(np.asarray(picture), drawn[11, ..., 0])


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--count", "0", "--count is 0; give 1 to"), ("--seed", "-1", "--seed is -1; give 0 or")],
)
def test_bad_options_are_one_line(tmp_path, monkeypatch, option, value, said):
    monkeypatch.setattr(sys, "argv", ["digits", option, value, "--out", str(tmp_path / "d")])
    with pytest.raises(digits.InputError, match=said):
        digits.main()
    assert not (tmp_path / "d").exists()
