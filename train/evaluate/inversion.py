# SPDX-License-Identifier: Apache-2.0
"""The latent whose picture is nearest, of a generator whose latents are no choices: by gradient.

The network is full of places where the gradient is no guide (a ReLU's zero, the ends of the table),
so that Gauss-Newton from where Adam ends finds nothing nearer. What helps are large steps, and a
pull towards 0, where latents come from, which fades with them: the nearest of eight starts is then
some 5 grey levels from a picture that `compact` drew itself, where 256 draws come to 40.
"""

from __future__ import annotations

import numpy as np
import torch

from golden.inversion import polish
from golden.latents import STEPS_PER_UNIT
from support.progress import bar
from train.networks.straight_through import StraightThroughGenerator
from train.networks.torch_tools import half_cosine, one_thread

STEPS = 300
RATE = 0.3  # of Adam, in units of the latent, at the beginning
BETAS = (0.9, 0.99)
PULL = 0.3  # towards 0: share of the loss that a latent of variance 1 adds to it, at the beginning
MAPS_BYTES = 1 << 28  # of the layers' outputs that are kept for the gradient
POLISHING = 20_000  # pictures
LIMITS = {"normal": (-128, 127), "tanh": (-STEPS_PER_UNIT, STEPS_PER_UNIT)}


def search_gradient(target, seed, distribution, steps=STEPS):
    """Find a latent by Adam from several starts through the integer network, then polish it.

    Parameters
    ----------
    target : golden.inversion.Target
    seed : int
        Of the latents that the search begins with.
    distribution : str
        ``normal`` or ``tanh``: bounds the numbers.
    steps : int
        Of Adam.

    Returns
    -------
    golden.inversion.Found
    """
    limits = LIMITS[distribution]
    starts = target.nearest_drawn(seed, distribution)
    spec = target.model.spec
    outputs = spec.planes * sum(layer.out_channels * layer.out_size**2 for layer in spec.shapes)
    group = max(1, MAPS_BYTES // (4 * 4 * outputs))  # four float32 tensors an output
    with one_thread():
        network = StraightThroughGenerator(target.model)
        parts = [starts[n : n + group] for n in range(0, len(starts), group)]
        met = np.concatenate([_descend(network, target, part, limits, steps) for part in parts])
    nearest = met[target.squares(met).argmin()]
    return polish(target, nearest, limits, POLISHING)


def _descend(network, target, starts, limits, steps):
    """Return the starts, and for each the nearest latent on its way: int8 (2 * starts, latent)."""
    wanted = torch.from_numpy(target.picture.transpose(2, 0, 1).astype(np.float32))
    low, high = (limit / STEPS_PER_UNIT for limit in limits)
    z = torch.from_numpy(starts.astype(np.float32) / STEPS_PER_UNIT).requires_grad_()
    adam = torch.optim.Adam([z], RATE, betas=BETAS)
    nearest = torch.full((len(starts),), torch.inf)
    kept = torch.zeros_like(z)
    for step in bar(range(steps), desc="descend", unit="step"):
        left = half_cosine(step, steps)
        adam.param_groups[0]["lr"] = RATE * left
        pictures = network(z * STEPS_PER_UNIT)
        loss = ((pictures - wanted) ** 2).mean((1, 2, 3))
        with torch.no_grad():
            nearer = loss < nearest
            nearest = torch.where(nearer, loss, nearest)
            kept[nearer] = z[nearer]
        adam.zero_grad()
        pull = PULL * left * (z**2).mean(1) * loss.detach()
        (loss + pull).sum().backward()
        adam.step()
        with torch.no_grad():
            z.clamp_(low, high)
    met = torch.round(kept * STEPS_PER_UNIT).numpy().astype(np.int8)
    return np.concatenate([starts, met])
