# SPDX-License-Identifier: Apache-2.0
"""The integer generator: the reference that hardware is compared with, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from golden.arithmetic import activate, activate_leaky, pixels, plane_inputs
from golden.conv_transpose import conv_transpose2d_phases
from golden.spec import LEAKY_RELU

BATCH_BYTES = 1 << 24  # of the largest map's sums at a time: they stay near the caches
BATCH = 32  # latents at a time, at the most


@dataclass(frozen=True)
class LayerTrace:
    """What goes into a layer and what comes out of it, for N latents and each plane.

    Attributes
    ----------
    inputs : array, shape (N, planes, in_channels, in_size, in_size)
        Layer 1: z, or z, z + v1, z + v2, as int16 (9 bits signed), size 1. Others: uint8, behind a
        leaky layer int8.
    accumulators : int64 array, shape (N, planes, out_channels, out_size, out_size)
        Sums of products, without bias.
    activations : uint8 or int8 array, shape of `accumulators`
        The next layer's inputs; of the last layer the pixels.
    """

    inputs: np.ndarray
    accumulators: np.ndarray
    activations: np.ndarray


def layers(model, latents):
    """Run the generator and yield a :class:`LayerTrace` for each layer.

    Parameters
    ----------
    model : golden.model_file.Model
    latents : int8 array, shape (N, latent)
    """
    spec = model.spec
    if spec.planes == 3:
        maps = plane_inputs(latents, model.v1, model.v2)[..., None, None]
    else:
        maps = np.asarray(latents, np.int16)[:, None, :, None, None]
    for n, layer in enumerate(spec.shapes):
        acc = conv_transpose2d_phases(
            maps.reshape(-1, *maps.shape[2:]), model.weight[n], **layer.geometry
        )
        bias, mul, shift = model.bias[n], model.mul[n], model.shift[n]
        if layer.is_last:
            out = pixels(acc, bias, mul, shift, model.table)
        elif layer.activation == LEAKY_RELU:
            out = activate_leaky(acc, bias, mul, model.neg[n], shift)
        else:
            out = activate(acc, bias, mul, shift)
        shape = (len(latents), spec.planes, *acc.shape[1:])
        yield LayerTrace(maps, acc.reshape(shape), out.reshape(shape))
        maps = out.reshape(shape)


def trace(model, latents):
    """Run the generator and keep every layer: a list of :class:`LayerTrace`."""
    return list(layers(model, latents))


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
    uint8 array, shape (N, size, size, colours)
        Row-major; 3 colours are R G B, 1 is grey.
    """
    spec = model.spec
    largest = max(shape.out_channels * shape.out_size**2 for shape in spec.shapes)
    batch = max(1, min(BATCH, BATCH_BYTES // (8 * spec.planes * largest)))
    pictures = np.empty((len(latents), *spec.picture_shape), np.uint8)
    for start in progress(range(0, len(latents), batch)):
        for values in layers(model, latents[start : start + batch]):
            last = values.activations  # (n, planes, channels, size, size): one of the two is 1
        planes = last.reshape(len(last), spec.colours, spec.size, spec.size)
        pictures[start : start + batch] = planes.transpose(0, 2, 3, 1)
    return pictures
