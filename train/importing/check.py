# SPDX-License-Identifier: Apache-2.0
"""Pictures from one's own framework beside those of the imported generator."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from support.failures import CheckFailed, InputError
from train.importing.imported import SIGMOID, float_outputs
from train.importing.reading import read_arrays

TOLERANCE = 0.005  # of float outputs: half-precision weights and TF32 stay below it
LEVELS = 1  # of pixels: some round, some cut off


def check(imported, path):
    """Compare the generator with pictures of the framework that it comes from.

    Parameters
    ----------
    imported : train.importing.imported.Imported
    path : str or Path
        .npz file: ``z``, shape (N, latent) or (N, latent, 1, 1), and ``y``: floats of shape
        (N, channels, height, width) as the output function gives them, or uint8 pixels of shape
        (N, height, width, channels) or, grey, (N, height, width).

    Returns
    -------
    str
        One line: how far they are apart.

    Raises
    ------
    CheckFailed
        They differ.
    InputError
        The file is damaged, or `z` or `y` is missing or of another shape.
    """
    z, y = _read(Path(path))
    spec = imported.spec
    if z.shape[1:] not in ((spec.latent,), (spec.latent, 1, 1)) or not len(z):
        raise InputError(f"{path}: z is {z.shape}; give (N, {spec.latent})")
    channels, size = spec.layers[-1].channels, spec.size
    pixels = y.dtype == np.uint8
    wanted = (len(z), size, size, channels) if pixels else (len(z), channels, size, size)
    if pixels and channels == 1 and y.shape == wanted[:3]:
        y = y[..., None]
    if y.shape != wanted:
        kind = "uint8 pixels" if pixels else "floats"
        raise InputError(f"{path}: y is {y.shape}; the pictures are {kind} of shape {wanted}")
    found = float_outputs(imported, z.reshape(len(z), -1)).astype(np.float64)
    if pixels:
        found = _as_pixels(found, imported.output).transpose(0, 2, 3, 1)
    difference = float(np.abs(found - y.astype(np.float64)).max())
    limit, unit = (LEVELS, " of 255") if pixels else (TOLERANCE, "")
    line = f"{path}: pictures differ by at most {difference:.3g}{unit}"
    if not difference <= limit:
        raise CheckFailed(
            f"{line}, over {limit:g}; say what the table has wrong with --layer, --eps or --output"
        )
    return line


def _as_pixels(outputs, function):
    scaled = outputs * 255 if function == SIGMOID else (outputs + 1) * 127.5
    return np.rint(scaled).clip(0, 255)


def _read(path):
    arrays = read_arrays(path, ("z", "y"))
    for name, array in zip("zy", arrays):
        if array.dtype.kind not in "fu" or (array.dtype.kind == "u" and array.dtype != np.uint8):
            raise InputError(f"{path}: {name} is {array.dtype}; save float32, or y as uint8 pixels")
        if not np.isfinite(array).all():
            raise InputError(f"{path}: {name} holds a NaN or an infinity")
    return arrays
