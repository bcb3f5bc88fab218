# SPDX-License-Identifier: Apache-2.0
"""The generator and the two discriminators as PyTorch modules."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

D_CHANNELS = (64, 128, 256)
LEAKY_SLOPE = 0.2


class Generator(nn.Module):
    """Latents to planes: four ConvTranspose2d, ReLU after the first three, tanh after the last.

    Parameters
    ----------
    spec : golden.spec.GeneratorSpec
        Its layers give channels, strides and paddings; its weight bits play no part here.
    bias : bool
        Whether the layers have biases. None of our recipes uses them; imported generators may.
    """

    def __init__(self, spec, bias=False):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ConvTranspose2d(
                layer.in_channels,
                layer.out_channels,
                kernel_size=4,
                stride=layer.stride,
                padding=layer.padding,
                bias=bias,
            )
            for layer in spec.layers
        )

    def forward(self, z):
        """Map latents (N, latent) to planes (N, 1, 32, 32) in [-1, 1]."""
        x = z[:, :, None, None]
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return torch.tanh(self._last(x))

    def _last(self, x):
        """Apply the last layer, (N, C3, 16, 16) to (N, 1, 32, 32), as a product and a scatter.

        On a CPU five times faster than PyTorch's transposed convolution to a single channel.
        """
        layer = self.layers[-1]
        taps = layer.weight.flatten(1).T @ x.flatten(2)
        size = 2 * x.shape[-1]
        planes = functional.fold(taps, (size, size), kernel_size=4, stride=2, padding=1)
        return planes if layer.bias is None else planes + layer.bias

    def colour(self, z, v1, v2):
        """Map latents (N, latent) to RGB (N, 3, 32, 32): G(z), G(z + v1), G(z + v2)."""
        planes = self(torch.cat((z, z + v1, z + v2)))
        return planes.view(3, len(z), *planes.shape[2:]).transpose(0, 1)


class Discriminator(nn.Module):
    """Pictures to logits: three Conv2d 4/2/1 with LeakyReLU(0.2), then a linear layer.

    Parameters
    ----------
    in_channels : int
        1 for D_grey, 3 for D_colour.
    channels : (int, int, int)
        Output channels of the convolutions.
    batch_norm : bool
        BatchNorm after every convolution, in place of biases.
    """

    def __init__(self, in_channels, channels=D_CHANNELS, batch_norm=True):
        super().__init__()
        blocks = []
        for out_channels in channels:
            blocks.append(nn.Conv2d(in_channels, out_channels, 4, 2, 1, bias=not batch_norm))
            if batch_norm:
                blocks.append(nn.BatchNorm2d(out_channels))
            blocks.append(nn.LeakyReLU(LEAKY_SLOPE))
            in_channels = out_channels
        self.features = nn.Sequential(*blocks)
        self.classify = nn.Linear(in_channels * 4 * 4, 1)

    def forward(self, x):
        """Map pictures (N, in_channels, 32, 32) in [-1, 1] to logits (N,)."""
        return self.classify(self.features(x).flatten(1)).squeeze(1)
