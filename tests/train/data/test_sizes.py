# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from PIL import Image

from train.data.sizes import SHAPE, coloured, comparable, scale2x, sprites_of
from train.data.sprites import collection


@pytest.fixture(scope="module")
def sprites():
    return collection(5, 0)[0]


def picture(rows):
    """A picture of letters, each its own grey."""
    return np.array([[[ord(c)] * 3 for c in row] for row in rows], np.uint8)[None]


def test_scale2x_by_hand():
    """A diagonal edge loses its steps; a crossing of two lines stays as it is."""
    doubled = scale2x(picture(["..#", ".##", "###"]))[0, ..., 0]
    rows = ["".join(map(chr, row)) for row in doubled]
    assert rows == ["....##", "...###", "...###", ".#####", "######", "######"]
    cross = picture([".#.", "###", ".#."])
    centre = scale2x(cross)[0, 2:4, 2:4, 0]
    assert (centre == ord("#")).all()


def test_doubled_sprites_have_no_new_colours_and_few_steps(sprites):
    doubled = sprites_of(sprites, (64, 64, 3))
    assert doubled.shape == (5, 64, 64, 3)
    for small, large in zip(sprites, doubled):
        assert {*map(tuple, large.reshape(-1, 3))} <= {*map(tuple, small.reshape(-1, 3))}
    blocks = sprites.repeat(2, axis=1).repeat(2, axis=2)
    assert 0.02 < (doubled != blocks).any(-1).mean() < 0.2


@pytest.mark.parametrize("shape", [SHAPE, (28, 28, 1), (20, 20, 3), (128, 128, 1), (48, 48, 3)])
def test_sprites_in_other_shapes(sprites, shape):
    made = sprites_of(sprites, shape)
    assert (made.shape, made.dtype) == ((5, *shape), np.uint8)
    assert len(np.unique(made.reshape(5, -1), axis=0)) == 5
    if shape == SHAPE:
        np.testing.assert_array_equal(made, sprites)


def test_grey_is_pillows_luma(sprites):
    wanted = [np.asarray(Image.fromarray(each).convert("L")) for each in sprites]
    np.testing.assert_array_equal(coloured(sprites, 1)[..., 0], wanted)


def test_pictures_of_any_shape_are_compared_as_32x32(sprites):
    np.testing.assert_array_equal(comparable(sprites), sprites)
    blocks = sprites.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(comparable(blocks), sprites)
    grey = comparable(coloured(sprites, 1)[:, ::2, ::2])
    assert grey.shape == sprites.shape
    assert (grey[..., 0] == grey[..., 2]).all()
