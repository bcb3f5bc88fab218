# SPDX-License-Identifier: Apache-2.0
"""Pictures out: PNG files, folders and grids of them."""

from __future__ import annotations

import math
import time
from collections import deque
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from support.failures import InputError
from support.files import check_destination, check_folder, replacing

MAX_PIXELS = 1 << 28  # of a grid: 0.8 GB


def check_png(path):
    """Refuse a path that no PNG file can be written to; call it before the work, not after.

    Raises
    ------
    InputError
        The name does not end in .png, or :func:`support.files.check_destination` refuses it.
    """
    if Path(path).suffix.lower() != ".png":
        raise InputError(f"{path}: pictures are PNG files; give a name that ends in .png")
    check_destination(path)


def save_png(path, picture):
    """Write one picture as a PNG file, whole or not at all.

    Parameters
    ----------
    path : str or Path
    picture : uint8 array, shape (height, width, 3), or (height, width, 1): a grey one, mode L

    Raises
    ------
    InputError
        It cannot be written.
    """
    with replacing(path) as beside:
        _image(picture).save(beside, format="PNG")


def check_walk(path):
    """Refuse a path that is neither a GIF nor a PNG file; call it before the work, not after.

    Returns
    -------
    bool
        Whether it is a GIF.

    Raises
    ------
    InputError
        The name ends otherwise, or :func:`support.files.check_destination` refuses it.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".gif", ".png"):
        raise InputError(f"{path}: give a name that ends in .gif, or in .png for one row")
    check_destination(path)
    return suffix == ".gif"


def check_strip(count, scale, size):
    """Refuse a row or a GIF of `count` pictures that no machine has memory for.

    Raises
    ------
    InputError
        It has more than :data:`MAX_PIXELS`.
    """
    pixels = count * (size * scale) ** 2
    if pixels > MAX_PIXELS:
        raise InputError(
            f"--out would be {pixels / 1e6:,.0f} million pixels, over {MAX_PIXELS / 1e6:.0f}; "
            "give a smaller --scale, or fewer --frames"
        )


def save_gif(path, pictures, *, milliseconds, scale=1, common=False):
    """Write pictures as a GIF that repeats for ever, whole or not at all.

    A picture of more than 256 colours is drawn in 256 of its own; of grey ones every level is kept.

    Parameters
    ----------
    path : str or Path
    pictures : uint8 array, shape (N, height, width, 3 or 1)
    milliseconds : int
        That each is shown, a multiple of 10.
    scale : int
        Each pixel becomes a square of `scale` x `scale`.
    common : bool
        All are drawn in the colours of the last one, so that only what has changed is written.

    Raises
    ------
    InputError
        There is no such folder, or it cannot be written to.
    """
    palette = _frame(pictures[-1], 1) if common else None
    frames = [_frame(picture, scale, palette) for picture in pictures]
    with replacing(path) as beside:
        frames[0].save(
            beside,
            format="GIF",
            save_all=True,
            append_images=frames[1:],
            duration=milliseconds,
            loop=0,
            optimize=False,
        )


def _frame(picture, scale, palette=None):
    """Return a picture, enlarged, as Pillow writes it to a GIF: mode L, or P with its palette, its
    own or that of another frame.
    """
    image = _image(picture)
    if image.mode == "RGB":
        method = None if palette else Image.Quantize.MEDIANCUT
        image = image.quantize(256, method, palette=palette, dither=Image.Dither.NONE)
    height, width, _ = picture.shape
    return image.resize((width * scale, height * scale), Image.Resampling.NEAREST)


def strip(pictures, *, scale=1):
    """Lay pictures out side by side in one row.

    Parameters
    ----------
    pictures : uint8 array, shape (N, height, width, colours)
    scale : int
        Each pixel becomes a square of `scale` x `scale`.

    Returns
    -------
    uint8 array, shape (height * scale, N * width * scale, colours)
    """
    return np.concatenate(list(pictures), axis=1).repeat(scale, axis=0).repeat(scale, axis=1)


def _image(picture):
    """Return a picture as Pillow has it: mode RGB, or L for one of a single colour."""
    return Image.fromarray(
        np.ascontiguousarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture)
    )


def grid(pictures, *, scale=1):
    """Lay pictures out row by row in a grid nearly square, black where the last row ends early.

    Parameters
    ----------
    pictures : uint8 array, shape (N, height, width, 3), N >= 1
    scale : int
        Each pixel becomes a square of `scale` x `scale`.

    Returns
    -------
    uint8 array, shape (rows * height * scale, columns * width * scale, 3)
        ``columns = ceil(sqrt(N))``.
    """
    count, height, width, colours = pictures.shape
    columns = math.isqrt(count - 1) + 1
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, height, width, colours), np.uint8)
    cells[:count] = pictures
    sheet = cells.reshape(rows, columns, height, width, colours).swapaxes(1, 2)
    sheet = sheet.reshape(rows * height, columns * width, colours)
    return sheet.repeat(scale, axis=0).repeat(scale, axis=1)


def check_grid(count, scale, size):
    """Refuse a grid of `count` pictures, `size` pixels each way, that no machine has memory for.

    Raises
    ------
    InputError
        It has more than :data:`MAX_PIXELS`.
    """
    columns = math.isqrt(count - 1) + 1
    width, height = (size * scale * number for number in (columns, -(-count // columns)))
    if width * height > MAX_PIXELS:
        raise InputError(
            f"--out would be {width:,} x {height:,} pixels, over {MAX_PIXELS / 1e6:.0f} million; "
            "give a smaller --scale, or --each"
        )


def save_each(folder, pictures):
    """Write pictures as single PNG files 000.png, 001.png, ... in a folder, made if need be.

    Parameters
    ----------
    folder : str or Path
    pictures : uint8 array, shape (N, height, width, 3)

    Raises
    ------
    InputError
        The folder cannot be made or written to.
    """
    for n, picture in enumerate(pictures):
        save_png(Path(folder) / f"{n:03}.png", picture)


def check_empty(folder):
    """Refuse a folder for pictures that holds some, or cannot be made; call it before the work.

    Raises
    ------
    InputError
        It holds PNG files, or :func:`support.files.check_folder` refuses it.
    """
    check_folder(folder)
    if any(Path(folder).glob("*.png")):
        raise InputError(f"{folder}: holds pictures already; empty it, or name another folder")


class ContactSheet:
    """A PNG file of the newest pictures, kept up to date while they come.

    Parameters
    ----------
    path : str or Path
    size : int
        Pictures on it.
    every : float
        Seconds between two writings, at least.
    scale : int
        As :func:`grid`.
    """

    def __init__(self, path, *, size=64, every=1.0, scale=2):
        check_png(path)
        self.path, self.every, self.scale = path, every, scale
        self._newest = deque(maxlen=size)
        self._written = 0.0

    def add(self, picture):
        """Put a picture, uint8 (height, width, 3), behind the others; the oldest one goes."""
        self._newest.append(picture)
        if time.monotonic() - self._written >= self.every:
            self.save()

    def save(self):
        """Write the file, whole or not at all, if there is a picture."""
        if self._newest:
            save_png(self.path, grid(np.stack(self._newest), scale=self.scale))
            self._written = time.monotonic()


def side_by_side(panels, *, gap=12):
    """Lay captioned pictures out from left to right on a dark ground.

    Parameters
    ----------
    panels : dict
        Pictures by caption, uint8 arrays of one shape (height, width, 3 or 1).
    gap : int
        Pixels around and between them.

    Returns
    -------
    uint8 array, shape (height + 2 * gap + 20, len(panels) * (width + gap) + gap, 3)
    """
    caption_height = 20
    height, width, _ = next(iter(panels.values())).shape
    size = (len(panels) * (width + gap) + gap, height + 2 * gap + caption_height)
    sheet = Image.new("RGB", size, (40, 44, 52))
    draw = ImageDraw.Draw(sheet)
    for n, (caption, picture) in enumerate(panels.items()):
        left = gap + n * (width + gap)
        draw.text((left, gap // 2), caption, fill=(220, 223, 228))
        sheet.paste(_image(picture), (left, gap + caption_height))
    return np.asarray(sheet)
