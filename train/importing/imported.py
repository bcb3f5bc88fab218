# SPDX-License-Identifier: Apache-2.0
"""A generator that was made elsewhere, as a network of ours in floats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from golden.spec import GeneratorSpec
from train.networks.outputs import OUTPUTS

TANH, SIGMOID, NONE = OUTPUTS
BATCH = 64  # latents at once: the maps of 128x128 and 64 channels are then 256 MB


@dataclass(frozen=True, eq=False)
class Imported:
    """A generator read from a file, written in layers of ours, before quantisation.

    Attributes
    ----------
    spec : GeneratorSpec
        8 bits a weight, one plane.
    weight : tuple of float32 arrays, shape (in_channels, out_channels, kernel, kernel)
    bias : tuple of float32 arrays, shape (out_channels,)
    slopes : tuple of float
        Of each hidden layer, for negative sums: 0.0 is ReLU, 1.0 no activation.
    output : str
        What the last layer's sums go through: ``tanh`` (-1 to 1), ``sigmoid`` (0 to 1) or ``none``.
    table : list of dict
        What was read, rewritten and assumed, a row for each layer; see :func:`as_text`.
    checked : str
        One line: how far its pictures are from those it was compared with. Empty if with none.
    """

    spec: GeneratorSpec
    weight: tuple[np.ndarray, ...]
    bias: tuple[np.ndarray, ...]
    slopes: tuple[float, ...]
    output: str
    table: list[dict]
    checked: str = ""


def float_outputs(imported, z):
    """Compute the generator in float32.

    Parameters
    ----------
    imported : Imported
    z : float array, shape (N, latent)

    Returns
    -------
    float32 array, shape (N, channels, height, width), after the output function
    """
    z = np.ascontiguousarray(z, np.float32)
    batches = [_outputs(imported, z[n : n + BATCH]) for n in range(0, len(z), BATCH)]
    return np.concatenate(batches) if batches else _outputs(imported, z)


def _outputs(imported, z):
    x = torch.from_numpy(z)[:, :, None, None]
    slopes = (*imported.slopes, 1.0)
    layers = zip(imported.spec.shapes, imported.weight, imported.bias, slopes, strict=True)
    with torch.no_grad():
        for shape, weight, bias, slope in layers:
            weight, bias = torch.from_numpy(weight), torch.from_numpy(bias)
            x = functional.conv_transpose2d(x, weight, bias, **shape.geometry)
            x = x if slope == 1.0 else functional.leaky_relu(x, slope)
        if imported.output == TANH:
            x = torch.tanh(x)
        elif imported.output == SIGMOID:
            x = torch.sigmoid(x)
    return x.numpy()


COLUMNS = (
    "layer", "from", "maps", "kernel_size", "stride", "padding", "output_padding", "activation",
)  # fmt: skip


def as_text(imported):
    """Lay out the table: a line a layer, and below it what was rewritten and assumed there."""
    rows = [COLUMNS] + [tuple(str(row[name]) for name in COLUMNS) for row in imported.table]
    widths = [max(len(row[n]) for row in rows) for n in range(len(COLUMNS))]
    lines = []
    for row, notes in zip(rows, [[], *(row["notes"] for row in imported.table)], strict=True):
        lines.append("  ".join(map(str.ljust, row, widths)).rstrip())
        lines += [f"       {note}" for note in notes]
    return "\n".join(lines)
