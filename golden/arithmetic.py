# SPDX-License-Identifier: Apache-2.0
"""The integer arithmetic between the convolutions; ``>>`` is the arithmetic shift, so it floors."""

from __future__ import annotations

import numpy as np

ACT_MAX = 255
LEAKY_MIN, LEAKY_MAX = -128, 127
TABLE_MIN, TABLE_MAX = -512, 511


def plane_inputs(latents, v1, v2):
    """Inputs of the planes R, G and B: z, z + v1 and z + v2, not saturated.

    Parameters
    ----------
    latents : int8 array, shape (N, latent)
    v1, v2 : int8 arrays, shape (latent,)

    Returns
    -------
    int16 array, shape (N, 3, latent)
        9 bits signed, -256 to 254.
    """
    z = np.asarray(latents, np.int16)
    return np.stack([z, z + v1, z + v2], axis=1)


def requantize(acc, bias, mul, shift, *, low, high, neg=None):
    """Rescale accumulators: ``clip(((acc + bias) * mul + 2**(shift - 1)) >> shift, low, high)``.

    Parameters
    ----------
    acc : integer array, shape (..., out_channels, height, width)
        Sums of products without bias, at most 2**31 in magnitude.
    bias : int32 array, shape (out_channels,)
    mul : uint16 array, shape (out_channels,)
        Mantissa of the rescaling factor ``mul / 2**shift``.
    shift : int, 1 to 40
        Exponent, shared by the layer.
    low, high : int
        Bounds of the result.
    neg : uint16 array, shape (out_channels,), optional
        In place of `mul` where ``acc + bias`` is negative.

    Returns
    -------
    int64 array, shape of `acc`

    Rounding is half towards +infinity (`RND`), overflow saturates (`SAT`).
    Source: Jacob et al., arXiv:1712.05877, section 2.2, except for the tie rule.
    """
    shift = int(shift)
    biased = np.asarray(acc, np.int64) + np.asarray(bias, np.int64)[:, None, None]
    factor = np.asarray(mul, np.int64)[:, None, None]
    if neg is not None:
        factor = np.where(biased < 0, np.asarray(neg, np.int64)[:, None, None], factor)
    product = biased * factor  # below 2**49: exact
    return np.clip((product + (1 << (shift - 1))) >> shift, low, high)


def activate(acc, bias, mul, shift):
    """ReLU: :func:`requantize` to 0..255, uint8."""
    return requantize(acc, bias, mul, shift, low=0, high=ACT_MAX).astype(np.uint8)


def activate_leaky(acc, bias, mul, neg, shift):
    """Leaky ReLU: :func:`requantize` with `neg` below zero, to -128..127, int8."""
    low, high = LEAKY_MIN, LEAKY_MAX
    return requantize(acc, bias, mul, shift, low=low, high=high, neg=neg).astype(np.int8)


def pixels(acc, bias, mul, shift, table):
    """Pixels of the last layer: :func:`requantize` to -512..511, looked up in `table`.

    The table, uint8 (1024,), holds tanh or another function and the step to 0..255.
    """
    index = requantize(acc, bias, mul, shift, low=TABLE_MIN, high=TABLE_MAX)
    return np.asarray(table)[index - TABLE_MIN]
