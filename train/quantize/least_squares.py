# SPDX-License-Identifier: Apache-2.0
"""A transposed convolution as matrix products, one for each phase of its output pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BATCH = 32  # maps at a time


@dataclass(frozen=True)
class Phase:
    """The output pixels [row::size, column::size] of a layer and the taps that reach them.

    Attributes
    ----------
    row, column, size : int
        `size` is the layer's output size over its input size.
    taps : list of ((int, int), (int, int))
        (kh, kw) of a tap, and the input pixel it reads relative to the pixel's place in its phase.
    """

    row: int
    column: int
    size: int
    taps: list

    def inputs(self, maps):
        """Return what the taps read of maps (N, C, H, W): float64 (N * H * W, C * taps)."""
        count, _, height, width = maps.shape
        padded = np.pad(maps, ((0, 0), (0, 0), (1, 1), (1, 1)))
        read = [
            padded[:, :, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
            for _, (dy, dx) in self.taps
        ]
        columns = np.stack(read, axis=2).transpose(0, 3, 4, 1, 2)
        return columns.reshape(count * height * width, -1).astype(np.float64)

    def outputs(self, maps):
        """Return these pixels of maps (N, C, out_size, out_size): (pixels, C)."""
        pixels = maps[:, :, self.row :: self.size, self.column :: self.size]
        return pixels.transpose(0, 2, 3, 1).reshape(-1, maps.shape[1])

    def weights(self, weight):
        """Return a layer's weight (in, out, 4, 4) as a matrix (in * taps, out)."""
        taps = [weight[:, :, kh, kw] for (kh, kw), _ in self.taps]
        return np.stack(taps, axis=1).reshape(-1, weight.shape[1])

    def put(self, matrix, weight):
        """Write a matrix (in * taps, out) to its places in a layer's weight (in, out, 4, 4)."""
        taps = matrix.reshape(len(weight), len(self.taps), -1)
        for n, ((kh, kw), _) in enumerate(self.taps):
            weight[:, :, kh, kw] = taps[:, n]


def phases(layer):
    """Split a layer into :class:`Phase` s, within each of which it is one matrix product.

    Output pixel ``size * t + row`` reads input ``t + d`` through tap
    ``kh = row + padding - stride * d``; every tap belongs to one phase.
    """
    size = layer.out_size // layer.in_size
    reach = [0] if layer.in_size == 1 else [-1, 0, 1]
    along = [
        [
            (first + layer.padding - layer.stride * d, d)
            for d in reach
            if 0 <= first + layer.padding - layer.stride * d < 4
        ]
        for first in range(size)
    ]
    return [
        Phase(
            row,
            column,
            size,
            [((kh, kw), (dy, dx)) for kh, dy in along[row] for kw, dx in along[column]],
        )
        for row in range(size)
        for column in range(size)
    ]


def normal_equations(layer, inputs, wanted, importance=None):
    """Sum up what the least squares of a layer's weights need.

    Parameters
    ----------
    layer : golden.spec.LayerSpec
    inputs : array (N, in, in_size, in_size)
    wanted : float array (N, out, out_size, out_size)
        Without the layer's bias.
    importance : float array, shape of `wanted` with 1 channel, optional
        Weight of the error at each output pixel.

    Yields
    ------
    phase : Phase
    hessian : float64 array, shape (in * taps, in * taps)
        Sum over pixels of x^T x, x what the phase's taps read.
    cross : float64 array, shape (in * taps, out)
        Sum of x^T y, y the outputs wanted.
    """
    for phase in phases(layer):
        hessian, cross = 0.0, 0.0
        for start in range(0, len(inputs), BATCH):
            part = slice(start, start + BATCH)
            x = phase.inputs(inputs[part])
            weighted = x if importance is None else x * phase.outputs(importance[part])
            hessian = hessian + weighted.T @ x
            cross = cross + weighted.T @ phase.outputs(wanted[part])
        yield phase, hessian, cross
