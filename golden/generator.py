# SPDX-License-Identifier: Apache-2.0
"""The integer generator: the reference that hardware is compared with, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from golden.arithmetic import activate, pixels, plane_inputs
from golden.conv_transpose import conv_transpose2d_phases
from golden.spec import PICTURE_SIZE, PLANES

BATCH = 32  # latents at a time: maps of the larger presets stay near the caches


@dataclass(frozen=True)
class LayerTrace:
    """What goes into a layer and what comes out of it, for N latents and the planes R, G, B.

    Attributes
    ----------
    inputs : array, shape (N, 3, in_channels, in_size, in_size)
        Layer 1: z, z + v1, z + v2 as int16 (9 bits signed), size 1. Others: uint8.
    accumulators : int64 array, shape (N, 3, out_channels, out_size, out_size)
        Sums of products, without bias.
    activations : uint8 array, shape of `accumulators`
        The next layer's inputs; of layer 4 the pixels.
    """

    inputs: np.ndarray
    accumulators: np.ndarray
    activations: np.ndarray


def trace(model, latents):
    """Run the generator and keep every layer.

    Parameters
    ----------
    model : golden.model_file.Model
    latents : int8 array, shape (N, latent)

    Returns
    -------
    list of 4 LayerTrace
    """
    count = len(latents)
    maps = plane_inputs(latents, model.v1, model.v2)[:, :, :, None, None]
    traces = []
    for n, layer in enumerate(model.spec.layers):
        acc = conv_transpose2d_phases(
            maps.reshape(count * PLANES, *maps.shape[2:]),
            model.weight[n],
            stride=layer.stride,
            padding=layer.padding,
        )
        facts = model.bias[n], model.mul[n], model.shift[n]
        out = activate(acc, *facts) if n < 3 else pixels(acc, *facts, model.table)
        shape = (count, PLANES, *acc.shape[1:])
        traces.append(LayerTrace(maps, acc.reshape(shape), out.reshape(shape)))
        maps = traces[-1].activations
    return traces


def generate(model, latents, *, progress=iter):
    """Turn latents into pictures.

    Parameters
    ----------
    model : golden.model_file.Model
    latents : int8 array, shape (N, latent)
    progress : callable
        Wraps the iterable of batches, as tqdm does.

    Returns
    -------
    uint8 array, shape (N, 32, 32, 3)
        Row-major, R G B.
    """
    pictures = np.empty((len(latents), PICTURE_SIZE, PICTURE_SIZE, PLANES), np.uint8)
    for start in progress(range(0, len(latents), BATCH)):
        planes = trace(model, latents[start : start + BATCH])[-1].activations
        pictures[start : start + BATCH] = planes[:, :, 0].transpose(0, 2, 3, 1)
    return pictures
