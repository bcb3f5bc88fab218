# SPDX-License-Identifier: Apache-2.0
"""Training pictures: drawn sprites or a user's folder, and the order in which a run sees them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from support.failures import InputError
from train.data import sprites
from train.data.reading import DEFAULT, Reading, read_folder
from train.data.sizes import SHAPE, coloured, sprites_of

SPRITES = "sprites"
MOVED = "name their folder with --data DIR"
SPRITES_SEED = 0  # of the drawn training sets: every run sees the same sprites


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Pictures and what identifies them.

    Attributes
    ----------
    source : str
        ``sprites`` or the folder.
    pictures : uint8 array, shape (N, size, size, 3 or 1), RGB or grey
    """

    source: str
    pictures: np.ndarray

    @property
    def place(self):
        """The source as it can be found from any folder."""
        return self.source if self.source == SPRITES else os.path.abspath(self.source)

    @property
    def digest(self):
        """First 16 hex digits of the SHA-256 of the pictures' bytes."""
        return hashlib.sha256(np.ascontiguousarray(self.pictures)).hexdigest()[:16]


def load(source, count, seed, reading=DEFAULT, shape=SHAPE):
    """Return the :class:`TrainingSet` that ``--data`` and ``--count`` mean.

    Parameters
    ----------
    source : str
        ``sprites``, or a folder of pictures.
    count, seed : int
        Number of sprites, and their seed; a folder is read whole.
    reading : train.data.reading.Reading
        How a folder is read.
    shape : (int, int, int)
        Height, width and colours of a picture.

    Raises
    ------
    InputError
        `count` is out of range, the folder has no readable picture, or sprites are to be read in
        a way of folders.
    """
    if source == SPRITES:
        if reading != DEFAULT:
            raise InputError(
                f"{reading.options[0]} says how a folder of pictures is read, sprites are drawn; "
                "leave it out"
            )
        sprites.check("--count", count)
        return TrainingSet(source, sprites_of(sprites.collection(count, seed)[0], shape))
    pictures = read_folder(source, reading, shape[0])
    return TrainingSet(str(source), coloured(pictures, shape[2]))


def load_again(training, whose, remedy, data=None, shape=SHAPE):
    """Return the pictures that something was trained on, where they are now.

    Parameters
    ----------
    training : dict
        ``data``, ``pictures``, ``data_digest`` and, unless it is the default, ``reading``, as
        :class:`train.run.config.RunConfig` has them.
    whose, remedy : str
        What was trained, and what to do where they are not to be had, for the message.
    shape : (int, int, int)
        Height, width and colours of a picture.
    data : str, optional
        ``sprites`` or their folder, where `training` names it no longer: their digest proves it.

    Returns
    -------
    TrainingSet

    Raises
    ------
    InputError
        They are not told, gone, or have changed; the message begins with what the user named.
    """
    source, count = training.get("data"), training.get("pictures")
    told = isinstance(source, str) and type(count) is int and count >= 1
    if not told or (source == SPRITES and count > sprites.MOST):
        raise InputError(f"{whose}: does not say what it was trained on; {remedy}")
    try:
        reading = Reading.from_json(training.get("reading"))
    except InputError as error:
        raise InputError(f"{whose}: {error}; {remedy}") from None
    if data is None and source != SPRITES and not Path(source).is_dir():
        raise InputError(f"{whose}: there is no folder {source}, its training pictures; {remedy}")
    known = load(source if data is None else data, count, SPRITES_SEED, reading, shape)
    if known.digest == training.get("data_digest"):
        return known
    if data is not None:
        raise InputError(f"{data}: these are not the pictures that {whose} was trained on")
    raise InputError(
        f"{whose}: those in {source} are not the pictures that it was trained on; {remedy}"
    )


def refuse_alike(source, pictures, purpose, least=2):
    """Refuse pictures that are too much alike for a purpose.

    Parameters
    ----------
    source : str or Path
        Where they come from, for the message.
    pictures : uint8 array, shape (N, 32, 32, 3)
    purpose : str
        What they are for, for the message.
    least : int
        How many different ones it takes.

    Raises
    ------
    InputError
        There are fewer than `least` different pictures.
    """
    different = set()
    for picture in pictures:  # of a million, the first few tell
        different.add(picture.tobytes())
        if len(different) >= least:
            return
    raise InputError(
        f"{source}: has {len(different)} different picture{'s' * (len(different) != 1)} among "
        f"{len(pictures)}; {purpose} needs at least {least}"
    )


class Batches:
    """Indices of the pictures of each step: every epoch a new order, its last short batch dropped.

    The order depends on seed and epoch only, so a resumed run goes on where it was.

    Parameters
    ----------
    count : int
        Number of pictures.
    batch : int
        Pictures a step; all of them if there are fewer.
    seed : sequence of int
        Seed of the orders.
    """

    def __init__(self, count, batch, seed):
        self.batch = min(batch, count)
        self.epoch_steps = count // self.batch
        self._count, self._seed = count, seed
        self._epoch, self._order = -1, None

    def indices(self, step):
        """Return the indices of step `step` (from 0), shape (batch,)."""
        epoch, position = divmod(step, self.epoch_steps)
        if epoch != self._epoch:
            rng = np.random.default_rng([*self._seed, epoch])
            self._epoch, self._order = epoch, rng.permutation(self._count)
        return self._order[position * self.batch : (position + 1) * self.batch]
