# SPDX-License-Identifier: Apache-2.0
"""One picture file: every kind, depth and orientation, and what is wrong with some."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from train.data.decoding import Unreadable, decode

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
GREY, RGB = 0, 2  # colour types of PNG
PRECISE = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}


@pytest.fixture
def rgb():
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "a.png"


def pixels(path, background=BLACK):
    return np.asarray(decode(path, background)[0])


def chunk(name, data, checksum=None):
    checksum = zlib.crc32(name + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def png(depth, colour, rows, *chunks):
    """Return a PNG file of 32 x 32 pixels whose rows are given as packed bytes."""
    header = struct.pack(">IIBBBBB", 32, 32, depth, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    parts = chunk(b"IHDR", header), *chunks, chunk(b"IDAT", data), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def rgb_png(rgb, *chunks):
    return png(8, RGB, [row.tobytes() for row in rgb], *chunks)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP", "JPEG"])
def test_kinds_are_told_by_content(tmp_path, kind):
    colours = np.zeros((32, 32, 3), np.uint8)
    colours[16:] = 200, 100, 50
    path = tmp_path / "a.txt"
    Image.fromarray(colours).save(path, format=kind, **PRECISE.get(kind, {}))
    picture, clear = decode(path, BLACK)
    assert not clear
    atol = 4 if kind == "JPEG" else 0
    np.testing.assert_allclose(np.asarray(picture, int), colours, atol=atol)


def test_of_a_film_the_first_picture(tmp_path, rgb):
    first, second = (Image.fromarray(each).quantize(256) for each in (rgb, 255 - rgb))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    np.testing.assert_array_equal(pixels(tmp_path / "a.gif"), np.asarray(first.convert("RGB")))


@pytest.mark.parametrize(("background", "below"), [(BLACK, 0), ((255, 10, 0), (255, 10, 0))])
def test_rgba_lies_over_the_background(file, rgb, background, below):
    alpha = np.zeros((32, 32, 1), np.uint8)
    alpha[:16] = 255
    Image.fromarray(np.concatenate([rgb, alpha], axis=2)).save(file)
    picture, clear = decode(file, background)
    assert clear
    np.testing.assert_array_equal(np.asarray(picture), np.where(alpha > 0, rgb, below))


def test_alpha_that_hides_nothing_is_not_said(file, rgb):
    Image.fromarray(rgb).convert("RGBA").save(file)
    picture, clear = decode(file, WHITE)
    assert not clear
    np.testing.assert_array_equal(np.asarray(picture), rgb)


def test_half_clear_grey(file):
    Image.merge("LA", [Image.new("L", (32, 32), 100), Image.new("L", (32, 32), 51)]).save(file)
    assert (pixels(file) == 20).all()
    assert (pixels(file, WHITE) == 224).all()  # 100 / 5 + 255 * 4 / 5


def test_palette_with_and_without_transparency(file):
    indices = np.arange(1024, dtype=np.uint8).reshape(32, 32) % 3
    palette = np.array([[10, 20, 30], [200, 100, 50], [255, 255, 255]], np.uint8)
    image = Image.new("P", (32, 32))
    image.putdata(indices.ravel().tolist())
    image.putpalette(palette.ravel().tolist())
    image.save(file)
    np.testing.assert_array_equal(pixels(file), palette[indices])
    image.save(file, transparency=1)
    clear = np.where((indices == 1)[..., None], 0, palette[indices])
    np.testing.assert_array_equal(pixels(file), clear)


@pytest.mark.parametrize("deep", [False, True])
def test_grey(file, deep):
    grey = np.arange(1024).reshape(32, 32) // 4
    Image.fromarray((grey * 257).astype(np.uint16) if deep else grey.astype(np.uint8)).save(file)
    np.testing.assert_array_equal(pixels(file), np.stack([grey] * 3, axis=2))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("background", [BLACK, WHITE])
def test_one_clear_grey_at_every_depth(file, depth, background):
    """Rows 0 to 7 are clear; the others come near to that value, and stay."""
    most = (1 << depth) - 1
    levels = np.array([most - min(1, n // 8) for n in range(32)])  # of a row each
    bits = (levels[:, None, None] >> np.arange(depth)[::-1] & 1).repeat(32, axis=1)
    rows = np.packbits(bits.reshape(32, -1).astype(np.uint8), axis=1)
    file.write_bytes(png(depth, GREY, rows, chunk(b"tRNS", struct.pack(">H", most))))
    picture, clear = decode(file, background)
    assert clear
    picture = np.asarray(picture)
    assert (picture[:8] == background).all()
    stays = 255 if depth == 16 else (most - 1) * 255 // most
    assert (picture[8:] == stays).all()


@pytest.mark.parametrize("depth", [8, 16])
def test_one_clear_colour(file, rgb, depth):
    key = np.array([1, 2, 3], np.uint8)
    rgb[:8] = key
    rgb[8:, :, 1] |= 4  # no other pixel has it
    samples = rgb if depth == 8 else (rgb.astype(np.uint16) << 8 | 7).astype(">u2")
    clear = [int(value) if depth == 8 else int(value) << 8 | 7 for value in key]
    rows = [row.tobytes() for row in samples]
    file.write_bytes(png(depth, RGB, rows, chunk(b"tRNS", struct.pack(">HHH", *clear))))
    found = pixels(file, WHITE)
    assert (found[:8] == 255).all()
    np.testing.assert_array_equal(found[8:], rgb[8:])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(tmp_path, kind, orientation):
    """A camera's pixels are turned so that a viewer shows the marked corner at the top left."""
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :8] = 255
    turned = {  # by the corner in which EXIF says that the picture's first row and column lie
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright),
        7: upright.swapaxes(0, 1)[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(turned)).save(
        tmp_path / "a", format=kind, exif=exif, **PRECISE.get(kind, {})
    )
    np.testing.assert_allclose(pixels(tmp_path / "a").astype(int), upright, atol=4)


