# SPDX-License-Identifier: Apache-2.0
"""Small PyTorch generators, and what their files and pictures are."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn


class Reshape(nn.Module):
    """Features to maps of `shape`."""

    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(len(x), *self.shape)


def lively(module, seed=0):
    """Move every number from where it starts, so that a mix-up shows; evaluation mode."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for each in module.modules():
            if isinstance(each, nn.BatchNorm1d | nn.BatchNorm2d):
                each.running_mean.normal_(0, 0.5)
                each.running_var.uniform_(0.5, 2)
                if each.affine:
                    each.weight.normal_(1, 0.3)
                    each.bias.normal_(0, 0.5)
            elif isinstance(each, nn.ConvTranspose2d | nn.Conv2d | nn.Linear):
                for parameter in each.parameters():
                    parameter.normal_(0, 0.4)
    return module.eval()


def plain(*, bias=False, norm=True, channels=(5, 4, 3, 1), activation=nn.ReLU, end=nn.Tanh):
    """The family of DCGAN: (N, 5, 1, 1) to (N, 1, 16, 16)."""
    modules = []
    for n, (inputs, outputs) in enumerate(pairwise(channels)):
        modules.append(nn.ConvTranspose2d(inputs, outputs, 4, min(n, 1) + 1, min(n, 1), bias=bias))
        if n + 2 < len(channels):
            modules += [nn.BatchNorm2d(outputs)] * norm + [activation()]
    return lively(nn.Sequential(*modules, *([end()] if end else [])))


def pictures(module, latent=(5, 1, 1), count=3):
    """Latents (N, numbers) and what the module draws of them."""
    z = torch.from_numpy(np.random.default_rng(1).standard_normal((count, *latent), np.float32))
    with torch.no_grad():
        return z.numpy().reshape(count, -1), module(z).numpy()
