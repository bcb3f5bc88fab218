# SPDX-License-Identifier: Apache-2.0
"""A run of a generator that was trained elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from golden.latents import DISTRIBUTIONS, check_distribution
from support.failures import InputError
from support.files import make_folder, remove_folder
from train.importing.network import import_network
from train.importing.reading import read_arrays
from train.run.config import CONFIG, RunConfig, check_run_folder
from train.run.float_generator import FloatGenerator

RECIPE = "import"


def read_offsets(path, latent):
    """Read v1 and v2 from a .npz file: float32 arrays, shape (latent,).

    Raises
    ------
    InputError
        As :func:`train.importing.reading.read_arrays`, or `v1` or `v2` is of another shape or type
        or not finite.
    """
    names = ("v1", "v2")
    offsets = []
    for name, array in zip(names, read_arrays(path, names)):
        if array.dtype.kind not in "fiu":
            raise InputError(f"{path}: {name} is {array.dtype}; save real numbers")
        with np.errstate(over="ignore"):
            offset = array.astype(np.float32)
        if offset.shape != (latent,) or not np.isfinite(offset).all():
            raise InputError(f"{path}: {name} is not {latent} finite numbers")
        offsets.append(offset)
    return offsets


def import_generator(
    path, run, *, offsets=None, offsets_seed=None, latents="normal", force=False, **options
):
    """Write a run from a generator's file.

    Parameters
    ----------
    path : str or Path
    run : str or Path
        The run's folder, made unless it exists; it must not hold a run unless `force`.
    offsets : str or Path, optional
        .npz file with the v1 and v2 that a generator of one channel was trained with: its pictures
        are then in colour, R = G(z), G = G(z + v1), B = G(z + v2).
    offsets_seed : int, optional
        Seed to draw v1 and v2 from N(0, I) with, in place of such a file.
    latents : str
        The distribution it was trained on, one of :data:`golden.latents.DISTRIBUTIONS`.
    force : bool
        Replace the run that the folder holds.
    options
        As :func:`train.importing.network.import_network`.

    Returns
    -------
    train.importing.imported.Imported

    Raises
    ------
    InputError
        As :func:`train.importing.network.import_network`, :func:`read_offsets`, or the folder holds
        a run. No folder is made.
    support.failures.CheckFailed
        Its pictures are not those that it was compared with.
    """
    if offsets is not None and offsets_seed is not None:
        raise InputError("v1 and v2 come from --v FILE.npz or from --v-seed S; give one of them")
    if offsets_seed is not None and offsets_seed < 0:
        raise InputError(f"--v-seed is {offsets_seed}; give 0 or a positive number")
    if latents not in DISTRIBUTIONS:
        raise InputError(f"--latent is {latents}; give {' or '.join(DISTRIBUTIONS)}")
    imported = import_network(path, **options)
    spec, latent = imported.spec, imported.spec.latent
    check_distribution(latents, latent)
    pair = ()
    if offsets is not None or offsets_seed is not None:
        if spec.layers[-1].channels != 1:
            raise InputError(
                f"{path}: gives three channels in one pass; v1 and v2 are of generators of one: "
                "leave --v and --v-seed out"
            )
        spec = replace(spec, planes=3)
        if offsets is not None:
            pair = tuple(read_offsets(offsets, latent))
        else:
            pair = tuple(
                np.random.default_rng(offsets_seed).standard_normal((2, latent), np.float32)
            )
    check_run_folder(run, force)
    generator = FloatGenerator(
        weight=imported.weight,
        bias=imported.bias,
        offsets=pair,
        progress={"steps": 0, "seconds": 0},
        slopes=imported.slopes if any(imported.slopes) else (),
        output=imported.output,
    )
    FloatGenerator.from_arrays(generator.arrays, generator.facts, spec, path)  # checks them
    if force:
        remove_folder(run, CONFIG)
    make_folder(run)
    generator.save(run)
    RunConfig(
        spec=spec,
        recipe=RECIPE,
        steps=0,
        seed=offsets_seed or 0,
        latents=latents,
        data=Path(path).name,
    ).save(run)
    return imported
