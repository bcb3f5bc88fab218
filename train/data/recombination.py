# SPDX-License-Identifier: Apache-2.0
"""More pictures from few: the upper part of one over the lower part of another, in other colours.

Figures in one pose agree along the neck or the waist, so that the head of one fits the body of the
other where a seam from the left edge to the right one runs through pixels that are alike in both.
Of a few hundred pictures, of which a discriminator would learn every one by heart, this makes
thousands. The seam is the minimum error boundary cut of Efros and Freeman, "Image Quilting for
Texture Synthesis and Transfer" (SIGGRAPH 2001), here between whole pictures.

Where the pictures share palettes (:mod:`train.data.recolouring`), seams run between pictures in
the same colours, where more of them do not show, and what they join then gets colours anew.

What the set keeps together stays together: heads come onto bodies that they are often on
(:mod:`train.data.part_habits`), or keep theirs, and get colours that they often have
(:mod:`train.data.colour_habits`). Where parts and colours are independent nothing holds them.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from support.failures import InputError
from train.data.colour_habits import find_colour_habits
from train.data.distance import nearest, rms, typical_distance
from train.data.part_habits import find_part_habits
from train.data.recolouring import find_palettes

FIRST_ROW, LAST_ROW = 12, 25  # of the lower picture, in any column
SLOPE = 2  # rows that a seam may rise or fall from a column to the next
LEAST_CHANGE = 0.85  # distance to both parents, as a share of pictures' to their nearest neighbours
NEIGHBOURS_OF = 1_000  # pictures, at most
PARTNERS, PAIRS = 256, 1 << 17  # tried for each picture, and in all, at most: seconds
JOINED = 15  # pairs a picture where colours make many of each: the best seams
LEAST_RECOLOURED = 0.5  # as LEAST_CHANGE, to all pictures: real ones are hardly ever that near
DRAWS = 10  # of a picture's colours until it is not that near
MOST = PAIRS  # pictures made
_SEED = 8_004  # of the partners, and of the pictures whose neighbours are looked for
_COLOURS_SEED = 8_005
_BLOCK = 512  # pairs, or pictures, at once: they fit a cache


def seams(difference):
    """Find the seams that show least.

    Parameters
    ----------
    difference : int32 array, shape (N, 32, 32)
        Between the pixels of a pair of pictures, squared.

    Returns
    -------
    rows : int array, shape (N, 32)
        The first row of the lower picture, column by column.
    cost : int32 array, shape (N,)
        Sum of the differences of the two pixels beside the seam, over the columns.
    """
    band = difference[:, FIRST_ROW - 1 : LAST_ROW + 1].transpose(2, 1, 0)
    beside = band[:, :-1] + band[:, 1:]
    width, height, pairs = beside.shape
    steps = np.empty((width, height, pairs), np.int8)
    cost = beside[0]
    outside = np.full((SLOPE, pairs), np.iinfo(np.int32).max, np.int32)
    for column in range(1, width):
        padded = np.concatenate((outside, cost, outside))
        before = np.stack([padded[k : k + height] for k in range(2 * SLOPE + 1)])
        steps[column] = before.argmin(0) - SLOPE
        cost = beside[column] + before.min(0)
    rows = np.empty((width, pairs), np.int64)
    rows[-1] = cost.argmin(0)
    for column in range(width - 1, 0, -1):
        step = np.take_along_axis(steps[column], rows[column][None], 0)[0]
        rows[column - 1] = rows[column] + step
    return FIRST_ROW + rows.T, cost.min(0)


def _above(rows):
    """Where the upper picture shows: (N, 32, 32), of the seams' rows (N, 32)."""
    return np.arange(rows.shape[1])[:, None] < rows[:, None]


class Recombined(NamedTuple):
    """Pictures made of parts of others, and of others' colours.

    Attributes
    ----------
    pictures : uint8 array, shape (M, 32, 32, 3)
    upper, lower : int array, shape (M,)
        Indices of the pictures that their parts are of; the same twice where only colours changed.
    """

    pictures: np.ndarray
    upper: np.ndarray
    lower: np.ndarray