@pytest.mark.parametrize("exif", [b"II*\0\xff\xff\xff\xff and more", b"no table of tags"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_damaged_exif_turns_nothing(file, rgb, kind, exif):
    Image.fromarray(rgb).save(file, kind, exif=b"Exif\0\0" + exif, **PRECISE.get(kind, {}))
    np.testing.assert_array_equal(pixels(file), rgb)


def orientation_6():
    exif = Image.Exif()
    exif[0x0112] = 6
    return chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))


BOMB = zlib.compress(bytes(2 * PngImagePlugin.MAX_TEXT_CHUNK))


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"Comment\0\0" + BOMB),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + BOMB),
        chunk(b"iCCP", b"profile\0\0" + BOMB),
        chunk(b"tEXt", b"Comment\0sound text, wrong checksum", checksum=1),
        65 * chunk(b"tEXt", b"Comment\0" + b"x" * PngImagePlugin.MAX_TEXT_CHUNK),
    ],
    ids=["zTXt", "iTXt", "iCCP", "checksum", "many"],
)
@pytest.mark.parametrize("turned", [False, True])
def test_sound_pixels_under_large_or_damaged_texts(file, rgb, extra, turned):
    file.write_bytes(rgb_png(rgb, extra, *[orientation_6()] * turned))
    np.testing.assert_array_equal(pixels(file), np.rot90(rgb, -1) if turned else rgb)


def test_sound_pixels_before_a_large_text(file, rgb):
    whole = rgb_png(rgb)
    file.write_bytes(whole[:-12] + chunk(b"zTXt", b"Comment\0\0" + BOMB) + whole[-12:])
    np.testing.assert_array_equal(pixels(file), rgb)


def saved(kind, size=(32, 32)):
    file = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(noise).save(file, format=kind)
    return file.getvalue()


def big_png():
    """A file of a few bytes that says it has 10,000 x 10,000 pixels."""
    header = struct.pack(">IIBBBBB", 10_000, 10_000, 8, RGB, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "^no picture inside$"),
        (b"I am no picture", "^no picture inside$"),
        (saved("PNG")[:1000], "^cut short$"),
        (saved("JPEG")[:500], "^cut short$"),
        (saved("BMP")[:1000], "^cut short$"),
        (saved("WEBP")[:300], "^damaged"),
        (saved("GIF")[:30], "^(cut short|damaged)"),
        (saved("PNG")[:30], "^(cut short|damaged)"),
        (saved("PNG")[:16] + bytes(100), "^damaged"),
        (saved("TIFF"), "^TIFF, which is not read$"),
        (big_png(), "^over 89 million pixels$"),
    ],
)
def test_what_cannot_be_read_gives_its_reason_in_a_line(file, data, reason):
    file.write_bytes(data)
    with pytest.raises(Unreadable, match=reason) as error:
        decode(file, BLACK)
    assert "\n" not in str(error.value)
    assert str(file) not in str(error.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every file")
def test_a_file_that_may_not_be_opened(file, rgb):
    file.write_bytes(rgb_png(rgb))
    file.chmod(0)
    with pytest.raises(Unreadable, match=r"^cannot be opened \(Permission denied\)$"):
        decode(file, BLACK)
