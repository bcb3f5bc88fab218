# SPDX-License-Identifier: Apache-2.0
"""A user's folder of pictures: every kind of PNG, and what is wrong with some."""

import numpy as np
import pytest
from PIL import Image

from pictures import read_folder
from support.failures import InputError


@pytest.fixture
def rgb():
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


def read_one(tmp_path, image, **options):
    image.save(tmp_path / "a.png", **options)
    return read_folder(tmp_path)[0]


def test_rgb_in_order_of_names(tmp_path, rgb, capsys):
    Image.fromarray(255 - rgb).save(tmp_path / "b.PNG")
    Image.fromarray(rgb).save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("no picture")
    np.testing.assert_array_equal(read_folder(tmp_path), [rgb, 255 - rgb])
    assert capsys.readouterr().err == ""


def test_rgba_lies_over_black(tmp_path, rgb):
    alpha = np.zeros((32, 32, 1), np.uint8)
    alpha[:16] = 255
    picture = read_one(tmp_path, Image.fromarray(np.concatenate([rgb, alpha], axis=2)))
    np.testing.assert_array_equal(picture, np.where(alpha > 0, rgb, 0))


def test_palette_with_and_without_transparency(tmp_path):
    indices = np.arange(1024, dtype=np.uint8).reshape(32, 32) % 3
    palette = np.array([[10, 20, 30], [200, 100, 50], [255, 255, 255]], np.uint8)
    image = Image.new("P", (32, 32))
    image.putdata(indices.ravel().tolist())
    image.putpalette(palette.ravel().tolist())
    np.testing.assert_array_equal(read_one(tmp_path, image), palette[indices])
    clear = read_one(tmp_path, image, transparency=1)
    np.testing.assert_array_equal(clear, np.where((indices == 1)[..., None], 0, palette[indices]))


@pytest.mark.parametrize("deep", [False, True])
def test_grey(tmp_path, deep):
    grey = np.arange(1024).reshape(32, 32) // 4
    image = Image.fromarray((grey * 257).astype(np.uint16) if deep else grey.astype(np.uint8))
    np.testing.assert_array_equal(read_one(tmp_path, image), np.stack([grey] * 3, axis=2))


def test_other_sizes_are_resampled_and_said(tmp_path, rgb, capsys):
    Image.fromarray(rgb.repeat(4, axis=0).repeat(4, axis=1)).save(tmp_path / "large.png")
    Image.fromarray(rgb[::2, ::2][:, :8]).save(tmp_path / "narrow.png")  # 16 high, 8 wide
    large, narrow = read_folder(tmp_path)
    np.testing.assert_array_equal(large, rgb)
    assert not narrow[:, :8].any()  # padded with black
    np.testing.assert_array_equal(narrow[::2, 8:24:2], rgb[::2, ::2][:, :8])
    assert "2 of 2 pictures resampled to 32 x 32" in capsys.readouterr().err


def test_an_elongated_picture_takes_no_more_than_its_own_memory(tmp_path):
    line = read_one(tmp_path, Image.new("RGB", (1, 1_000_000), "white"))
    assert line[:, 15].all()
    assert line.sum() == 32 * 3 * 255


def test_damaged_and_foreign_files_are_named_and_skipped(tmp_path, rgb, capsys):
    Image.fromarray(rgb).save(tmp_path / "good.png")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("I am no picture")
    (tmp_path / "folder.png").mkdir()
    Image.fromarray(rgb).save(tmp_path / "jpeg.png", format="JPEG")
    assert len(read_folder(tmp_path)) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    for name, line in zip(("cut", "empty", "folder", "jpeg", "text"), lines):
        assert f"{name}.png: skipped" in line


def test_duplicates_are_counted_and_kept(tmp_path, rgb, capsys):
    for name in "abc":
        Image.fromarray(rgb).save(tmp_path / f"{name}.png")
    assert len(read_folder(tmp_path)) == 3
    assert "2 of 3 pictures are duplicates" in capsys.readouterr().err


def test_nothing_to_read(tmp_path):
    with pytest.raises(InputError, match="no readable PNG"):
        read_folder(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        read_folder(tmp_path / "missing")
