# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from PIL import Image

from pictures import (
    check_strip,
    check_walk,
    grid,
    save_each,
    save_gif,
    save_png,
    side_by_side,
    strip,
)
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


def frames_of(path):
    with Image.open(path) as image:
        for n in range(image.n_frames):
            image.seek(n)
            yield np.asarray(image.convert("RGB"))


def test_a_gif_keeps_every_grey_level(tmp_path):
    pictures = np.random.default_rng(1).integers(0, 256, (5, 28, 28, 1), np.uint8)
    save_gif(tmp_path / "a.gif", pictures, milliseconds=80, scale=2)
    for frame, picture in zip(frames_of(tmp_path / "a.gif"), pictures, strict=True):
        wanted = grid(picture[None], scale=2).repeat(3, -1)
        np.testing.assert_array_equal(frame, wanted)


def test_a_gif_repeats_and_its_frames_keep_their_own_colours(tmp_path):
    ramp = np.arange(0, 256, 8, dtype=np.uint8)
    pictures = np.zeros((3, 32, 32, 3), np.uint8)
    for n in range(3):
        pictures[n, ..., n] = ramp
    path = tmp_path / "a.gif"
    save_gif(path, pictures, milliseconds=80)
    with Image.open(path) as image:
        assert (image.info["loop"], image.info["duration"]) == (0, 80)
    np.testing.assert_array_equal(list(frames_of(path)), pictures)
    before = path.read_bytes()
    save_gif(path, pictures, milliseconds=80)
    assert path.read_bytes() == before


def test_a_gif_in_the_colours_of_its_last_frame_is_smaller(tmp_path):
    rng = np.random.default_rng(0)
    last = rng.integers(0, 256, (64, 64, 3), np.uint8)
    first = last.copy()
    first[32:] = 0
    apart, common = tmp_path / "a.gif", tmp_path / "b.gif"
    save_gif(apart, np.stack([first, last]), milliseconds=80)
    save_gif(common, np.stack([first, last]), milliseconds=80, common=True)
    assert common.stat().st_size < 0.8 * apart.stat().st_size
    begin, end = frames_of(common)
    np.testing.assert_array_equal(begin[:32], end[:32])


def test_a_gif_of_many_colours_is_near(tmp_path):
    steps = np.arange(32, dtype=np.uint8) * 8
    picture = np.stack([*np.meshgrid(steps, steps), np.full((32, 32), 90, np.uint8)], -1)
    save_gif(tmp_path / "a.gif", picture[None], milliseconds=80)
    (frame,) = frames_of(tmp_path / "a.gif")
    assert np.sqrt(((frame.astype(float) - picture) ** 2).mean()) < 10


def test_a_strip_is_one_row():
    pictures = random_pictures(3)
    sheet = strip(pictures, scale=2)
    assert sheet.shape == (64, 192, 3)
    for n in range(3):
        np.testing.assert_array_equal(sheet[::2, 64 * n : 64 * n + 64 : 2], pictures[n])


@pytest.mark.parametrize(("name", "animated"), [("a.GIF", True), ("a.png", False)])
def test_a_walk_is_a_gif_or_a_png(tmp_path, name, animated):
    assert check_walk(tmp_path / name) is animated


def test_other_walks_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.gif"):
        check_walk(tmp_path / "a.mp4")
    check_strip(1024, 8, 64)
    with pytest.raises(InputError, match="smaller --scale"):
        check_strip(1025, 8, 64)
