# SPDX-License-Identifier: Apache-2.0
"""Faces a second and a name below the faces: what a monitor would show."""

import numpy as np
import pytest

from hw.display.layout import LARGE, SMALL, Wall
from sim.screen import dvi
from sim.screen.faces import BLACK, WrongFace, faces, packed
from sim.screen.record import Act, record
from sim.screen.text import WrongText, drawn, region, text_of
from sim.screen.tops import CLOCKS_OF_FRAME, LEAD_IN, screen_text

pytestmark = pytest.mark.sim

NAME = "It's 24 {characters} ok~"
PICTURES = np.random.default_rng(0).integers(1, 256, (250, 32, 32, 3), np.uint8)
WALL = Wall.of(32, SMALL, text=True)


@pytest.fixture(scope="module")
def frames():
    """Three frames, with a second as long as one."""
    acts = [Act(3 * CLOCKS_OF_FRAME + LEAD_IN, 32, packed(PICTURES), burst=1024, interval=44_409)]
    recording = record(screen_text(name=NAME, second=CLOCKS_OF_FRAME), acts)
    assert recording.late == 0
    return dvi.frames(recording.pins)


def test_faces_leave_the_last_row_to_the_text(frames):
    numbers = faces(frames, WALL, PICTURES)
    assert numbers.shape == (3, 6)
    assert (numbers != BLACK).all()


def test_the_text_counts_the_faces_of_the_last_second(frames):
    texts = [text_of(frame, WALL, NAME) for frame in frames]
    assert texts[0] == f"? faces/s  {NAME}"
    counts = [int(text.split()[0]) for text in texts[1:]]
    newest = faces(frames, WALL, PICTURES).max(axis=1)
    assert counts[1] == newest[2] - newest[1]  # a steady pace, in another second
    assert 0 < counts[0] <= counts[1] < 48  # the machine makes 47.3


def test_the_comparison_notices(frames):
    frame = frames[1].copy()
    with pytest.raises(WrongText, match="the text is not"):
        text_of(frame, WALL, NAME[1:])
    lines, pixels = region(WALL, 480, 640)
    frame[lines.start + 3, 639, 1] ^= 255
    with pytest.raises(WrongText, match="the text is not"):
        text_of(frame, WALL, NAME)
    frame = frames[1].copy()
    frame[lines.stop, pixels.start] = 255
    with pytest.raises(WrongFace, match="belongs to no face"):
        faces(frame[None], WALL, PICTURES)
    with pytest.raises(WrongFace):
        faces(frames[1:2], Wall.of(32, SMALL), PICTURES)
    frame[lines] = 0
    with pytest.raises(WrongText, match="begins with no number"):
        text_of(frame, WALL, NAME)


@pytest.mark.parametrize("canvas", [SMALL, LARGE], ids=["small", "large"])
def test_the_region_is_where_the_rule_puts_the_text(canvas):
    for size in range(8, 129):
        wall = Wall.of(size, canvas, text=True)
        if wall.text is not None:
            lines, pixels = region(wall, 480, 640)
            assert (lines.start, lines.stop) == (wall.text, wall.text + 16)
            assert (pixels.start, pixels.stop) == (wall.left, 640)


def test_what_does_not_fit_is_cut():
    text = "1234567 faces/s  " + 24 * "M"
    assert drawn(text, 640).shape == (16, 640)
    assert drawn(text, 640)[:, -16:].any()
    np.testing.assert_array_equal(drawn(text, 640)[:, :100], drawn(text, 100))
