# SPDX-License-Identifier: Apache-2.0
"""Colourfulness and sharpness of pictures known by hand."""

import math

import numpy as np
import pytest

from train.experiments import measures


def test_colourfulness_of_a_plain_colour_and_of_two():
    plain = np.full((1, 4, 4, 3), (200, 80, 30), np.uint8)
    rg, yb = 120, 110
    assert measures.colourfulness(plain)[0] == pytest.approx(0.3 * math.hypot(rg, yb))
    halves = np.zeros((1, 2, 2, 3), np.uint8)
    halves[0, 0] = (200, 0, 0)  # rg 200 and 0, yb 100 and 0
    wanted = math.hypot(100, 50) + 0.3 * math.hypot(100, 50)
    assert measures.colourfulness(halves)[0] == pytest.approx(wanted)


def test_sharpness_of_one_bright_pixel():
    picture = np.zeros((1, 5, 5, 3))
    picture[0, 2, 2] = 9
    # inside, 3 x 3: the pixel loses its mean of 1, its eight neighbours gain it
    assert measures.sharpness(picture)[0] == pytest.approx(math.sqrt((8**2 + 8 * 1) / 9))
    assert measures.sharpness(np.full((1, 5, 5, 3), 7.0))[0] == 0
