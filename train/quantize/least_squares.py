# SPDX-License-Identifier: Apache-2.0
"""A transposed convolution as matrix products, one for each phase of its output pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BATCH = 32  # maps at a time


@dataclass(frozen=True)
class Phase:
    """The output pixels [row::step, column::step] of a layer and the taps that reach them.

    Attributes
    ----------
    row, column, step : int
    size : (int, int)
        How many rows and columns of pixels they are.
    taps : list of ((int, int), (int, int))
        (kh, kw) of a tap, and the input pixel it reads relative to the pixel's place in its phase.
    """

    row: int
    column: int
    step: int
    size: tuple[int, int]
    taps: list

    def inputs(self, maps):
        """Return what the taps read of maps (N, C, H, W): float64 (N * pixels, C * taps).

        Beyond the edges of a map lie zeros.
        """
        count, _, height, width = maps.shape
        offsets = [offset for _, pair in self.taps for offset in pair]
        before = max(0, -min(offsets))
        behind = max(0, max(offsets) + max(self.size) - min(height, width))
        padded = np.pad(maps, ((0, 0), (0, 0), (before, behind), (before, behind)))
        rows, columns = self.size
        read = [
            padded[:, :, before + dy : before + dy + rows, before + dx : before + dx + columns]
            for _, (dy, dx) in self.taps
        ]
        stacked = np.stack(read, axis=2).transpose(0, 3, 4, 1, 2)
        return stacked.reshape(count * rows * columns, -1).astype(np.float64)

    def outputs(self, maps):
        """Return these pixels of maps (N, C, out_size, out_size): (pixels, C)."""
        pixels = maps[:, :, self.row :: self.step, self.column :: self.step]
        return pixels.transpose(0, 2, 3, 1).reshape(-1, maps.shape[1])

    def weights(self, weight):
        """Return a layer's weight (in, out, k, k) as a matrix (in * taps, out)."""
        taps = [weight[:, :, kh, kw] for (kh, kw), _ in self.taps]
        return np.stack(taps, axis=1).reshape(-1, weight.shape[1])

    def put(self, matrix, weight):
        """Write a matrix (in * taps, out) to its places in a layer's weight (in, out, k, k)."""
        taps = matrix.reshape(len(weight), len(self.taps), -1)
        for n, ((kh, kw), _) in enumerate(self.taps):
            weight[:, :, kh, kw] = taps[:, n]


def phases(layer):
    """Split a layer into :class:`Phase` s, within each of which it is one matrix product.

    Output pixel ``stride * t + row`` reads input ``t + d`` through tap
    ``kh = row + padding - stride * d``; every tap belongs to one phase at the most. A layer that
    sees one pixel has a phase for each pixel it gives. Pixels that no tap reaches are in no phase,
    and taps that no pixel of the picture meets are in none either.
    """
    one = layer.in_size == 1
    step = layer.out_size if one else layer.stride
    along = []
    for first in range(min(step, layer.out_size)):
        length = len(range(first, layer.out_size, step))
        reach = [0] if one else range(-layer.kernel_size, layer.kernel_size + 1)
        taps = [
            (first + layer.padding - layer.stride * d, d)
            for d in reach
            if 0 <= first + layer.padding - layer.stride * d < layer.kernel_size
            and d < layer.in_size
            and d + length > 0
        ]
        along.append((first, length, taps))
    return [
        Phase(
            row,
            column,
            step,
            (rows, columns),
            [((kh, kw), (dy, dx)) for kh, dy in down for kw, dx in across],
        )
        for row, rows, down in along
        for column, columns, across in along
        if down and across
    ]


def normal_equations(layer, inputs, wanted, importance=None):
    """Sum up what the least squares of a layer's weights need.

    Parameters
    ----------
    layer : golden.spec.LayerShape
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
