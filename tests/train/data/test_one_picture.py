# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from PIL import Image

from support.failures import InputError
from train.data.one_picture import read_picture


def save(path, pixels, mode=None):
    Image.fromarray(pixels, mode).save(path)
    return path


def random_pixels(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_a_picture_of_the_size_is_taken_as_it_is(tmp_path):
    pixels = random_pixels(24, 24, 3)
    picture, remarks = read_picture(save(tmp_path / "a.png", pixels), 24, 3)
    np.testing.assert_array_equal(picture, pixels)
    assert remarks == []


def test_grey_pictures(tmp_path):
    pixels = random_pixels(28, 28)
    path = save(tmp_path / "a.png", pixels)
    picture, remarks = read_picture(path, 28, 1)
    np.testing.assert_array_equal(picture, pixels[..., None])
    assert remarks == []
    picture, remarks = read_picture(path, 28, 3)
    np.testing.assert_array_equal(picture, np.repeat(pixels[..., None], 3, -1))
    assert remarks == []


def test_colours_of_a_grey_generator_are_noticed(tmp_path):
    pixels = random_pixels(8, 8, 3)
    picture, (remark,) = read_picture(save(tmp_path / "a.png", pixels), 8, 1)
    assert picture.shape == (8, 8, 1)
    assert "taken as grey" in remark


def test_other_sizes_are_resampled_with_a_notice(tmp_path):
    pixels = random_pixels(16, 16, 3)
    large = save(tmp_path / "a.png", pixels.repeat(4, 0).repeat(4, 1))
    picture, (remark,) = read_picture(large, 16, 3)
    np.testing.assert_array_equal(picture, pixels)
    assert remark == f"{large}: 64 x 64 pixels, resampled to 16 x 16"
    picture, _ = read_picture(save(tmp_path / "b.png", pixels), 32, 3)
    np.testing.assert_array_equal(picture, pixels.repeat(2, 0).repeat(2, 1))


def test_what_is_not_square_or_clear_is_black(tmp_path):
    pixels = np.full((8, 16, 4), 255, np.uint8)
    pixels[:, :8, 3] = 0
    picture, remarks = read_picture(save(tmp_path / "a.png", pixels), 16, 3)
    assert not picture[:4].any()
    assert not picture[12:].any()
    assert not picture[4:12, :8].any()
    assert (picture[4:12, 8:] == 255).all()
    assert len(remarks) == 2


def test_no_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    for path, words in [
        (tmp_path / "a.png", "no picture inside"),
        (tmp_path / "b.png", "there is no such file"),
        (tmp_path, "there is no such file"),
    ]:
        with pytest.raises(InputError, match=words) as caught:
            read_picture(path, 32, 3)
        assert str(path) in str(caught.value)
