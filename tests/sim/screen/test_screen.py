# SPDX-License-Identifier: Apache-2.0
"""The screen from pixels to pins: what a monitor would show, face by face."""

import numpy as np
import pytest

from hw.display.layout import SMALL, Wall
from sim.screen import dvi
from sim.screen.faces import BLACK, WrongFace, faces, packed
from sim.screen.record import Act, record
from sim.screen.tops import CLOCKS_OF_FRAME, LEAD_IN, screen_text

pytestmark = pytest.mark.sim

PACE = 44_409  # clocks of a picture of `compact`
COUNT = 150


def random_pictures(seed, size, colours=3):
    shape = (COUNT, size, size, colours)
    return np.random.default_rng(seed).integers(1, 256, shape, np.uint8)


PICTURES = {"colour": random_pictures(0, 32), "grey": random_pictures(1, 28, 1)}
SLOW = 400  # clocks of a pixel: a face takes 3 ms, and the screen comes to it meanwhile


@pytest.fixture(scope="module")
def recorded():
    """Colour at a generator's pace; grey ones; as many as places, then pixels that are too slow.

    The first restart comes in the middle of frame 1, the second one at the end of frame 2.
    """
    colour, grey = packed(PICTURES["colour"]), packed(PICTURES["grey"])
    half, wall = CLOCKS_OF_FRAME // 2, 9 * 32 * 32
    acts = [
        Act(3 * half, 32, colour, burst=32 * 32, interval=PACE),
        Act(3 * half, 28, grey, grey=1, burst=28 * 28, interval=PACE // 4, restart=1),
        Act(2 * half, 32, colour[:wall], restart=1),
        Act(4 * half + LEAD_IN, 32, colour[wall:], burst=1, interval=SLOW),
    ]
    return record(screen_text(), acts)


@pytest.fixture(scope="module")
def frames(recorded):
    return dvi.frames(recorded.pins)


def test_syncs_tokens_and_balance(recorded):
    assert dvi.frames(recorded.pins).shape == (6, 480, 640, 3)


def test_the_newest_faces_are_shown_and_none_is_torn(frames, recorded):
    numbers = faces(frames[:2], Wall.of(32, SMALL), PICTURES["colour"])
    assert (numbers != BLACK).all()
    assert (numbers[1] > 9).all()
    assert recorded.late == 0


def test_a_restart_clears_the_screen_where_the_frame_ends(frames):
    # What is shown as the restart comes stays to the end of its frame.
    assert (faces(frames[1:2], Wall.of(32, SMALL), PICTURES["colour"]) != BLACK).all()
    numbers = faces(frames[2:3], Wall.of(28, SMALL), PICTURES["grey"])
    assert (numbers != BLACK).all()


def test_a_face_that_comes_too_slowly_is_not_shown_half(frames):
    numbers = faces(frames[3:6], Wall.of(32, SMALL), PICTURES["colour"])
    np.testing.assert_array_equal(numbers[1], [BLACK, *range(1, 9)])
    assert numbers[2, 0] == 9


def test_the_comparison_notices(frames):
    wall, pictures = Wall.of(32, SMALL), PICTURES["colour"]
    x, y = wall.place(4)
    one = frames[1:2].copy()
    one[0, y : y + 4, x : x + 4] ^= 1
    with pytest.raises(WrongFace, match="face 4: it is none of the pictures"):
        faces(one, wall, pictures)
    one[0, y, x] ^= 2
    with pytest.raises(WrongFace, match="face 4: its pixels are not 4 x 4"):
        faces(one, wall, pictures)
    one = frames[1:2].copy()
    one[0, 3, 3] = 1
    with pytest.raises(WrongFace, match=r"pixel \(3, 3\) belongs to no face"):
        faces(one, wall, pictures)
    with pytest.raises(WrongFace, match="none of the pictures of its place"):
        faces(frames[1::-1], wall, pictures)


def _first_frame(pins):
    return pins[: CLOCKS_OF_FRAME + LEAD_IN].copy()


def test_the_decoder_notices(recorded):
    sound = _first_frame(recorded.pins)
    assert len(dvi.frames(sound)) == 1
    middle = CLOCKS_OF_FRAME // 2
    seen = (1 + 10 + 35 + 100) * 5 * 800 + 200 * 5  # a place in a line that is seen
    for place, mask, message in (
        (middle, 0x88, "clock"),
        (seen - 1000, 0x11, "in place of"),
        (seen, 0x11, "frame 0, lane 0: its balance runs off"),
    ):
        broken = sound.copy()
        broken[place : place + 500] &= ~np.uint8(mask)
        with pytest.raises(dvi.NoPicture, match=message):
            dvi.frames(broken)
    with pytest.raises(dvi.NoPicture, match="beat is broken"):
        dvi.frames(np.delete(sound, middle))
    with pytest.raises(dvi.NoPicture, match=r"in place of|vertical sync"):
        dvi.frames(np.delete(sound, slice(middle, middle + 5)))
    with pytest.raises(dvi.NoPicture, match="no whole frame"):
        dvi.frames(sound[: len(sound) // 2])
    with pytest.raises(dvi.NoPicture, match="no vertical sync"):
        dvi.frames(sound[:10_000])
    with pytest.raises(dvi.NoPicture, match="stands still"):
        dvi.frames(np.zeros(1000, np.uint8))
