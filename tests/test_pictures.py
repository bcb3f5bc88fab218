# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from PIL import Image

from pictures import grid, save_each, save_png, side_by_side
from support.failures import InputError


def random_pictures(count):
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)


@pytest.mark.parametrize(
    ("count", "rows", "columns"), [(1, 1, 1), (2, 1, 2), (5, 2, 3), (6, 2, 3), (9, 3, 3)]
)
def test_grid_is_nearly_square_and_black_where_empty(count, rows, columns):
    pictures = random_pictures(count)
    sheet = grid(pictures)
    assert sheet.shape == (32 * rows, 32 * columns, 3)
    cells = sheet.reshape(rows, 32, columns, 32, 3).swapaxes(1, 2).reshape(-1, 32, 32, 3)
    np.testing.assert_array_equal(cells[:count], pictures)
    assert not cells[count:].any()


def test_scale_makes_squares_of_pixels():
    pictures = random_pictures(2)
    sheet = grid(pictures, scale=3)
    assert sheet.shape == (96, 192, 3)
    np.testing.assert_array_equal(sheet[1::3, 2::3], grid(pictures))
    np.testing.assert_array_equal(sheet[0::3, 0::3], grid(pictures))


def test_png_reads_back(tmp_path):
    picture = random_pictures(1)[0].transpose(1, 0, 2)  # not contiguous
    save_png(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(Image.open(tmp_path / "a.png"), picture)


def test_each_counts_from_zero(tmp_path):
    pictures = random_pictures(3)
    save_each(tmp_path, pictures)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["000.png", "001.png", "002.png"]
    np.testing.assert_array_equal(Image.open(tmp_path / "002.png"), pictures[2])


def test_no_folder_no_picture(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file is a file; write elsewhere"):
        save_png(tmp_path / "file" / "none" / "a.png", random_pictures(1)[0])
    save_png(tmp_path / "deep" / "er" / "a.png", random_pictures(1)[0])
    assert (tmp_path / "deep" / "er" / "a.png").is_file()


def test_side_by_side_keeps_the_pictures():
    pictures = random_pictures(2)
    sheet = side_by_side({"one": pictures[0], "two": pictures[1]}, gap=4)
    assert sheet.shape == (60, 76, 3)
    np.testing.assert_array_equal(sheet[24:56, 4:36], pictures[0])
    np.testing.assert_array_equal(sheet[24:56, 40:72], pictures[1])
