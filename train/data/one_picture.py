# SPDX-License-Identifier: Apache-2.0
"""One picture file, as a generator would draw it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from support.failures import InputError
from train.data.decoding import Unreadable, decode


def read_picture(path, size, colours):
    """Read a picture, resampled where it has another size: box filter down, nearest pixel up.

    What is not square gets black beside it, what is clear has black under it.

    Parameters
    ----------
    path : str or Path
    size : int
        Height and width.
    colours : int
        3 (R, G, B) or 1 (grey).

    Returns
    -------
    picture : uint8 array, shape (size, size, colours)
    remarks : list of str
        What was done to it that its owner should know, a line each.

    Raises
    ------
    InputError
        There is no such file, or it is no picture.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; give a picture, a PNG file say")
    try:
        picture, clear = decode(path, (0, 0, 0))
    except Unreadable as error:
        raise InputError(f"{path}: {error}; give a picture, a PNG file say") from None
    remarks = []
    if clear:
        remarks.append(f"{path}: has clear pixels, laid over black")
    if picture.size != (size, size):
        width, height = picture.size
        remarks.append(f"{path}: {width} x {height} pixels, resampled to {size} x {size}")
        smooth = max(picture.size) > size
        resampling = Image.Resampling.BOX if smooth else Image.Resampling.NEAREST
        picture = ImageOps.pad(picture, (size, size), resampling, color=(0, 0, 0))
    if colours == 1:
        grey = picture.convert("L")
        if np.any(np.asarray(picture) != np.asarray(grey)[..., None]):
            remarks.append(f"{path}: has colours, taken as grey: the generator draws grey pictures")
        picture = grey
    return np.asarray(picture).reshape(size, size, colours), remarks
