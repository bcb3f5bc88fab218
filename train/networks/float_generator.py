# SPDX-License-Identifier: Apache-2.0
"""A float generator as a network: its pictures and maps."""

from __future__ import annotations

import numpy as np
import torch

from train.networks.generator import Generator, activation

BATCH = 32


def as_network(generator, spec):
    """Return a :class:`train.run.float_generator.FloatGenerator` as a
    :class:`train.networks.generator.Generator`.
    """
    network = Generator(spec, bias=True, slopes=generator.slopes, output=generator.output)
    network.requires_grad_(False)
    for n, layer in enumerate(network.layers):
        layer.weight.copy_(torch.from_numpy(generator.weight[n]))
        layer.bias.copy_(torch.from_numpy(generator.bias[n]))
    return network


def float_pictures(network, z, offsets):
    """Run the float generator.

    Parameters
    ----------
    network : train.networks.generator.Generator
    z : float32 array, shape (N, latent)
    offsets : tuple of float32 arrays, shape (latent,)
        v1 and v2 of a network of three planes, else empty.

    Returns
    -------
    float32 array, shape (N, size, size, colours), 0 to 255, not rounded
    """
    offsets = [torch.from_numpy(each) for each in offsets]
    with torch.no_grad():
        parts = [network.colour(part, *offsets) for part in torch.from_numpy(z).split(BATCH)]
    return ((torch.cat(parts) + 1) * 127.5).permute(0, 2, 3, 1).numpy()


def float_maps(network, inputs):
    """Outputs of each layer before its activation, for inputs (N, latent), layer by layer."""
    x = torch.from_numpy(inputs)[:, :, None, None]
    for layer, slope in zip(network.layers, (*network.slopes, 0.0)):
        with torch.no_grad():
            x = torch.cat([layer(part) for part in x.split(BATCH)])
        yield x.numpy()
        x = activation(x, slope)


def to_uint8(pictures):
    """Round float pictures in 0..255 to uint8."""
    return np.rint(pictures).clip(0, 255).astype(np.uint8)
