# SPDX-License-Identifier: Apache-2.0
"""Latents: drawn from a seed or read from a file, as int8 in steps of 1/32."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from golden.spec import LATENT, InputError

MAX_COUNT = 100_000  # pictures at once: 300 MB
STEPS = 32  # one unit of a latent in int8 steps


def quantize_latents(x):
    """``clip(rint(32 x), -128, 127)``: ties to even, saturating.

    Parameters
    ----------
    x : float array, finite

    Returns
    -------
    int8 array, shape of `x`
    """
    near = np.clip(x, -128 / STEPS, 128 / STEPS).astype(np.float64)  # huge values: no overflow
    return np.clip(np.rint(STEPS * near), -128, 127).astype(np.int8)


def draw_latents(seed, count):
    """Return the latents that ``--seed`` and ``--count`` mean.

    Parameters
    ----------
    seed, count : int
        Not negative; 1 to 100,000.

    Returns
    -------
    int8 array, shape (count, 100)
        ``numpy.random.default_rng(seed).standard_normal((count, 100))``, quantised.

    Raises
    ------
    InputError
        `seed` or `count` is out of range.
    """
    if seed < 0:
        raise InputError(f"--seed is {seed}; give 0 or a positive number")
    if not 1 <= count <= MAX_COUNT:
        raise InputError(f"--count is {count}; give 1 to {MAX_COUNT}")
    return quantize_latents(np.random.default_rng(seed).standard_normal((count, LATENT)))


def load_latents(path):
    """Read a .npy file of latents.

    Parameters
    ----------
    path : str or Path
        An array of shape (N, 100) or (100,), N >= 1: int8, taken as it is, or float, quantised.

    Returns
    -------
    int8 array, shape (N, 100)

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
    if latents.ndim not in (1, 2) or latents.shape[-1] != LATENT or latents.size == 0:
        raise InputError(
            f"{path}: shape is {latents.shape}; latents are (N, {LATENT}) or ({LATENT},)"
        )
    latents = np.atleast_2d(latents)
    if latents.dtype == np.int8:
        return np.ascontiguousarray(latents)
    if not np.isfinite(latents).all():
        row = int(np.argwhere(~np.isfinite(latents))[0, 0])
        raise InputError(f"{path}: latent {row} holds a NaN or an infinity; give finite numbers")
    return quantize_latents(latents)
