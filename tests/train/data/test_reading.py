# SPDX-License-Identifier: Apache-2.0
"""A user's folder of pictures: what is read of it, and what is said of the rest."""

import numpy as np
import pytest
from PIL import Image

from support.failures import InputError
from train.data.reading import DEFAULT, Reading, colour, cut, read_folder


@pytest.fixture
def rgb():
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


def save(path, picture, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(picture)).save(path, **options)


def read_one(folder, reading=DEFAULT):
    (picture,) = read_folder(folder, reading)
    return picture


def test_rgb_in_order_of_names(tmp_path, rgb, capsys):
    save(tmp_path / "b.PNG", 255 - rgb)
    save(tmp_path / "a.png", rgb)
    (tmp_path / "notes.txt").write_text("no picture")
    np.testing.assert_array_equal(read_folder(tmp_path), [rgb, 255 - rgb])
    assert capsys.readouterr().err == ""


def test_a_mixture_is_read_whole(tmp_path, capsys):
    kinds = "PNG", "PNG", "PNG", "GIF", "BMP", "JPEG", "JPEG", "WEBP"
    levels = [20 * n for n in range(8)]
    for n, kind in zip(levels, kinds):
        save(tmp_path / f"{n:03}.{kind.lower()}", np.full((32, 32, 3), n, np.uint8), format=kind)
    pictures = read_folder(tmp_path)
    np.testing.assert_allclose(pictures.mean((1, 2, 3)), levels, atol=2)
    assert capsys.readouterr().err == ""


def test_strays_are_counted_or_read(tmp_path, capsys):
    for n in range(14):
        name = f"preview{n}.png" if n < 2 else f"all/{n}.png"
        save(tmp_path / name, np.full((32, 32, 3), n, np.uint8))
    assert len(read_folder(tmp_path)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"avatar: {tmp_path}: left out 12 pictures in folders below, which --recursive reads too"
    )
    pictures = read_folder(tmp_path, Reading(recursive=True))
    order = [10, 11, 12, 13, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]  # all/ before preview0.png
    assert pictures[:, 0, 0, 0].tolist() == order
    assert capsys.readouterr().err == ""


def test_class_folders_are_read_and_said(tmp_path, rgb, capsys):
    save(tmp_path / "elves/0.png", rgb)
    save(tmp_path / "dwarves/0.png", 255 - rgb)
    np.testing.assert_array_equal(read_folder(tmp_path), [255 - rgb, rgb])
    assert "has no pictures itself; reads the 2 of 2 folders below it" in capsys.readouterr().err


def test_a_turned_picture_is_a_duplicate(tmp_path, rgb, capsys):
    save(tmp_path / "upright.png", rgb)
    exif = Image.Exif()
    exif[0x0112] = 6
    save(tmp_path / "turned.png", np.rot90(rgb), exif=exif)
    np.testing.assert_array_equal(read_folder(tmp_path), [rgb, rgb])
    assert "1 of 2 pictures are duplicates" in capsys.readouterr().err


def test_clear_pixels_and_their_background_are_said(tmp_path, rgb, capsys):
    alpha = np.full((32, 32, 1), 255, np.uint8)
    save(tmp_path / "a.png", np.concatenate([rgb, alpha], axis=2))
    alpha[:8] = 0
    save(tmp_path / "b.png", np.concatenate([rgb, alpha], axis=2))
    _, over_black = read_folder(tmp_path)
    np.testing.assert_array_equal(over_black, np.where(alpha, rgb, 0))
    assert "1 of 2 pictures have clear pixels, laid over black" in capsys.readouterr().err
    _, over_blue = read_folder(tmp_path, Reading(background=(0, 10, 200)))
    np.testing.assert_array_equal(over_blue, np.where(alpha, rgb, [0, 10, 200]))
    assert "1 of 2 pictures have clear pixels, laid over 0,10,200" in capsys.readouterr().err


def test_other_sizes_are_resampled_and_said(tmp_path, rgb, capsys):
    save(tmp_path / "large.png", rgb.repeat(4, axis=0).repeat(4, axis=1))
    save(tmp_path / "narrow.png", rgb[::2, ::2][:, :8])  # 16 high, 8 wide
    large, narrow = read_folder(tmp_path)
    np.testing.assert_array_equal(large, rgb)
    assert not narrow[:, :8].any()  # padded with black
    np.testing.assert_array_equal(narrow[::2, 8:24:2], rgb[::2, ::2][:, :8])
    (line,) = capsys.readouterr().err.splitlines()
    assert "2 of 2 pictures resampled to 32 x 32" in line
    _, narrow = read_folder(tmp_path, Reading(background=(9, 8, 7)))
    assert (narrow[:, :8] == (9, 8, 7)).all()


def test_an_elongated_picture_takes_no_more_than_its_own_memory(tmp_path):
    Image.new("RGB", (1, 1_000_000), "white").save(tmp_path / "a.png")
    line = read_one(tmp_path)
    assert line[:, 15].all()
    assert line.sum() == 32 * 3 * 255


def test_an_elongated_picture_is_named(tmp_path, rgb, capsys):
    save(tmp_path / "sheet.png", np.tile(rgb, (1, 8, 1)))
    save(tmp_path / "tall.png", rgb[:, :16])  # 2 : 1 is a person's picture, still
    assert len(read_folder(tmp_path)) == 2
    err = capsys.readouterr().err
    assert "1 of 2 pictures are over twice as long as wide (sheet.png: 256 x 32)" in err
    assert "--tile 32" in err


def sheet(count):
    """A sheet of two rows of tiles, each of them different, and its tiles row by row."""
    tiles = np.random.default_rng(1).integers(0, 256, (2 * count, 32, 32, 3), np.uint8)
    return np.concatenate(
        [np.concatenate([*row], axis=1) for row in (tiles[:count], tiles[count:])]
    ), tiles


