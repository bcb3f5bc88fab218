# SPDX-License-Identifier: Apache-2.0
"""Latents on the way from one to another: straight, along the sphere, or choice by choice."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from golden.latents import CHOICES, distributed, draw_latents, quantize_latents
from support.failures import InputError

FRAMES_RANGE = (2, 1000)


def lerp(z1, z2, t):
    """Points ``(1 - t) z1 + t z2`` for latents (N, D) and shares (T,): (T, N, D)."""
    t = np.asarray(t)[:, None, None]
    return (1 - t) * z1 + t * z2


def slerp(z1, z2, t):
    """Points on the arc from `z1` to `z2`, (N, D) each and none zero, at shares (T,): (T, N, D).

    ``(sin((1 - t) a) z1 + sin(t a) z2) / sin(a)``, a the angle between the two; those of two on one
    line are :func:`lerp`'s. Source: Shoemake, Animating rotation with quaternion curves, 1985,
    equation 2.
    """
    shares = np.asarray(t)[:, None, None]
    norms = np.linalg.norm(z1, axis=1) * np.linalg.norm(z2, axis=1)
    angle = np.arccos(np.clip((z1 * z2).sum(1) / norms, -1, 1))[:, None]
    on_a_line = np.sin(angle) < 1e-6
    sine = np.where(on_a_line, 1, np.sin(angle))
    arc = (np.sin((1 - shares) * angle) * z1 + np.sin(shares * angle) * z2) / sine
    return np.where(on_a_line, lerp(z1, z2, t), arc)


def walk(seeds, frames, latent, distribution="normal", way=slerp):
    """Latents on the way from seed to seed; from three on it is a round trip.

    The way leads between draws from N(0, I), which are then distributed and quantised: at a seed it
    meets the latent that :func:`golden.latents.draw_latents` gives.

    Parameters
    ----------
    seeds : sequence of int
        Two or more. A last one that equals the first only says that the trip is round.
    frames : int
        Latents from one seed to the next, 2 to 1000: of two seeds both ends are counted, on a round
        trip the next one belongs to the next leg.
    latent : int
        Numbers in one.
    distribution : str
        ``normal`` or ``tanh``.
    way : callable
        :func:`slerp` or :func:`lerp`.

    Returns
    -------
    int8 array, shape (frames or legs * frames, latent)

    Raises
    ------
    InputError
        Fewer than two seeds, two equal ones in a row, a negative one, or `frames` out of range.
    """
    low, high = FRAMES_RANGE
    if not low <= frames <= high:
        raise InputError(f"--frames is {frames}; give {low} to {high}")
    legs, is_round = _legs(seeds)
    shares = np.linspace(0, 1, frames, endpoint=not is_round)
    parts = []
    for begin, end in legs:
        z1, z2 = (np.random.default_rng(s).standard_normal((1, latent)) for s in (begin, end))
        parts.append(way(z1, z2, shares)[:, 0])
    return quantize_latents(distributed(np.concatenate(parts), distribution))


def hops(seeds, latent):
    """Categorical latents from seed to seed, of which each differs from the last in one choice.

    Parameters
    ----------
    seeds : sequence of int
        As for :func:`walk`.
    latent : int
        Numbers in one.

    Returns
    -------
    int8 array, shape (N, latent)
        N is one and the number of choices that differ, on a round trip without the one.

    Raises
    ------
    InputError
        As :func:`walk`, or there are no categorical latents of that size.
    """
    legs, is_round = _legs(seeds)
    found = []
    for begin, end in legs:
        here, there = (
            draw_latents(seed, 1, "categorical", latent).reshape(CHOICES, -1)
            for seed in (begin, end)
        )
        for place in np.flatnonzero((here != there).any(1)):
            found.append(here.ravel())
            here = here.copy()
            here[place] = there[place]
    if not is_round or not found:
        found.append(there.ravel())
    return np.stack(found)


def _legs(seeds):
    """Return pairs of seeds to go between, and whether the last leg leads back to the first."""
    seeds = list(seeds)
    is_round = len(seeds) > 2
    if is_round and seeds[0] == seeds[-1]:
        seeds.pop()
    if len(seeds) < 2:
        raise InputError("--seeds names one seed; give two or more, with commas between")
    if min(seeds) < 0:
        raise InputError(f"--seeds has {min(seeds)}; give 0 or positive numbers")
    legs = list(pairwise([*seeds, seeds[0]] if is_round else seeds))
    for begin, end in legs:
        if begin == end:
            raise InputError(f"--seeds has {begin} twice in a row; give different ones")
    return legs, is_round
