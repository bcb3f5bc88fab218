# SPDX-License-Identifier: Apache-2.0
"""The latent whose picture is nearest to a given one, by what the integer generator draws.

A categorical latent is a handful of choices, and a picture takes milliseconds: all the options of
one choice are tried, then those of the next, until none helps. Other latents come from a gradient
(:mod:`train.evaluate.inversion`) and are polished here, a step of the int8 numbers at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from golden.generator import generate
from golden.latents import CHOICES, draw_latents
from support.failures import InputError

POOL = 256  # latents that are drawn; the search begins at the nearest of them
STARTS = 8
_AT_ONCE = 64  # pictures that are compared at a time, for the memory


@dataclass(frozen=True)
class Found:
    """The nearest latent that a search has met.

    Attributes
    ----------
    latent : int8 array, shape (latent,)
    picture : uint8 array, shape (height, width, colours)
        What the reference draws of it.
    distance : float
        Root of the mean square of the differences to the picture looked for, in grey levels.
    is_local_optimum : bool
        Whether no latent that differs in one choice, or in one number by one step, is nearer.
    drawn : int
        Pictures that were compared.
    """

    latent: np.ndarray
    picture: np.ndarray
    distance: float
    is_local_optimum: bool
    drawn: int


class Target:
    """A picture to be found: how far the pictures of latents are from it.

    Parameters
    ----------
    model : golden.model_file.Model
    picture : uint8 array, shape (height, width, colours), as the model draws them
    told : callable
        Is told how many pictures more were compared.

    Attributes
    ----------
    drawn : int
        Pictures that were compared.

    Raises
    ------
    InputError
        The picture has another shape.
    """

    def __init__(self, model, picture, told=lambda count: None):
        if picture.shape != model.spec.picture_shape:
            raise InputError(
                f"the picture is {picture.shape}; the model draws {model.spec.picture_shape}"
            )
        self.model, self.picture, self.drawn = model, picture, 0
        self._told = told
        self._known = {}  # of each latent compared; searches come back to many

    def squares(self, latents):
        """Sums of squared differences of the pictures of latents (N, latent): int64 (N,)."""
        rows = [row.tobytes() for row in latents]
        new = list(dict.fromkeys(row for row in rows if row not in self._known))
        for start in range(0, len(new), _AT_ONCE):
            part = new[start : start + _AT_ONCE]
            drawn = generate(
                self.model, np.frombuffer(b"".join(part), np.int8).reshape(len(part), -1)
            )
            differences = drawn.astype(np.int32) - self.picture
            sums = (differences**2).sum(axis=(1, 2, 3), dtype=np.int64)
            self._known |= zip(part, sums.tolist())
            self.drawn += len(part)
            self._told(len(part))
        return np.array([self._known[row] for row in rows])

    def nearest_drawn(self, seed, distribution, count=STARTS):
        """Return the nearest `count` of :data:`POOL` latents drawn from `seed`, nearest first."""
        latents = draw_latents(seed, POOL, distribution, self.model.spec.latent)
        return latents[np.argsort(self.squares(latents), kind="stable")[:count]]

    def found(self, latent, is_local_optimum):
        """Return a latent (latent,) as :class:`Found`."""
        squares = int(self.squares(latent[None])[0])
        return Found(
            latent,
            generate(self.model, latent[None])[0],
            float(np.sqrt(squares / self.picture.size)),
            is_local_optimum,
            self.drawn,
        )


def search_choices(target, seed):
    """Find a categorical latent by coordinate descent from several starts.

    Parameters
    ----------
    target : Target
    seed : int
        Of the latents that the search begins with.

    Returns
    -------
    Found
        A local optimum: no other option of any one choice is nearer.
    """
    best, nearest = None, None
    for start in target.nearest_drawn(seed, "categorical"):
        latent, squares = _descend(target, start)
        if nearest is None or squares < nearest:
            best, nearest = latent, squares
        if nearest == 0:
            break
    return target.found(best, is_local_optimum=True)


def _descend(target, latent):
    """Take of one choice after the other the best option, until none of them changes."""
    choices = latent.reshape(CHOICES, -1)
    options = np.eye(choices.shape[1], dtype=np.int8) * choices.max()
    (squares,) = target.squares(latent[None])
    place = unchanged = 0
    while unchanged < CHOICES:
        tried = np.repeat(choices[None], len(options), axis=0)
        tried[:, place] = options
        found = target.squares(tried.reshape(len(options), -1))
        unchanged += 1
        if found.min() < squares:
            choices, squares, unchanged = tried[found.argmin()], found.min(), 1
        place = (place + 1) % CHOICES
    return choices.ravel(), squares


def polish(target, latent, limits, most):
    """Move numbers of a latent by a step of int8 each, as long as its picture comes nearer.

    Parameters
    ----------
    target : Target
    latent : int8 array, shape (latent,)
    limits : (int, int)
        Least and greatest number of a latent.
    most : int
        Pictures after which the last round begins.

    Returns
    -------
    Found
        A local optimum unless `most` was reached.
    """
    (squares,) = target.squares(latent[None])
    begun = target.drawn
    steps = np.concatenate([np.eye(len(latent), dtype=np.int16) * sign for sign in (1, -1)])
    while target.drawn - begun < most:
        tried = np.clip(latent + steps, *limits).astype(np.int8)
        found = target.squares(tried)
        helping = np.flatnonzero(found < squares)
        if not len(helping):
            return target.found(latent, is_local_optimum=True)
        helping = helping[np.argsort(found[helping], kind="stable")]
        # Steps that help alone may be too much together: the best one, two, four, ..., all.
        counts = [2**n for n in range(len(helping).bit_length())] + [len(helping)]
        together = np.stack([latent + steps[helping[:count]].sum(0) for count in counts])
        together = np.clip(together, *limits).astype(np.int8)
        found = target.squares(together)
        latent, squares = together[found.argmin()], found.min()
    return target.found(latent, is_local_optimum=False)