def recombine(pictures, count, *, progress=iter):
    """Make new pictures of the upper part of one, the lower part of another and others' colours.

    Where all pictures have the same outlines only their colours change.

    Parameters
    ----------
    pictures : uint8 array, shape (N, 32, 32, 3)
    count : int
        Number of new ones; fewer where neither pairs nor colours give as many, and at most
        :data:`MOST`.
    progress : callable
        Wraps the iterable of blocks of pairs, and that of blocks of pictures, as tqdm does.

    Returns
    -------
    Recombined

    Raises
    ------
    InputError
        All that pairs and colours give is near to the pictures.
    """
    count = min(count, MOST)
    palettes, indices = find_palettes(pictures)
    alike = palettes.in_common_colours(indices)
    pairs = joinable(palettes.rgb[alike], progress=progress)
    parts = find_part_habits(palettes.rgb[alike], FIRST_ROW, LAST_ROW)
    if parts is not None:
        pairs = pairs.take(parts.usual(pairs.upper, pairs.lower))
    if not (palettes.palettes or len(pairs.cost)):
        raise _nothing_new(pictures)
    own = np.arange(len(pictures))
    for most in (min(count, JOINED * len(pictures)), count):
        chosen = choose(pairs, most)
        joined = join(alike, chosen)
        blanks = np.concatenate((joined, indices))  # each picture by itself behind the joined ones
        share = _share_joined(chosen, parts, palettes)
        choices = palettes.choices(blanks)
        turns = _turns(choices[: len(joined)], round(share * count))
        if share < 1:
            alone = _turns(choices[len(joined) :], count - len(turns))
            turns = np.concatenate((turns, len(joined) + alone))
        if len(turns) == count:
            break
    upper, lower = (np.concatenate((each, own))[turns] for each in (chosen.upper, chosen.lower))
    if not palettes.palettes:
        return Recombined(palettes.rgb[blanks[turns]], upper, lower)
    habits = find_colour_habits(palettes, indices, alike)
    shares_of = habits.of(np.concatenate((joined, alike))) if habits else None
    made, new = in_other_colours(
        blanks, turns, palettes, pictures, upper, lower, shares_of, progress=progress
    )
    if not new.any():
        raise _nothing_new(pictures)
    return Recombined(made[new], upper[new], lower[new])


def _share_joined(chosen, parts, palettes):
    """Return the share of new pictures that joined ones are to be, where colours can change."""
    if not palettes.palettes:
        return 1.0
    if not len(chosen.cost):
        return 0.0
    return 1.0 if parts is None else parts.share(chosen.upper, chosen.lower)


def _nothing_new(pictures):
    return InputError(
        f"recombined, the training pictures ({len(pictures):,}) give none that is not near to one "
        "of them; give more pictures (--count, --data), or --recombine 0"
    )


def _turns(choices, count):
    """Return `count` indices, round by round, none more often than its `choices`, (N,), say."""
    turns, rounds = [np.arange(0)], 0
    while sum(map(len, turns)) < count and (choices > rounds).any():
        turns.append(np.flatnonzero(choices > rounds))
        rounds += 1
    return np.concatenate(turns)[:count]


def in_other_colours(
    indices, turns, palettes, pictures, upper, lower, shares_of=None, *, progress=iter
):
    """Draw the colours of pictures, up to :data:`DRAWS` times until they are near to no given one.

    Parameters
    ----------
    indices : int array, shape (N, 32, 32)
    turns : int array, shape (M,)
        Which of them each picture is.
    palettes : train.data.recolouring.Palettes
    pictures : uint8 array, shape (K, 32, 32, 3)
        The given ones; beside its parents each new one is compared with :data:`NEIGHBOURS_OF`.
    upper, lower : int array, shape (M,)
        The parents.
    shares_of : callable, optional
        As of :meth:`train.data.colour_habits.ColourHabits.of`; by default every picture has colours
        as often as all have.
    progress : callable
        Wraps the iterable of blocks of pictures.

    Returns
    -------
    made : uint8 array, shape (M, 32, 32, 3)
    new : bool array, shape (M,)
        Whether each is near to none.
    """
    rng = np.random.default_rng(_COLOURS_SEED)
    some = pictures[rng.permutation(len(pictures))[:NEIGHBOURS_OF]]
    least_change = LEAST_RECOLOURED * _apart(pictures, rng)
    made = np.empty((len(turns), *pictures.shape[1:]), np.uint8)
    new = np.zeros(len(turns), bool)
    for start in progress(range(0, len(turns), _BLOCK)):
        near = np.arange(start, min(start + _BLOCK, len(turns)))
        for _ in range(DRAWS):
            these = turns[near]
            shares = shares_of and partial(shares_of, these)
            made[near] = palettes.rgb[palettes.in_drawn_colours(indices[these], rng, shares)]
            distances = [rms(made[near], pictures[each[near]]) for each in (upper, lower)]
            distances.append(nearest(made[near], some)[0])
            new[near] = np.min(distances, 0) >= least_change
            near = near[~new[near]]
            if not len(near):
                break
    return made, new


