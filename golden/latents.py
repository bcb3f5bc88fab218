# SPDX-License-Identifier: Apache-2.0
"""Latents: drawn from a seed or read from a file, as int8 in steps of 1/32.

Three distributions: ``normal`` is N(0, I), ``tanh`` its hyperbolic tangent, and ``categorical``
:data:`CHOICES` choices of one number each in a fifth of the latent, all alike likely: of 100
numbers there are 3.2 million different latents. Between the pictures of two categorical latents lie
no others, so that a generator may switch from one hair to another; from N(0, I) it also draws what
lies between. Source: the categorical codes of Chen et al., arXiv:1606.03657, which there have noise
beside them and a loss of their own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from golden.spec import GeneratorSpec
from support.failures import InputError
from support.files import replacing

LATENT = GeneratorSpec.PRESET_LATENT
MAX_COUNT = 100_000  # pictures at once: 300 MB
STEPS_PER_UNIT = 32  # int8 steps in one unit of a latent
DISTRIBUTIONS = ("normal", "tanh", "categorical")
CHOICES = 5  # of a categorical latent, one number each in a fifth of it
CHOSEN = 127 / STEPS_PER_UNIT  # the greatest; the others are 0


def quantize_latents(x):
    """``clip(rint(32 x), -128, 127)``: ties to even, saturating.

    Parameters
    ----------
    x : float array, finite

    Returns
    -------
    int8 array, shape of `x`
    """
    limit = 128 / STEPS_PER_UNIT
    near = np.clip(x, -limit, limit).astype(np.float64)  # huge values: no overflow
    return np.clip(np.rint(STEPS_PER_UNIT * near), -128, 127).astype(np.int8)


def distributed(normal, distribution):
    """Turn draws from N(0, I) into draws from another distribution.

    Parameters
    ----------
    normal : float array, shape (..., latent)
    distribution : str
        ``normal``: they stay. ``tanh``: their tanh. ``categorical``: of every fifth
        of them, side by side, the greatest becomes :data:`CHOSEN`, the others 0.

    Returns
    -------
    array, shape and dtype of `normal`
    """
    if distribution == "tanh":
        return np.tanh(normal)
    if distribution == "categorical":
        choices = normal.reshape(*normal.shape[:-1], CHOICES, -1)
        one_hot = np.eye(choices.shape[-1], dtype=normal.dtype)[choices.argmax(-1)]
        return (CHOSEN * one_hot).reshape(normal.shape)
    return normal


def distribution_of(training, name):
    """Return the distribution of the latents that a generator was trained on.

    Parameters
    ----------
    training : dict
        What its file tells of its training; if nothing of latents, they are normal.
    name : str or Path
        The file, for messages.

    Raises
    ------
    InputError
        They are none of :data:`DISTRIBUTIONS`.
    """
    distribution = training.get("latents", "normal")
    if distribution not in DISTRIBUTIONS:
        known = " or ".join(DISTRIBUTIONS)
        raise InputError(f"{name}: latents are {distribution!r}; give {known}")
    return distribution


def draw_latents(seed, count, distribution="normal", latent=LATENT):
    """Return the latents that ``--seed`` and ``--count`` mean.

    Parameters
    ----------
    seed, count : int
        Not negative; 1 to 100,000.
    distribution : str
        One of :data:`DISTRIBUTIONS`.
    latent : int
        Numbers in one; by default the presets'.

    Returns
    -------
    int8 array, shape (count, latent)
        ``numpy.random.default_rng(seed).standard_normal((count, latent))``, made to be
        :func:`distributed` so, and quantised.

    Raises
    ------
    InputError
        `seed` or `count` is out of range, or no categorical latent has that many numbers.
    """
    if seed < 0:
        raise InputError(f"--seed is {seed}; give 0 or a positive number")
    if not 1 <= count <= MAX_COUNT:
        raise InputError(f"--count is {count}; give 1 to {MAX_COUNT}")
    check_distribution(distribution, latent)
    normal = np.random.default_rng(seed).standard_normal((count, latent))
    return quantize_latents(distributed(normal, distribution))


def check_distribution(distribution, latent):
    """Refuse categorical latents of a size that is not a multiple of :data:`CHOICES`.

    Raises
    ------
    InputError
    """
    if distribution == "categorical" and latent % CHOICES:
        raise InputError(
            f"categorical latents have a multiple of {CHOICES} numbers, not {latent}; give normal"
        )


def load_latents(path, latent=LATENT):
    """Read a .npy file of latents.

    Parameters
    ----------
    path : str or Path
        An array of shape (N, latent) or (latent,), N >= 1: int8, taken as it is, or float, which is
        quantised.
    latent : int
        Numbers in one.

    Returns
    -------
    int8 array, shape (N, latent)

    Raises
    ------
    InputError
        There is no such file, it is no .npy file, or dtype, shape or a value is not as above.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; give a .npy file of latents")
    try:
        with path.open("rb") as file:
            latents = np.lib.format.read_array(file, allow_pickle=False)
    except Exception as error:  # the header is Python source: damaged, it fails in many ways
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{path}: is not a .npy array ({reason}); save one with numpy.save"
        ) from None
    if latents.dtype != np.int8 and latents.dtype.kind != "f":
        raise InputError(f"{path}: dtype is {latents.dtype}; latents are float, or int8 in 1/32")
    if latents.ndim not in (1, 2) or latents.shape[-1] != latent or latents.size == 0:
        raise InputError(
            f"{path}: shape is {latents.shape}; latents are (N, {latent}) or ({latent},)"
        )
    latents = np.atleast_2d(latents)
    if latents.dtype == np.int8:
        return np.ascontiguousarray(latents)
    if not np.isfinite(latents).all():
        row = int(np.argwhere(~np.isfinite(latents))[0, 0])
        raise InputError(f"{path}: latent {row} holds a NaN or an infinity; give finite numbers")
    return quantize_latents(latents)


def save_latents(path, latents):
    """Write int8 latents, shape (N, latent), as a .npy file that :func:`load_latents` reads.

    Raises
    ------
    InputError
        There is no such folder, or it cannot be written to.
    """
    with replacing(path) as beside, beside.open("wb") as file:
        np.save(file, latents)
