# SPDX-License-Identifier: Apache-2.0
"""The generator and the two discriminators as PyTorch modules."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from train.networks.convolution import KERNEL, Conv2d, ConvTranspose2d

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
    planes : int
        1: colour takes three passes. 3: one pass gives R, G and B, for comparison; no model file
        holds such a network.
    """

    def __init__(self, spec, bias=False, planes=1):
        super().__init__()
        self.planes = planes
        latent, *channels = (layer.in_channels for layer in spec.layers)
        first = nn.ConvTranspose2d(latent, channels[0], KERNEL, bias=bias)
        self.layers = nn.ModuleList([first])
        for sizes in pairwise((*channels, planes)):
            self.layers.append(ConvTranspose2d(*sizes, bias=bias))

    def forward(self, z):
        """Map latents (N, latent) to planes (N, 1 or 3, 32, 32) in [-1, 1]."""
        x = torch.relu(self._first(z))
        for layer in self.layers[1:-1]:
            x = torch.relu(layer(x))
        return torch.tanh(self._last(x))

    def _first(self, z):
        layer = self.layers[0]
        x = spread_pixel(z, layer.weight)
        return x if layer.bias is None else x + layer.bias[:, None, None]

    def _last(self, x):
        layer = self.layers[-1]
        if self.planes != 1:
            return layer(x)
        planes = UpsampleToPlane.apply(x, layer.weight.to(x.dtype))
        return planes if layer.bias is None else planes + layer.bias

    def colour(self, z, v1, v2):
        """Map latents (N, latent) to RGB (N, 3, 32, 32): G(z), G(z + v1), G(z + v2).

        A network of three planes gives them all for z.
        """
        if self.planes == 3:
            return self(z)
        planes = self(torch.stack((z, z + v1, z + v2), 1).flatten(0, 1))
        return planes.view(len(z), 3, *planes.shape[2:])


def spread_pixel(x, weight):
    """``conv_transpose2d(x[:, :, None, None], weight)``: of one pixel it is a matrix product.

    Parameters
    ----------
    x : tensor, shape (N, in_channels)
    weight : tensor, shape (in_channels, out_channels, 4, 4)

    Returns
    -------
    tensor, shape (N, out_channels, 4, 4), channels last
    """
    taps = weight.permute(0, 2, 3, 1)
    return (x @ taps.flatten(1)).unflatten(1, taps.shape[1:]).permute(0, 3, 1, 2)


class UpsampleToPlane(torch.autograd.Function):
    """``conv_transpose2d(x, weight, stride=2, padding=1)`` with a kernel of 4 and one channel out.

    All 16 taps of every pixel come from one matrix product and are added up in the four phases of
    the plane, (even or odd row, even or odd column). On a CPU six times faster than PyTorch's own
    forward pass; the backward pass is PyTorch's. Not differentiable twice.

    Takes x (N, C, H, W), fastest in channels_last, and weight (C, 1, 4, 4) of the same dtype;
    returns (N, 1, 2 H, 2 W).
    """

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        count, channels, height, width = x.shape
        pixels = x.permute(0, 2, 3, 1).reshape(-1, channels)
        # Tap (kh, kw) of pixel (i, j) lands at row 2 i + kh, column 2 j + kw of the plane with
        # its margin: in phase (kh % 2, kw % 2), moved by (kh // 2, kw // 2).
        taps = (weight.flatten(1).T @ pixels.T).view(2, 2, 2, 2, count, height, width)
        taps = taps.to(torch.promote_types(x.dtype, torch.float32))  # adds faster than bfloat16
        phases = taps.new_zeros(2, 2, count, height + 1, width + 1)
        for i in (0, 1):
            for j in (0, 1):
                phases[..., i : i + height, j : j + width] += taps[i, :, j]
        plane = phases.permute(2, 3, 0, 4, 1).reshape(count, 1, 2 * height + 2, 2 * width + 2)
        return plane[..., 1:-1, 1:-1].to(x.dtype, memory_format=torch.contiguous_format)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        stride, padding, ones, zeros = (2, 2), (1, 1), (1, 1), (0, 0)
        gradients = torch.ops.aten.convolution_backward(
            gradient, x, weight, None, stride, padding, ones, True, zeros, 1, (True, True, False)
        )
        return gradients[:2]


class Discriminator(nn.Module):
    """Pictures to logits: three Conv2d 4/2/1 with LeakyReLU(0.2), then a linear layer, or two.

    A pixel of the last map sees 22 x 22 pixels of the picture. One linear layer adds up what each
    says by itself, so that a braid on the left and none on the right are both found good; a hidden
    layer sees the two together.

    Parameters
    ----------
    in_channels : int
        1 for D_grey, 3 for D_colour.
    channels : (int, int, int)
        Output channels of the convolutions.
    batch_norm : bool
        BatchNorm after every convolution, in place of biases.
    hidden : int
        Neurons, with LeakyReLU, between the last map and the logit; 0 for none.
    """

    def __init__(self, in_channels, channels=D_CHANNELS, batch_norm=True, hidden=0):
        super().__init__()
        blocks = []
        for out_channels in channels:
            blocks.append(Conv2d(in_channels, out_channels, bias=not batch_norm))
            if batch_norm:
                blocks.append(nn.BatchNorm2d(out_channels))
            blocks.append(nn.LeakyReLU(LEAKY_SLOPE))
            in_channels = out_channels
        self.features = nn.Sequential(*blocks)
        pixels = in_channels * 4 * 4
        self.hidden = nn.Linear(pixels, hidden) if hidden else None
        self.classify = nn.Linear(hidden or pixels, 1)

    def forward(self, x):
        """Map pictures (N, in_channels, 32, 32) in [-1, 1] to logits (N,)."""
        maps = self.features(x)
        if self.hidden is None:
            return _of_maps(self.classify, maps).squeeze(1)
        hidden = functional.leaky_relu(_of_maps(self.hidden, maps), LEAKY_SLOPE)
        return self.classify(hidden).squeeze(1)


def _of_maps(linear, maps):
    """``linear(maps.flatten(1))`` of maps (N, C, H, W).

    Pixel by pixel, as maps in channels_last lie in memory: forwards and backwards no copy of them.
    """
    weight = linear.weight.unflatten(1, maps.shape[1:]).permute(0, 2, 3, 1).flatten(1)
    return functional.linear(maps.permute(0, 2, 3, 1).flatten(1), weight, linear.bias)


def he_deviation(layer):
    """Standard deviation of a layer's first weights that keeps the spread of its inputs.

    ``sqrt(2 / n)``, n the inputs that reach one output: in a transposed convolution of stride 2 a
    quarter of the 16 taps of each channel, in layer 1, which sees one pixel, one.
    Source: He et al., arXiv:1502.01852, equation 10.
    """
    if isinstance(layer, nn.ConvTranspose2d):
        inputs = layer.in_channels * (1 if layer.stride == (1, 1) else 4)
    else:
        inputs = layer.weight[0].numel()
    return math.sqrt(2 / inputs)
