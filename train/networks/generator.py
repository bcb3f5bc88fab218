# SPDX-License-Identifier: Apache-2.0
"""The generator and the two discriminators as PyTorch modules."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from train.networks.convolution import KERNEL, Conv2d, ConvTranspose2d
from train.networks.outputs import OUTPUTS

D_CHANNELS = (64, 128, 256)
LEAKY_SLOPE = 0.2
LAST_MAP = 4  # pixels each way, about


class Generator(nn.Module):
    """Latents to planes: a ConvTranspose2d a layer, with a (leaky) ReLU after each but the last.

    Parameters
    ----------
    spec : golden.spec.GeneratorSpec
        Its weight bits play no part here.
    bias : bool
        Whether the layers have biases. None of our recipes uses them; imported generators may.
    slopes : sequence of float, optional
        Of the hidden layers below zero: 0 for ReLU, 1 for no activation; by default all 0.
    output : str
        A name in :data:`train.networks.outputs.OUTPUTS`.
    """

    def __init__(self, spec, bias=False, slopes=None, output="tanh"):
        super().__init__()
        self.planes = spec.planes
        self.slopes = tuple(slopes or (0.0,) * (len(spec.layers) - 1))
        self.output = OUTPUTS[output]
        self.layers = nn.ModuleList()
        for shape in spec.shapes:
            layer = _layer(shape, bias)
            layer.products = shape.products  # that one output sums, for the first weights
            self.layers.append(layer)

    def forward(self, z):
        """Map latents (N, latent) to planes (N, 1 or 3, size, size) in [-1, 1]."""
        x = z[:, :, None, None]
        for layer, slope in zip(self.layers, self.slopes):
            x = activation(layer(x), slope)
        return self.output(self.layers[-1](x))

    def colour(self, z, *offsets):
        """Map latents (N, latent) to pictures (N, 3 or 1, size, size) in [-1, 1].

        Of three planes they are G(z), G(z + v1), G(z + v2), with `offsets` v1 and v2; of one plane
        G(z), and `offsets` is empty or of no effect.
        """
        if self.planes == 1:
            return self(z)
        planes = self(torch.stack((z, *(z + v for v in offsets)), 1).flatten(0, 1))
        return planes.view(len(z), self.planes, *planes.shape[2:])


def activation(x, slope):
    """Leaky ReLU of a slope, of which 0 makes a ReLU."""
    return torch.relu(x) if slope == 0 else functional.leaky_relu(x, slope)


def _layer(shape, bias):
    """Return the module of a layer: where there is a faster one than PyTorch's, that one."""
    sizes = (shape.in_channels, shape.out_channels)
    if shape.in_size == 1 and shape.padding == shape.output_padding == 0:
        return OfOnePixel(*sizes, shape.kernel_size, shape.stride, bias=bias)
    doubles = (shape.kernel_size, *shape.geometry.values()) == (KERNEL, 2, 1, 0)
    if doubles and shape.out_channels == 1:
        return ToPlane(*sizes, bias=bias)
    if doubles:
        return ConvTranspose2d(*sizes, bias=bias)
    return nn.ConvTranspose2d(*sizes, shape.kernel_size, **shape.geometry, bias=bias)


class OfOnePixel(nn.ConvTranspose2d):
    """``nn.ConvTranspose2d`` without padding, of maps (N, C, 1, 1)."""

    def forward(self, x):
        """Map (N, in_channels, 1, 1) to (N, out_channels, kernel, kernel)."""
        x = spread_pixel(x.flatten(1), self.weight)
        return x if self.bias is None else x + self.bias[:, None, None]


class ToPlane(ConvTranspose2d):
    """``nn.ConvTranspose2d`` of kernel 4, stride 2, padding 1 and one channel out."""

    def forward(self, x):
        """Map (N, in_channels, H, W) to (N, 1, 2 H, 2 W)."""
        plane = UpsampleToPlane.apply(x, self.weight.to(x.dtype))
        return plane if self.bias is None else plane + self.bias


def spread_pixel(x, weight):
    """``conv_transpose2d(x[:, :, None, None], weight)``: of one pixel it is a matrix product.

    Parameters
    ----------
    x : tensor, shape (N, in_channels)
    weight : tensor, shape (in_channels, out_channels, kernel, kernel)

    Returns
    -------
    tensor, shape (N, out_channels, kernel, kernel), channels last
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
    """Pictures to logits: Conv2d 4/2/1 with LeakyReLU(0.2), then a linear layer, or two.

    A pixel of the last map sees 22 x 22 pixels of the picture. One linear layer adds up what each
    says by itself, so that a braid on the left and none on the right are both found good; a hidden
    layer sees the two together.

    Parameters
    ----------
    in_channels : int
        1 for D_grey, 3 for D_colour.
    channels : sequence of int
        Output channels of the convolutions of 32x32; larger pictures have more of the last.
    batch_norm : bool
        BatchNorm after every convolution, in place of biases.
    hidden : int
        Neurons, with LeakyReLU, between the last map and the logit; 0 for none.
    size : int
        Height and width of a picture, 8 or more: the last map has 3 to 5 pixels each way.
    """

    def __init__(self, in_channels, channels=D_CHANNELS, batch_norm=True, hidden=0, size=32):
        super().__init__()
        halvings = round(math.log2(size / LAST_MAP))
        channels = (*channels, *channels[-1:] * halvings)[:halvings]
        blocks = []
        for out_channels in channels:
            blocks.append(Conv2d(in_channels, out_channels, bias=not batch_norm))
            if batch_norm:
                blocks.append(nn.BatchNorm2d(out_channels))
            blocks.append(nn.LeakyReLU(LEAKY_SLOPE))
            in_channels = out_channels
        self.features = nn.Sequential(*blocks)
        pixels = in_channels * (size >> halvings) ** 2
        self.hidden = nn.Linear(pixels, hidden) if hidden else None
        self.classify = nn.Linear(hidden or pixels, 1)

    def forward(self, x):
        """Map pictures (N, in_channels, size, size) in [-1, 1] to logits (N,)."""
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

    ``sqrt(2 / n)``, n the inputs that reach one output: in a transposed convolution of kernel 4 and
    stride 2 a quarter of the 16 taps of each channel, in layer 1, which sees one pixel, one.
    Source: He et al., arXiv:1502.01852, equation 10.
    """
    inputs = getattr(layer, "products", None) or layer.weight[0].numel()
    return math.sqrt(2 / inputs)