def test_a_sheet_is_cut_row_by_row(tmp_path, capsys):
    whole, tiles = sheet(3)
    np.testing.assert_array_equal(cut(whole, 32), tiles)
    save(tmp_path / "a.png", whole)
    np.testing.assert_array_equal(read_folder(tmp_path, Reading(tile=32)), tiles)
    assert "6 tiles cut from 1 picture\n" in capsys.readouterr().err


def test_blank_tiles_and_odd_sheets_are_counted(tmp_path, capsys):
    whole, tiles = sheet(3)
    whole[32:, 32:] = 77  # the last two tiles, as where a sheet ends early
    save(tmp_path / "a.png", whole)
    save(tmp_path / "odd.png", whole[:50])
    np.testing.assert_array_equal(read_folder(tmp_path, Reading(tile=32)), tiles[:4])
    left_out, cut_, *others = capsys.readouterr().err.splitlines()
    assert "left out 1 file (96 x 50 pixels, no whole number of 32 x 32 tiles: odd.png)" in left_out
    assert cut_.endswith("4 tiles cut from 1 picture; 2 blank tiles left out")
    assert not others


def test_clear_tiles_are_blank(tmp_path):
    whole, tiles = sheet(2)
    alpha = np.full((64, 64, 1), 255, np.uint8)
    alpha[32:, 32:] = 0  # whatever colours lie under it
    save(tmp_path / "a.png", np.concatenate([whole, alpha], axis=2))
    for background in ((0, 0, 0), (255, 0, 0)):
        reading = Reading(tile=32, background=background)
        np.testing.assert_array_equal(read_folder(tmp_path, reading), tiles[:3])


def test_a_sheet_of_blank_tiles(tmp_path):
    save(tmp_path / "a.png", np.full((32, 64, 3), 9, np.uint8))
    with pytest.raises(InputError, match=r"no readable picture .*2 blank tiles left out"):
        read_folder(tmp_path, Reading(tile=32))


def test_tiles_of_another_size_are_resampled(tmp_path):
    whole, tiles = sheet(2)
    save(tmp_path / "a.png", whole.repeat(2, axis=0).repeat(2, axis=1))
    np.testing.assert_array_equal(read_folder(tmp_path, Reading(tile=64)), tiles)


def test_damaged_and_foreign_files_are_named_and_skipped(tmp_path, rgb, capsys):
    save(tmp_path / "good.png", rgb)
    whole = (tmp_path / "good.png").read_bytes()
    for name in "cut.png", "d.png", "e.png", "f.png":
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("I am no picture")
    save(tmp_path / "b.tif", rgb)
    save(tmp_path / "jpeg.png", rgb, format="JPEG")
    assert len(read_folder(tmp_path)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"avatar: {tmp_path}: left out 7 files (TIFF, which is not read: b.tif; "
        "cut short: cut.png, d.png, e.png and 1 more; no picture inside: empty.png, text.png)"
    )


def test_names_that_a_terminal_cannot_print(tmp_path, rgb, capsys):
    save(tmp_path / "good.png", rgb)
    (tmp_path / "two\nlines\x1b[2J.png").write_bytes(b"")
    read_folder(tmp_path)
    assert "no picture inside: two?lines?[2J.png)\n" in capsys.readouterr().err


def test_duplicates_are_counted_and_kept(tmp_path, rgb, capsys):
    for name in "abc":
        save(tmp_path / f"{name}.png", rgb)
    assert len(read_folder(tmp_path)) == 3
    assert "2 of 3 pictures are duplicates" in capsys.readouterr().err


def test_nothing_to_read(tmp_path, rgb, capsys):
    with pytest.raises(InputError, match="has no readable picture; put PNG, JPEG"):
        read_folder(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        read_folder(tmp_path / "missing")
    save(tmp_path / "a.tif", rgb)
    with pytest.raises(InputError, match="is a file; give a folder"):
        read_folder(tmp_path / "a.tif")
    save(tmp_path / "below/a.png", rgb)
    with pytest.raises(InputError) as error:
        read_folder(tmp_path)
    assert (
        "(left out 1 file (TIFF, which is not read: a.tif); left out 1 picture in folders"
        in str(error.value)
    )
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("1,2,3", (1, 2, 3)), (" 255, 0,7", (255, 0, 7)), ("white", (255, 255, 255)),
     ("#1020ff", (16, 32, 255)), ("rgb(1, 2, 3)", (1, 2, 3))],
)  # fmt: skip
def test_colours(text, wanted):
    assert colour(text) == wanted


@pytest.mark.parametrize("text", ["", "1,2", "1,2,256", "-1,2,3", "1,2,x", "nocolour", "#11223344"])
def test_no_colours(text):
    with pytest.raises(InputError, match=r"^--background is .*; give R,G,B of 0 to 255 each"):
        colour(text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tile": 1}, "--tile is 1; give 2 to 4096 pixels"),
        ({"tile": True}, "--tile is True"),
        ({"tile": "32"}, "--tile is '32'"),
        ({"recursive": 1}, "--recursive is 1"),
        ({"background": [0, 0]}, "--background is"),
        ({"background": [0, 0, 1.5]}, "--background is"),
    ],
)
def test_readings_out_of_range(fields, message):
    with pytest.raises(InputError, match=message):
        Reading(**fields)


def test_the_options_of_a_reading():
    assert DEFAULT.options == []
    reading = Reading(recursive=True, tile=16, background=[255, 255, 255])
    assert reading.options == ["--recursive", "--tile", "16", "--background", "white"]
    assert Reading(background=(1, 2, 3)).options == ["--background", "1,2,3"]
