# SPDX-License-Identifier: Apache-2.0
"""Convolutions with a kernel of 4, stride 2 and padding 1, whose weights learn faster in bfloat16.

Forwards, and backwards to their inputs, they are PyTorch's. The gradient of the weights in bfloat16
on a CPU is one matrix product where maps are small: PyTorch's own adds up the products of one row
of pixels at a time, four of them in maps of 4 x 4, and takes three to six times as long.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.autograd import Function
from torch.nn import functional

KERNEL, STRIDE, PADDING = 4, 2, 1
SMALL = 4  # rows of the smaller map


class Conv2d(nn.Conv2d):
    """``nn.Conv2d`` of kernel 4, stride 2, padding 1: half as many rows and columns."""

    def __init__(self, in_channels, out_channels, bias=True):
        super().__init__(in_channels, out_channels, KERNEL, STRIDE, PADDING, bias=bias)

    def forward(self, x):
        """Map (N, in_channels, H, W) to (N, out_channels, H / 2, W / 2)."""
        odd = x.shape[2] % STRIDE  # the last row and column would have no gradient of their own
        if odd or not _is_slow(x, x.shape[2] // STRIDE):
            return super().forward(x)
        return _in_bfloat16(Halve, x, self)


class ConvTranspose2d(nn.ConvTranspose2d):
    """``nn.ConvTranspose2d`` of kernel 4, stride 2, padding 1: twice as many rows and columns."""

    def __init__(self, in_channels, out_channels, bias=True):
        super().__init__(in_channels, out_channels, KERNEL, STRIDE, PADDING, bias=bias)

    def forward(self, x):
        """Map (N, in_channels, H, W) to (N, out_channels, 2 H, 2 W)."""
        if not _is_slow(x, x.shape[2]):
            return super().forward(x)
        return _in_bfloat16(Double, x, self)


def _is_slow(x, rows):
    """Whether PyTorch's weight gradient is slow: `rows` are those of the smaller map."""
    kind = x.device.type
    if kind != "cpu" or rows > SMALL:
        return False
    autocast = torch.is_autocast_enabled(kind) and torch.get_autocast_dtype(kind)
    return torch.bfloat16 in (autocast, x.dtype)


def _in_bfloat16(function, x, layer):
    bias = None if layer.bias is None else layer.bias.bfloat16()
    return function.apply(x.bfloat16(), layer.weight.bfloat16(), bias)


def _gradients(ctx, gradient, transposed, to_weight):
    """Those of the input, the weight and the bias, each where it is wanted.

    The first is the `transposed` function of `gradient`; `to_weight` takes input and `gradient`.
    """
    maps, weight = ctx.saved_tensors
    wanted = ctx.needs_input_grad
    return (
        transposed.apply(gradient, weight, None) if wanted[0] else None,
        to_weight(maps, gradient) if wanted[1] else None,
        gradient.sum((0, 2, 3)) if wanted[2] else None,
    )


class Halve(Function):
    """The convolution of x (N, C, 2 H, 2 W) with weight (O, C, 4, 4): (N, O, H, W).

    Takes a bias (O,) too.
    """

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return functional.conv2d(x, weight, bias, STRIDE, PADDING)

    @staticmethod
    def backward(ctx, gradient):
        return _gradients(ctx, gradient, Double, WeightGradient.apply)


class Double(Function):
    """The transposed convolution of y (N, O, H, W) with weight (O, C, 4, 4): (N, C, 2 H, 2 W).

    Takes a bias (C,) too.
    """

    @staticmethod
    def forward(ctx, y, weight, bias):
        ctx.save_for_backward(y, weight)
        return functional.conv_transpose2d(y, weight, bias, STRIDE, PADDING)

    @staticmethod
    def backward(ctx, gradient):
        return _gradients(ctx, gradient, Halve, lambda y, x: WeightGradient.apply(x, y))


class WeightGradient(Function):
    """Of both, for x (N, C, 2 H, 2 W) and y (N, O, H, W): (O, C, 4, 4).

    One matrix product: every pixel of y times the 16 pixels of x that its window saw.
    """

    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        count, channels, height, width = x.shape
        padded = x.new_zeros(count, height + 2, width + 2, channels)
        padded[:, 1:-1, 1:-1] = x.permute(0, 2, 3, 1)
        n, row, column, _ = padded.stride()
        # Of a window's row, 4 pixels of all channels lie side by side.
        windows = padded.as_strided(
            (count, height // STRIDE, width // STRIDE, KERNEL, KERNEL * channels),
            (n, STRIDE * row, STRIDE * column, row, 1),
        )
        pixels = y.permute(0, 2, 3, 1).flatten(0, 2)
        products = pixels.T @ windows.reshape(len(pixels), -1)
        return products.unflatten(1, (KERNEL, KERNEL, channels)).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx, gradient):
        x, y = ctx.saved_tensors
        to_x, to_y = ctx.needs_input_grad
        return (
            Double.apply(y, gradient, None) if to_x else None,
            Halve.apply(x, gradient, None) if to_y else None,
        )
