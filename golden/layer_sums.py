# SPDX-License-Identifier: Apache-2.0
"""A board's self-test: what it draws, and the sums that the reference has for every layer."""

from __future__ import annotations

import zlib
from itertools import product

import numpy as np

from golden.generator import trace
from golden.latents import LATENT, draw_latents
from golden.spec import QUAD

SEED = 0


def self_test_latents(latent=LATENT):
    """Return the latents of the self-test, int8 (latent,)."""
    return draw_latents(SEED, 1, latent=latent)[0]


def self_test_of(model, columns):
    """Return what a board that holds `model` tests itself with.

    Parameters
    ----------
    model : golden.model_file.Model
    columns : int
        Of the array.

    Returns
    -------
    tuple of int
        Latents, :func:`self_test_latents`.
    tuple of int
        What they must give, :func:`layer_sums`.
    """
    latents = self_test_latents(model.spec.latent)
    return tuple(latents.tolist()), layer_sums(model, latents, columns)


def layer_sums(model, latents, columns):
    """Return what a board answers to a self-test when all is well.

    Parameters
    ----------
    model : golden.model_file.Model
    latents : int8 array, shape (latent,)
    columns : int
        Of the array: they decide the order in which activations are finished.

    Returns
    -------
    tuple of int
        CRC-32 (:func:`zlib.crc32`) of the activations of each hidden layer, in the order of
        :func:`finished`, and of the picture, row-major.
    """
    *hidden, picture = trace(model, np.asarray(latents)[None])
    sums = [
        zlib.crc32(finished(values.activations[0], columns, layer.stride))
        for layer, values in zip(model.spec.shapes, hidden)
    ]
    planes = picture.activations[0].reshape(model.spec.colours, model.spec.size, model.spec.size)
    pixels = planes.transpose(1, 2, 0)
    return (*sums, zlib.crc32(pixels.tobytes()))


def finished(maps, columns, stride):
    """Return the activations of a layer in the order in which the array finishes them.

    Channels are cut into tiles of `columns`, a tile into the `stride` x `stride` output phases; a
    phase goes pixel by pixel, plane by plane, and channel by channel, `QUAD` at a time: behind the
    last channel of a tile, zeros fill the quad.

    Parameters
    ----------
    maps : uint8 or int8 array, shape (planes, channels, size, size)
    columns, stride : int

    Returns
    -------
    bytes
    """
    out = bytearray()
    for first in range(0, maps.shape[1], columns):
        tile = maps[:, first : first + columns]
        tile = np.pad(tile, ((0, 0), (0, -tile.shape[1] % QUAD), (0, 0), (0, 0)))
        for y, x in product(range(stride), repeat=2):
            out += tile[:, :, y::stride, x::stride].transpose(2, 3, 0, 1).tobytes()
    return bytes(out)
