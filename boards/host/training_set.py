# SPDX-License-Identifier: Apache-2.0
"""Pictures from a board as training data: what made each of them, beside them."""

from __future__ import annotations

import csv
import zlib
from pathlib import Path

import numpy as np

from support.failures import InputError
from support.files import replacing

LATENTS, INDEX = "latents.npy", "pictures.csv"


def picture_name(index):
    """Return the file name of picture number `index`."""
    return f"{index:05}.png"


def check_no_index(folder):
    """Refuse a folder that holds the index of another training set.

    Raises
    ------
    InputError
    """
    for name in (LATENTS, INDEX):
        if Path(folder, name).exists():
            raise InputError(f"{folder}: holds {name} already; empty it, or name another folder")


class TrainingSet:
    """The index of a folder of pictures, which `avatar train --data` takes as it is.

    ``latents.npy``, int8 (N, latent), row n made picture n: `avatar generate --latents` draws the
    same again. ``pictures.csv`` has a line a picture: file, row of latents.npy, seed, model id, and
    CRC-32 of its bytes.

    Parameters
    ----------
    folder : str or Path
    latents : int8 array, shape (N, latent)
    seed : int
        They were drawn from it.
    model_id : bytes
        What the board holds.
    """

    def __init__(self, folder, latents, seed, model_id):
        self.folder, self.latents = Path(folder), latents
        self.seed, self.model_id = seed, model_id
        self._sums = []

    def take(self, index, picture):
        """Note picture number `index`, uint8 (height, width, colours); they come in order."""
        self._sums.append(zlib.crc32(picture.tobytes()))

    def save(self):
        """Write both files, of the pictures noted so far, if there are any.

        Raises
        ------
        InputError
            The system refuses to write.
        """
        if not self._sums:
            return
        with replacing(self.folder / LATENTS) as beside:
            np.save(beside, self.latents[: len(self._sums)])
        with replacing(self.folder / INDEX) as beside, beside.open("w", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("file", "row", "seed", "model", "crc32"))
            for row, crc in enumerate(self._sums):
                name = picture_name(row)
                rows.writerow((name, row, self.seed, self.model_id.hex(), f"{crc:08x}"))
