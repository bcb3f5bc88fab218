# SPDX-License-Identifier: Apache-2.0
"""Exact rewrites of layers into the one that our networks have, ConvTranspose2d.

Kernels are float64 arrays in PyTorch's orders: Conv2d (out, in, kh, kw), ConvTranspose2d
(in, out, kh, kw). A ConvTranspose2d is written here without padding: of its *full* output, of
``(in - 1) * stride + k`` rows, ``crop`` rows are cut off before and behind. PyTorch's padding p and
output_padding q are the crop (p, p - q); a negative crop appends rows that no tap reaches.
"""

from __future__ import annotations

import numpy as np

from golden.spec import FIELD_RANGES
from support.failures import InputError

KERNEL_MAX = FIELD_RANGES["kernel_size"][1]
CRD, DCR = "CRD", "DCR"  # which channels DepthToSpace takes for a pixel, by ONNX's names


def mirrored(weight):
    """The transposed kernel of a Conv2d of stride 1: ``w'[i, o, t] = w[o, i, k-1-t]``.

    Padding p becomes the crop ``k - 1 - p``.
    """
    return weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]


def after_nearest(weight):
    """The kernel, of stride 2, of a nearest Upsample x2 and a transposed kernel of stride 1.

    Row j of the input stands in rows 2j and 2j + 1, so ``w'[t] = w[t] + w[t-1]`` in y and in x.
    The kernel grows by 1, and the crop stays.
    """
    inputs, outputs, height, width = weight.shape
    wider = np.zeros((inputs, outputs, height + 1, width + 1))
    for y in (0, 1):
        for x in (0, 1):
            wider[:, :, y : y + height, x : x + width] += weight
    return wider


def shuffled(weight, mode=CRD):
    """The kernel, of stride 2, of a transposed kernel of stride 1 and PixelShuffle(2).

    ``w'[i, c, 2t + a, 2u + b] = w[i, 4c + 2a + b, t, u]``; in mode DCR the channel is
    ``(2a + b) * C + c``. The crop doubles.
    """
    *inputs, outputs, height, width = weight.shape
    if mode == CRD:
        phases = weight.reshape(*inputs, outputs // 4, 2, 2, height, width)
    else:
        phases = np.moveaxis(weight.reshape(*inputs, 2, 2, outputs // 4, height, width), -3, -5)
    taps = np.moveaxis(phases, (-4, -3), (-3, -1))  # (..., c, t, a, u, b)
    return taps.reshape(*inputs, outputs // 4, 2 * height, 2 * width)


def arranged(features, places):
    """The kernel of a Linear on the latent and a reshape to maps: its weight in the map's places.

    Parameters
    ----------
    features : array, shape (..., features)
    places : int array, shape (channels, height, width)
        Which feature stands there.

    Returns
    -------
    array, shape (..., channels, height, width)
    """
    return features[..., places]


def batch_norm(mean, variance, eps, gamma=None, beta=None):
    """A BatchNorm in evaluation mode as ``scale * x + shift``, both of shape (channels,).

    ``scale = gamma / sqrt(variance + eps)``, ``shift = beta - mean * scale``.

    Raises
    ------
    InputError
        The variance and eps are together 0 or negative.
    """
    if not (variance + eps > 0).all():
        raise InputError("a running variance is negative, or 0 with an eps of 0")
    scale = (1.0 if gamma is None else gamma) / np.sqrt(variance + eps)
    return scale, (0.0 if beta is None else beta) - mean * scale


def unused_input(kernel, stride, crop):
    """Rows of the input that a crop leaves without any output, before and behind.

    They can be cut off the layer below instead, where cutting saves work: without them the crop is
    `stride` smaller for each, and smaller than the kernel.
    """
    return tuple(max(0, -(-(each - kernel + 1) // stride)) for each in crop)


def squared(weight, stride, crops):
    """Write a layer with PyTorch's equal padding, by rows and columns of zeros where it needs them.

    A row of zeros before the kernel moves everything a row down, so that one more can be cut off.

    Parameters
    ----------
    weight : array, shape (..., kh, kw)
    stride : int
    crops : two pairs of int
        Rows cut off before and behind, columns cut off before and behind.

    Returns
    -------
    weight : array, shape (..., k, k)
    padding, output_padding : int

    Raises
    ------
    InputError
        It would take a kernel over 8.
    """
    sizes = weight.shape[-2:]
    found = []
    # A padding beyond the kernel and its crops only adds zeros.
    for padding in range(max(*sizes, *(abs(each) for crop in crops for each in crop)) * 2 + 1):
        for output_padding in range(stride):
            zeros = [
                (padding - before, padding - output_padding - behind) for before, behind in crops
            ]
            kernels = {size + sum(each) for size, each in zip(sizes, zeros, strict=True)}
            if len(kernels) == 1 and min(map(min, zeros)) >= 0 and padding < max(kernels):
                found.append((max(kernels), padding, output_padding, zeros))
    if not found:
        raise InputError("its height and width are treated unlike each other")
    kernel, padding, output_padding, zeros = min(found)
    if kernel > KERNEL_MAX:
        raise InputError(
            f"would need a kernel of {kernel}x{kernel}; at most {KERNEL_MAX}x{KERNEL_MAX} is made"
        )
    return np.pad(weight, [(0, 0)] * (weight.ndim - 2) + zeros), padding, output_padding
