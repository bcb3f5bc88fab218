# SPDX-License-Identifier: Apache-2.0
"""What both discriminators see of every picture: moved, with a hole, under noise; made ones too.

A discriminator that never sees a training picture twice in the same place cannot learn it by heart,
and the generator, whose pictures are moved in the same way, is not asked to move them.
Source: Zhao et al., arXiv:2006.10738. Colours stay as they are: D_colour judges them. Noise hides
what no training can take away, the speckle of weights of few bits, lest it be all that a
discriminator looks at; Sonderby et al., arXiv:1610.04490, add it for all pictures' sake, Wang et
al., arXiv:2206.02262, at a level drawn for each.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

BLACK = -1.0
_LEVELS = 256  # of noise, to its most


def translate(pictures, rng, reach):
    """Move each of pictures (N, C, H, W) by -reach..reach pixels in both directions, over black."""
    n, _, height, width = pictures.shape
    padded = functional.pad(pictures, (reach,) * 4, value=BLACK)
    down, right = (
        torch.from_numpy(rng.integers(2 * reach + 1, size=(n, 1))).to(pictures.device)
        for _ in range(2)
    )
    rows = down + torch.arange(height, device=pictures.device)
    columns = right + torch.arange(width, device=pictures.device)
    batch = torch.arange(n, device=pictures.device)
    moved = padded.permute(0, 2, 3, 1)[batch[:, None, None], rows[:, :, None], columns[:, None]]
    return moved.permute(0, 3, 1, 2)


def cut_out(pictures, rng, size):
    """Blacken one square of `size` pixels, up to half of it outside, in each of (N, C, H, W)."""
    n, _, height, width = pictures.shape
    inside = []
    for length in (height, width):
        centre = rng.integers(length + 1, size=(n, 1))
        distance = np.arange(length) - centre + size // 2
        inside.append((distance >= 0) & (distance < size))
    hole = torch.from_numpy(inside[0][:, None, :, None] & inside[1][:, None, None, :])
    return pictures.masked_fill(hole.to(pictures.device), BLACK)


def add_noise(pictures, rng, most):
    """Add normal noise to pictures (N, C, H, W) in [-1, 1].

    Each picture has a standard deviation of its own, drawn from 0 to `most` grey levels of 255: all
    of what a discriminator sees is under some noise, and some of it under almost none.
    """
    share = rng.integers(_LEVELS + 1, size=(len(pictures), 1, 1, 1)) / _LEVELS
    noise = rng.standard_normal(tuple(pictures.shape), np.float32)
    noise *= (share * most / 127.5).astype(np.float32)
    return pictures + torch.from_numpy(noise).to(pictures.device)
