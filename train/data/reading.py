# SPDX-License-Identifier: Apache-2.0
"""Folders of pictures as training pictures, and what is said of those that were left out."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from support.failures import InputError
from train.data.decoding import Unreadable, decode
from train.data.finding import find
from train.data.sizes import SHAPE

TILE_LIMITS = (2, 4096)  # pixels
ELONGATED = 2  # longer side over the shorter one: what is longer is rather a sheet
_SHOWN = 3  # names of files in a line


@dataclass(frozen=True)
class Reading:
    """How a folder of pictures is read.

    Attributes
    ----------
    recursive : bool
        With the folders below it.
    tile : int, optional
        Side in pixels of the square tiles that every picture is cut into.
    background : (int, int, int)
        Red, green and blue, 0 to 255, under clear pixels and beside pictures that are not square.

    Raises
    ------
    InputError
        A value is of another type or out of range.
    """

    recursive: bool = False
    tile: int | None = None
    background: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self):
        if type(self.recursive) is not bool:
            raise InputError(f"--recursive is {self.recursive!r}; give true or false")
        low, high = TILE_LIMITS
        if self.tile is not None and (type(self.tile) is not int or not low <= self.tile <= high):
            raise InputError(f"--tile is {self.tile!r}; give {low} to {high} pixels, 32 say")
        colour = tuple(self.background)
        if len(colour) != 3 or any(type(c) is not int or not 0 <= c <= 255 for c in colour):
            raise InputError(f"--background is {self.background!r}; give R,G,B of 0 to 255 each")
        object.__setattr__(self, "background", colour)

    @classmethod
    def from_json(cls, fields):
        """Return the reading that a configuration's dictionary describes; None is the default.

        Raises
        ------
        InputError
            A field is unknown, of another type or out of range.
        """
        try:
            return cls(**fields or {})
        except (TypeError, ValueError) as error:
            raise InputError(f"reading is {fields!r}: {error}") from None

    @property
    def options(self):
        """The options that ask for this reading, as a list; it is empty by default."""
        options = ["--recursive"] if self.recursive else []
        if self.tile is not None:
            options += ["--tile", str(self.tile)]
        if any(self.background):
            options += ["--background", _named(self.background)]
        return options


DEFAULT = Reading()


def colour(text):
    """Return red, green and blue of a ``--background``: ``R,G,B``, ``#rrggbb`` or a name.

    Raises
    ------
    InputError
        It is none of these.
    """
    try:
        if "," in text and "(" not in text:
            return Reading(background=tuple(int(part) for part in text.split(","))).background
        red, green, blue = ImageColor.getrgb(text)
    except ValueError:
        raise InputError(
            f"--background is {text!r}; give R,G,B of 0 to 255 each, #rrggbb, or a colour's name"
        ) from None
    return red, green, blue


def read_folder(path, reading=DEFAULT, size=SHAPE[0]):
    """Read the pictures of a folder as training pictures.

    What is clear lies over the background, grey becomes RGB, and a picture is turned upright.
    Pictures or tiles of another size are resampled until the longer side fits, box filter down,
    nearest pixel up, and the background fills the rest. What was left out, resampled or found
    twice is said on standard error; duplicates are kept.

    Parameters
    ----------
    path : str or Path
    reading : Reading
    size : int
        Pixels each way.

    Returns
    -------
    uint8 array, shape (N, size, size, 3), RGB, N >= 1, in order of the relative paths

    Raises
    ------
    InputError
        There is no such folder, or no readable picture in it.
    """
    path = Path(path)
    if not path.is_dir():
        what = "is a file" if path.exists() else "there is no such folder"
        raise InputError(f"{path}: {what}; give a folder of pictures")
    found = find(path, reading.recursive)
    if found.class_folders:
        _note(
            f"{path}: has no pictures itself; reads the {len(found.names)} of "
            f"{_count(found.folders, 'folder')} below it"
        )
    pictures = _Pictures(reading, size)
    for name in found.names:
        try:
            picture, clear = decode(path / name, reading.background)
            pictures.add(name, picture, clear)
        except Unreadable as error:
            found.leave_out(str(error), name)
    lines = [*_left_out(found), *pictures.remarks()]
    if not pictures.read:
        why = f" ({'; '.join(lines)})" if lines else ""
        raise InputError(
            f"{path}: has no readable picture{why}; "
            "put PNG, JPEG, WebP, BMP or GIF files there, or use --data sprites"
        )
    for line in lines:
        _note(f"{path}: {line}")
    return np.stack(pictures.read)


class _Pictures:
    """The pictures read so far, and what there is to say of them.

    Parameters
    ----------
    reading : Reading
    size : int

    Attributes
    ----------
    read : list of uint8 arrays, shape (size, size, 3)
    """

    def __init__(self, reading, size):
        self.read = []
        self._reading, self._size = reading, size
        self._files = self._clear = self._resampled = self._blank = 0
        self._elongated = []

    def add(self, name, picture, clear):
        """Add a picture, or the tiles of it, read from the file `name`.

        Raises
        ------
        Unreadable
            It does not divide into tiles.
        """
        tile = self._reading.tile
        size = "{} x {}".format(*picture.size)
        if tile is not None and any(side % tile for side in picture.size):
            raise Unreadable(f"{size} pixels, no whole number of {tile} x {tile} tiles")
        self._files += 1
        self._clear += clear
        if tile is None:
            if max(picture.size) > ELONGATED * min(picture.size):
                self._elongated.append(f"{name}: {size}")
            self._keep(picture)
            return
        tiles = cut(np.asarray(picture), tile)
        drawn = (tiles != tiles[:, :1, :1]).any(axis=(1, 2, 3))
        self._blank += len(tiles) - int(drawn.sum())
        for each in tiles[drawn]:
            self._keep(Image.fromarray(each))

    def _keep(self, picture):
        if picture.size != (self._size, self._size):
            picture = _to_size(picture, self._size, self._reading.background)
            self._resampled += 1
        self.read.append(np.asarray(picture))

    def remarks(self):
        """Yield what there is to say of the pictures, a line each."""
        count = len(self.read)
        if self._reading.tile is not None:
            blank = f"; {_count(self._blank, 'blank tile')} left out" if self._blank else ""
            yield f"{_count(count, 'tile')} cut from {_count(self._files, 'picture')}{blank}"
        if self._clear:
            over = _named(self._reading.background)
            yield (
                f"{self._clear} of {self._files} pictures have clear pixels, laid over "
                f"{over} (--background takes another colour)"
            )
        if self._elongated:
            yield (
                f"{len(self._elongated)} of {count} pictures are over twice as long as wide "
                f"({_listed(self._elongated)}); --tile {self._size} cuts sheets of "
                "pictures"
            )
        if self._resampled:
            yield f"{self._resampled} of {count} pictures resampled to {self._size} x {self._size}"
        twice = count - len({each.tobytes() for each in self.read})
        if twice:
            yield f"{twice} of {count} pictures are duplicates of others"


def cut(sheet, side):
    """Cut a sheet into square tiles, row by row.

    Parameters
    ----------
    sheet : uint8 array, shape (rows * side, columns * side, 3)
    side : int

    Returns
    -------
    uint8 array, shape (rows * columns, side, side, 3)
    """
    height, width, _ = sheet.shape
    tiles = sheet.reshape(height // side, side, width // side, side, 3).swapaxes(1, 2)
    return tiles.reshape(-1, side, side, 3)


def _to_size(picture, size, background):
    side = max(picture.size)
    width, height = (max(1, round(length * size / side)) for length in picture.size)
    smooth = side > size
    resampling = Image.Resampling.BOX if smooth else Image.Resampling.NEAREST
    square = Image.new("RGB", (size, size), background)
    place = (size - width) // 2, (size - height) // 2
    square.paste(picture.resize((width, height), resampling), place)
    return square


def _left_out(found):
    """Yield which pictures are not read and why, a line each."""
    if found.left_out:
        count = sum(map(len, found.left_out.values()))
        reasons = (f"{reason}: {_listed(names)}" for reason, names in found.left_out.items())
        yield f"left out {_count(count, 'file')} ({'; '.join(reasons)})"
    if found.below:
        below = _count(found.below, "picture")
        yield f"left out {below} in folders below, which --recursive reads too"


def _listed(names):
    """Name the first few; what a terminal cannot print is shown as ``?``."""
    shown = ["".join(c if c.isprintable() else "?" for c in name) for name in names[:_SHOWN]]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(shown) + more


def _count(number, noun):
    return f"{number} {noun}{'s' * (number != 1)}"


def _named(background):
    """Return a colour as a person says it, and as ``--background`` takes it."""
    return {(0, 0, 0): "black", (255, 255, 255): "white"}.get(
        background, ",".join(map(str, background))
    )


def _note(line):
    print(f"avatar: {line}", file=sys.stderr)
