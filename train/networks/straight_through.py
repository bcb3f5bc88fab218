# SPDX-License-Identifier: Apache-2.0
"""A model file's integer generator with gradients to its latent."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from golden.arithmetic import ACT_MAX, LEAKY_MAX, LEAKY_MIN, TABLE_MAX, TABLE_MIN
from golden.spec import LEAKY_RELU

_REACH = 8  # entries of the table to either side, over which its slope is taken


class StraightThroughGenerator(nn.Module):
    """What :func:`golden.generator.generate` computes, in float32, differentiable in the latent.

    Backwards every rounding passes its gradient on as if it were not there (straight through),
    every clip stops it; the table passes its own slope, taken over some entries.

    Sums of products are exact while they stay below 2**24; beyond that, and where a product lies
    next to a tie, a value may differ from golden's by one. Compare with golden what is found here.

    Parameters
    ----------
    model : golden.model_file.Model
    """

    def __init__(self, model):
        super().__init__()
        self.spec = model.spec
        self._layers = []
        for n, layer in enumerate(model.spec.shapes):
            scale = 0.5 ** int(model.shift[n])
            positive = _of_channels(model.mul[n]) * scale
            leaky = layer.activation == LEAKY_RELU
            negative = _of_channels(model.neg[n]) * scale if leaky else positive
            weight = torch.from_numpy(model.weight[n].astype(np.float32))
            self._layers.append((weight, _of_channels(model.bias[n]), positive, negative))
        self._offsets = torch.zeros(1, model.spec.latent)
        if model.spec.planes == 3:
            offsets = np.stack([np.zeros_like(model.v1), model.v1, model.v2])
            self._offsets = torch.from_numpy(offsets.astype(np.float32))
        table = model.table.astype(np.float32)
        wide = np.pad(table, _REACH, mode="edge")
        self._table = torch.from_numpy(table)
        self._slope = torch.from_numpy((wide[2 * _REACH :] - wide[: -2 * _REACH]) / (2 * _REACH))

    def forward(self, z):
        """Draw latents.

        Parameters
        ----------
        z : float32 tensor, shape (N, latent)
            In steps of 1/32, -128 to 127; is rounded.

        Returns
        -------
        float32 tensor, shape (N, colours, size, size), 0 to 255
        """
        spec = self.spec
        maps = _straight_through(z, torch.round)[:, None] + self._offsets
        maps = maps.reshape(-1, spec.latent, 1, 1)
        for layer, (weight, bias, positive, negative) in zip(spec.shapes, self._layers):
            acc = functional.conv_transpose2d(maps, weight, **layer.geometry) + bias
            scaled = torch.where(acc < 0, acc * negative, acc * positive)
            maps = _straight_through(scaled + 0.5, torch.floor)
            if layer.is_last:
                maps = _Lookup.apply(maps, self._table, self._slope)
            else:
                leaky = layer.activation == LEAKY_RELU
                maps = maps.clamp(*((LEAKY_MIN, LEAKY_MAX) if leaky else (0, ACT_MAX)))
        return maps.reshape(len(z), spec.colours, spec.size, spec.size)


def _of_channels(array):
    return torch.from_numpy(array.astype(np.float32))[:, None, None]


def _straight_through(x, rounding):
    return x + (rounding(x) - x).detach()


class _Lookup(torch.autograd.Function):
    """Pixels of indices, with the slopes of a table where the index lies inside it."""

    @staticmethod
    def forward(ctx, index, table, slope):
        place = index.clamp(TABLE_MIN, TABLE_MAX).long() - TABLE_MIN
        ctx.save_for_backward(slope[place] * ((index >= TABLE_MIN) & (index <= TABLE_MAX)))
        return table[place]

    @staticmethod
    def backward(ctx, gradient):
        (slope,) = ctx.saved_tensors
        return gradient * slope, None, None
