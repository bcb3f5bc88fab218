# SPDX-License-Identifier: Apache-2.0
"""The frame in an SDRAM, whose other ports are never at rest: three hundred faces, none late."""

import numpy as np
import pytest

from hw.display.layout import LARGE, Wall
from hw.model.line_supply import CLOCKS_OF_LINE, play
from sim.screen import dvi
from sim.screen.faces import BLACK, faces, packed, through_565
from sim.screen.record import Act, record
from sim.screen.tops import CLOCKS_OF_FRAME, LEAD_IN, screen_text

pytestmark = pytest.mark.sim


def random_pictures(seed, count, size, colours=3):
    shape = (count, size, size, colours)
    return np.random.default_rng(seed).integers(8, 256, shape, np.uint8)  # 7 and less are black


COLOUR, GREY = random_pictures(0, 900, 32), random_pictures(1, 900, 28, 1)


@pytest.fixture(scope="module")
def recorded():
    """As many faces as the memory takes."""
    acts = [
        Act(CLOCKS_OF_FRAME, 32, packed(COLOUR)),
        Act(CLOCKS_OF_FRAME + LEAD_IN, 28, packed(GREY), grey=1, restart=1),
    ]
    return record(screen_text(outside=True), acts)


def test_every_face_is_whole_and_no_line_late(recorded):
    frames = dvi.frames(recorded.pins)
    assert recorded.late == 0
    wall = Wall.of(32, LARGE)
    numbers = faces(frames[:1], wall, through_565(COLOUR))
    assert numbers.shape == (1, 300)
    assert (numbers != BLACK).all()
    assert recorded.taken[0] > 300 * 32 * 32  # faces are replaced, too
    wall = Wall.of(28, LARGE)
    numbers = faces(frames[1:2], wall, through_565(GREY))
    assert numbers.shape == (1, 22 * 17)
    assert (numbers != BLACK).all()


def test_the_model_knows_how_long_a_line_takes(recorded):
    longest = play(20)
    assert longest.late == 0
    assert recorded.fetch < CLOCKS_OF_LINE // 2
    assert recorded.fetch == pytest.approx(longest.clocks, rel=0.05)


def test_what_565_loses():
    all_levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    shown = through_565(all_levels)
    error = np.abs(shown.astype(int) - all_levels)
    assert error.max(axis=(0, 1, 2)).tolist() == [7, 3, 7]
    assert shown.min() == 0
    assert shown.max() == 255
