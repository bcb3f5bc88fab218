# SPDX-License-Identifier: Apache-2.0
"""Features of a CNN with fixed random weights: they need no training and fit any pictures.

The weights come from NumPy, so that they do not depend on PyTorch's random numbers.
"""

from __future__ import annotations

import hashlib
import math
from functools import cache

import numpy as np
import torch
from torch.nn import functional

from train.evaluate.attribute_cnn import to_tensor

SEED = 5_001
CHANNELS = (32, 64, 32)
FEATURES = CHANNELS[0] + CHANNELS[1] + 4 * CHANNELS[2]
BATCH = 100


@cache
def weights():
    """Return (weight, bias) of the three convolutions, float32 tensors of He's deviation."""
    rng = np.random.default_rng(SEED)
    layers, in_channels = [], 3
    for out_channels in CHANNELS:
        shape = (out_channels, in_channels, 3, 3)
        weight = rng.standard_normal(shape) * math.sqrt(2 / (9 * in_channels))
        bias = 0.1 * rng.standard_normal(out_channels)
        layers.append(tuple(torch.from_numpy(a.astype(np.float32)) for a in (weight, bias)))
        in_channels = out_channels
    return layers


def digest():
    """64 hex digits: SHA-256 over the weights and biases."""
    sha = hashlib.sha256()
    for arrays in weights():
        for array in arrays:
            sha.update(array.numpy().astype("<f4").tobytes())
    return sha.hexdigest()


def features(pictures):
    """Return the features of pictures.

    Three convolutions of stride 2 with ReLU. Features are the mean maps of the first two, which
    see texture wherever it is, and the means of each quarter of the third, which see the layout.

    Parameters
    ----------
    pictures : uint8 array, shape (N, 32, 32, 3)

    Returns
    -------
    float64 array, shape (N, 224)
    """
    first, second, third = weights()
    parts = []
    with torch.no_grad():
        for start in range(0, len(pictures), BATCH):
            x = to_tensor(pictures[start : start + BATCH])
            maps = []
            for weight, bias in (first, second, third):
                x = torch.relu(functional.conv2d(x, weight, bias, stride=2, padding=1))
                maps.append(x)
            quarters = functional.avg_pool2d(maps[2], 2).flatten(1)
            parts.append(torch.cat([maps[0].mean((2, 3)), maps[1].mean((2, 3)), quarters], 1))
    return torch.cat(parts).double().numpy()
