# SPDX-License-Identifier: Apache-2.0
"""Which colours a set of pictures gives to which shapes and beside which other colours.

In a set drawn by hand hair of one cut is often of one colour, and a jacket goes with a skirt. A new
picture gets a palette's colour as often as pictures have it that are like it in the regions, and in
the palettes coloured before, that tell most. What tells is found by leaving out each picture and
guessing its colour from the others: a habit is kept if it guesses better, by more than chance does.
Where colours are independent there is none, and they are drawn as often as they occur.

The guess is a kernel estimate, its widths chosen by leave-one-out likelihood as in Hall, Racine and
Li, "Cross-validation and the estimation of conditional probability densities" (JASA 99, 2004).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from train.data.likeness import LEAST_GAIN, distances, evidence_of, regions

WIDTHS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5)  # of kernels, in median distances of a region
UNLIKE = 0.002  # least weight of a picture, however unlike
OTHERS = (0.005, 0.02, 0.1, 0.3)  # weights of a picture with another colour of another palette
PRIOR = 1.0  # pictures: the weight of how often a colour occurs at all


class Habit(NamedTuple):
    """What tells the colour of one palette.

    Attributes
    ----------
    regions : dict
        Width of the kernel by region, in squared distance.
    palettes : dict
        Weight of a picture with another colour, by number of an earlier palette.
    """

    regions: dict
    palettes: dict


@dataclass(frozen=True, eq=False)
class ColourHabits:
    """The habits of a set, and its pictures that are evidence of them.

    Attributes
    ----------
    palettes : train.data.recolouring.Palettes
    habits : list of Habit
        One a palette, perhaps empty.
    alike : int array, shape (E, 32, 32)
        The evidence, in common colours.
    colours : int array, shape (palettes, E)
        The colour of each palette that they have; -1 for none.
    """

    palettes: object
    habits: list
    alike: np.ndarray
    colours: np.ndarray

    def __bool__(self):
        return any(habit.regions or habit.palettes for habit in self.habits)

    def of(self, alike):
        """Return :meth:`shares` of pictures (N, 32, 32) in common colours.

        Returns
        -------
        callable
            Takes which of the pictures, then `number` and `indices` as :meth:`shares`.
        """
        closeness = self._closeness(alike)

        def shares(which, number, indices):
            near = closeness[number]
            return self.shares(number, near if near is None else near[which], indices)

        return shares

    def _closeness(self, alike):
        """Return, palette by palette, how near pictures are by the regions that tell, or None."""
        new, known = (regions(self.palettes, each, each.shape[1]) for each in (alike, self.alike))
        found = []
        for habit in self.habits:
            weights = None
            for region, width in habit.regions.items():
                kernel = _by_distance(distances(new[region], known[region]), width)
                weights = kernel if weights is None else weights * kernel
            found.append(weights)
        return found

    def shares(self, number, closeness, indices):
        """Return how often pictures have each colour of a palette, as far as habits tell.

        Parameters
        ----------
        number : int
            Of the palette.
        closeness : float32 array, shape (N, E), or None
            How near the pictures are to the evidence; None where no region tells.
        indices : int array, shape (N, 32, 32)
            The pictures, in their colours of the palettes before.

        Returns
        -------
        float array, shape (N, colours)
        """
        palette, habit = self.palettes.palettes[number], self.habits[number]
        if not (habit.regions or habit.palettes):
            return np.broadcast_to(palette.weights, (len(indices), len(palette.weights)))
        known = self.colours[number] >= 0
        weights = np.ones((len(indices), known.sum()), np.float32)
        if closeness is not None:
            weights *= closeness[:, known]
        for other, weight in habit.palettes.items():
            own = self.palettes.palettes[other].colours(indices)
            weights *= np.where(own[:, None] == self.colours[other, known], np.float32(1), weight)
        return _estimate(weights, self.colours[number, known], palette.weights)


def find_colour_habits(palettes, indices, alike):
    """Find what tells the colours of pictures.

    Parameters
    ----------
    palettes : train.data.recolouring.Palettes
    indices, alike : int array, shape (N, 32, 32)
        The pictures in their own colours, and in common ones.

    Returns
    -------
    ColourHabits
    """
    chosen = evidence_of(len(indices))
    indices, alike = indices[chosen], alike[chosen]
    colours = np.array([each.colours(indices) for each in palettes.palettes], np.int64)
    kernels = {}
    for region, pixels in regions(palettes, alike, alike.shape[1]).items():
        squares = distances(pixels, pixels)
        if squares.any():
            median = np.median(squares[squares > 0])
            widths = [width * median for width in WIDTHS]
            kernels[region] = [(width, _by_distance(squares, width)) for width in widths]
    habits = [
        _habit(number, palette.weights, colours, kernels)
        for number, palette in enumerate(palettes.palettes)
    ]
    return ColourHabits(palettes, habits, alike, colours.reshape(len(habits), len(indices)))


def _habit(number, share, colours, kernels):
    """Choose, one at a time, what guesses the colour of a palette best."""
    known = colours[number] >= 0
    own, square = colours[number, known], np.ix_(known, known)
    options = {region: [(w, k[square]) for w, k in each] for region, each in kernels.items()}
    for other in range(number):
        same = colours[other, known, None] == colours[other, known]
        options[other] = [(weight, np.where(same, 1, weight)) for weight in OTHERS]
    weights = 1.0 - np.eye(len(own))  # a picture is no evidence of itself
    best, chosen = _likelihood(weights, own, share), {}
    while options:
        found = [
            (_likelihood(weights * kernel, own, share), name, width, kernel)
            for name, each in options.items()
            for width, kernel in each
        ]
        likelihood, name, width, kernel = max(found, key=lambda each: each[0])
        if likelihood - best < LEAST_GAIN:
            break
        best, weights, chosen[name] = likelihood, weights * kernel, float(width)
        del options[name]
    return Habit(
        {name: width for name, width in chosen.items() if isinstance(name, tuple)},
        {name: weight for name, weight in chosen.items() if isinstance(name, int)},
    )


def _by_distance(squares, width):
    return UNLIKE + (1 - UNLIKE) * np.exp(-squares / np.float32(width))


def _estimate(weights, colours, share):
    """Shares of the colours of pictures (E,) with weights (N, E): (N, colours)."""
    each = weights @ np.eye(len(share), dtype=weights.dtype)[colours]
    return (each + PRIOR * share) / (weights.sum(1, keepdims=True) + PRIOR)


def _likelihood(weights, own, share):
    """Logarithm of the chance of all pictures' own colours."""
    return float(np.log(_estimate(weights, own, share)[np.arange(len(own)), own]).sum())
