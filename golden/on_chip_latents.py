# SPDX-License-Identifier: Apache-2.0
"""The latents that a board draws for itself, from a seed: integers throughout.

*Words.* Three shift registers of 31, 29 and 28 bits move on by 12, 4 and 17 steps for a word, which
is the exclusive or of their contents, 32 bits. Their polynomials are x^31 + x^13 + 1, x^29 + x^2 +
1 and x^28 + x^3 + 1. Source: taus88 in L'Ecuyer, "Maximally equidistributed combined Tausworthe
generators", Math. Comp. 65 (1996), 203-213. It repeats after (2^31 - 1)(2^29 - 1)(2^28 - 1) words.
A seed has 32 bits: the lower 30 begin the first register, the upper 28 the second, and a one goes
in front of each, so that two seeds never begin alike and no register is empty. The first
:data:`WARM_UP` words are dropped: by then a bit of the seed changes about half the bits of a word,
always the same ones, since registers are linear.

*Normal numbers.* The lower 15 bits of a word's upper half address a table of the inverse of the
normal distribution, its highest bit is the sign. The table ends at 127, 3.97 sigma.

*Categorical latents.* A word w chooses ``(w * options) >> 32``. No option of n is likelier than
another by more than n / 2^32 of its share, 5e-8 where there are 204.

*Walks.* Normal latents move on a quarter of a circle from each drawn latent a to the next, b: step
t of n is ``clip((a * cos + b * sin + 128) >> 8, -128, 127)`` with :data:`SINES` of the quarter's
share t / n. Both are independent, so that every step is as normal as its ends; no angle between
them is needed. Of categorical latents the five choices change in turn, one a picture, each to
another option, all others alike likely.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import islice
from statistics import NormalDist

import numpy as np

from golden.latents import CHOICES, CHOSEN, MAX_COUNT, STEPS_PER_UNIT, check_distribution
from support.failures import InputError

MAX_SEED = 2**32 - 1
WARM_UP = 1024  # words
WORD = 2**32 - 1  # mask
SIZES = (31, 29, 28)  # bits of the registers: the uppermost of 32
TAPS = (13, 2, 3)
STEPS = (12, 4, 17)
MAGNITUDE_BITS = 15  # of a word, that address the table
ARC = 32  # steps of the finest walk
SINES = tuple(round(256 * math.sin(math.pi / 2 * t / ARC)) for t in range(ARC + 1))
DISTRIBUTIONS = ("normal", "categorical")


def words(seed):
    """Yield the words of a seed, 32 bits each, without end.

    Parameters
    ----------
    seed : int
        0 to :data:`MAX_SEED`.

    Raises
    ------
    InputError
    """
    check_seed(seed)
    first = 1 << 31 | (seed & (1 << 30) - 1) << 1
    second = 1 << 31 | (seed >> 4) << 3
    return islice(tausworthe(first, second, 1 << 31), WARM_UP, None)


def check_seed(seed, name="--on-chip-seed"):
    """Refuse a seed that has more than 32 bits, or is negative.

    Raises
    ------
    InputError
    """
    if not 0 <= seed <= MAX_SEED:
        raise InputError(f"{name} is {seed}; give 0 to {MAX_SEED}")


def check_walk(steps):
    """Refuse a walk of other steps than 2, 4, 8, 16 and 32.

    Raises
    ------
    InputError
    """
    if steps not in (2, 4, 8, 16, ARC):
        raise InputError(f"--walk is {steps}; give 2, 4, 8, 16 or 32 steps")


def tausworthe(*registers):
    """Yield the words that follow three registers, in the upper 31, 29 and 28 of 32 bits."""
    a, b, c = registers
    (size_a, size_b, size_c), (tap_a, tap_b, tap_c), (step_a, step_b, step_c) = SIZES, TAPS, STEPS
    kept_a, kept_b, kept_c = (WORD ^ WORD >> size for size in SIZES)
    while True:
        a = (a & kept_a) << step_a & WORD | (a ^ a << tap_a & WORD) >> size_a - step_a
        b = (b & kept_b) << step_b & WORD | (b ^ b << tap_b & WORD) >> size_b - step_b
        c = (c & kept_c) << step_c & WORD | (c ^ c << tap_c & WORD) >> size_c - step_c
        yield a ^ b ^ c


@cache
def magnitudes():
    """Return the table of the normal distribution: uint8 array, shape (2^15,), ascending.

    Entry u is the middle of an equal share of the upper half of N(0, 1), in 1/32.
    """
    inverse = NormalDist().inv_cdf
    shares = 2**MAGNITUDE_BITS
    middles = (inverse(0.5 + (u + 0.5) / (2 * shares)) for u in range(shares))
    return np.array([min(round(STEPS_PER_UNIT * x), 127) for x in middles], np.uint8)


def draw_on_chip(seed, count, distribution, latent, steps=1):
    """Return the first latents that a board draws from a seed.

    Parameters
    ----------
    seed : int
        0 to :data:`MAX_SEED`.
    count : int
        1 to 100,000.
    distribution : str
        One of :data:`DISTRIBUTIONS`.
    latent : int
        Numbers in one.
    steps : int
        1: each latent is drawn anew. 2, 4, 8, 16 or 32: a walk, of so many steps from one drawn
        latent to the next; or of a categorical latent, of one choice a picture.

    Returns
    -------
    int8 array, shape (count, latent)

    Raises
    ------
    InputError
        A number is out of range, or the chip draws no such latents.
    """
    if distribution not in DISTRIBUTIONS:
        raise InputError(
            f"latents are {distribution}; the chip draws {' or '.join(DISTRIBUTIONS)} ones only"
        )
    if not 1 <= count <= MAX_COUNT:
        raise InputError(f"--count is {count}; give 1 to {MAX_COUNT}")
    if steps != 1:
        check_walk(steps)
    check_distribution(distribution, latent)
    drawn = words(seed)
    if distribution == "categorical":
        return _categorical(drawn, count, latent // CHOICES, walking=steps > 1)
    arcs = -(-count // steps)
    points = np.fromiter(drawn, np.uint32, (arcs + 1) * latent).reshape(arcs + 1, latent)
    sines = np.array(SINES)[:: ARC // steps]
    return arc(_normal(points), sines)[:count]


def _normal(drawn):
    """Return the normal numbers that words choose: int8 array of their shape."""
    size = magnitudes()[drawn >> 16 & (1 << MAGNITUDE_BITS) - 1].astype(np.int8)
    return np.where(drawn >> 31, -size, size)


def arc(points, sines):
    """Return the steps of a walk over the quarters between neighbouring points.

    Parameters
    ----------
    points : int8 array, shape (arcs + 1, latent)
    sines : int array, shape (steps + 1,)
        256 times the sine of each step's share of the quarter, from 0 to 256.

    Returns
    -------
    int8 array, shape (arcs * steps, latent)
        Each arc without its last point, which is the next one's first.
    """
    sine, cosine = sines[None, :-1, None], sines[::-1][None, :-1, None]
    a, b = points[:-1, None].astype(np.int64), points[1:, None].astype(np.int64)
    walk = (a * cosine + b * sine + 128) >> 8
    return walk.clip(-128, 127).astype(np.int8).reshape(-1, points.shape[1])


def _categorical(drawn, count, options, *, walking):
    """Return categorical latents, int8 array, shape (count, 5 * options)."""
    latents = np.zeros((count, CHOICES, options), np.int8)
    choices = [0] * CHOICES
    for n, latent in enumerate(latents):
        if walking and n:
            which = (n - 1) % CHOICES
            on = next(drawn) * (options - 1) >> 32
            choices[which] = (choices[which] + 1 + on) % options
        else:
            choices = [next(drawn) * options >> 32 for _ in range(CHOICES)]
        latent[range(CHOICES), choices] = CHOSEN * STEPS_PER_UNIT
    return latents.reshape(count, -1)