class Pairs(NamedTuple):
    """Pairs of pictures.

    Attributes
    ----------
    upper, lower : int array, shape (M,)
        Indices of the pictures.
    rows : int array, shape (M, 32)
        Their seams, as of :func:`seams`.
    cost : int32 array, shape (M,)
    """

    upper: np.ndarray
    lower: np.ndarray
    rows: np.ndarray
    cost: np.ndarray

    def take(self, index):
        """Return some of the pairs."""
        return Pairs(*(each[index] for each in self))


def joinable(pictures, *, progress=iter):
    """Find where pictures can be joined.

    Pairs are left out that make a picture near to one of the two, which shows nothing new.

    Parameters
    ----------
    pictures, progress
        As :func:`recombine`.

    Returns
    -------
    Pairs
    """
    number = len(pictures)
    rng = np.random.default_rng(_SEED)
    partners = max(1, min(PARTNERS, PAIRS // number))
    offsets = rng.permutation(np.arange(1, number))[:partners]
    upper = np.tile(np.arange(number), len(offsets))
    lower = (upper + np.repeat(offsets, number)) % number
    width = pictures.shape[2]
    rows, cost = np.empty((len(upper), width), np.int8), np.empty(len(upper), np.int32)
    new = np.empty(len(upper), bool)
    least_change = (LEAST_CHANGE * _apart(pictures, rng)) ** 2 * pictures[0].size
    for start in progress(range(0, len(upper), _BLOCK)):
        block = np.s_[start : start + _BLOCK]
        parents = (pictures[each[block]].astype(np.int32) for each in (upper, lower))
        difference = (np.subtract(*parents) ** 2).sum(-1, dtype=np.int32)
        rows[block], cost[block] = seams(difference)
        above = _above(rows[block])
        from_upper, from_lower = (difference.sum((1, 2), where=where) for where in (~above, above))
        new[block] = np.minimum(from_upper, from_lower) > least_change
    return Pairs(upper, lower, rows, cost).take(new)


def choose(pairs, count):
    """Return up to `count` of the pairs.

    Those whose seam is among the few best of its upper or of its lower picture, so that every
    picture gives about as many heads, and bodies, as every other.
    """
    ranks = (_ranks(each, pairs.cost) for each in (pairs.upper, pairs.lower))
    best = np.lexsort((pairs.cost, np.minimum(*ranks)))[:count]
    return pairs.take(np.sort(best))


def join(indices, pairs):
    """Return what :class:`Pairs` of pictures make, of the pictures' indices (N, 32, 32)."""
    return np.where(_above(pairs.rows), indices[pairs.upper], indices[pairs.lower])


def _apart(pictures, rng):
    """Median distance of pictures to their nearest neighbours, in grey levels; alone, 0."""
    if len(pictures) < 2:
        return 0.0
    own = rng.permutation(len(pictures))[:NEIGHBOURS_OF]
    return typical_distance(pictures[own], pictures, own=own)


def _ranks(group, cost):
    """Place of each cost, from 0, among those of its group."""
    order = np.lexsort((cost, group))
    first = np.searchsorted(group[order], group[order])
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - first
    return ranks
