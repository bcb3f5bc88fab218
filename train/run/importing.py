# SPDX-License-Identifier: Apache-2.0
"""Generators trained elsewhere: a state_dict becomes a run that quantize takes."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch

from golden.latents import DISTRIBUTIONS, LATENT
from golden.spec import GeneratorSpec
from support.failures import InputError
from support.files import make_folder, remove_folder
from train.run.config import CONFIG, RunConfig, check_run_folder
from train.run.float_generator import FloatGenerator
from train.run.folding import fold

RECIPE = "import"


def read_state_dict(path):
    """Read a state_dict without running code from the file.

    Parameters
    ----------
    path : str or Path
        What ``torch.save(generator.state_dict(), path)`` wrote.

    Returns
    -------
    dict of str to torch.Tensor, in layer order

    Raises
    ------
    InputError
        There is no such file, or it is anything else.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; give a generator's state_dict")
    remedy = "save it with torch.save(generator.state_dict(), FILE)"
    try:
        with warnings.catch_warnings(action="ignore"):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a damaged file raises anything, and PyTorch's advice is to run its code
        raise InputError(f"{path}: is damaged or is not a state_dict; {remedy}") from None
    if not isinstance(state, dict) or not all(torch.is_tensor(t) for t in state.values()):
        raise InputError(f"{path}: does not hold tensors by name alone; {remedy}")
    return {_printable(str(name)): tensor for name, tensor in state.items()}


def _printable(name):
    return name if name.isprintable() else ascii(name)


def read_offsets(path):
    """Read v1 and v2 from a .npz file: float32 arrays, shape (100,).

    Raises
    ------
    InputError
        There is no such file, it is damaged, or `v1` or `v2` is missing, of another shape or type
        or not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; save v1 and v2 with numpy.savez")
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            path.open("rb") as opened,  # np.load leaves a damaged file open
            np.load(opened, allow_pickle=False) as file,
        ):
            arrays = {name: file[name] for name in ("v1", "v2")}
    except Exception:  # a damaged file raises anything
        raise InputError(
            f"{path}: has no v1 and v2 that can be read; save them with numpy.savez"
        ) from None
    offsets = []
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise InputError(f"{path}: {name} is {array.dtype}; save real numbers")
        with np.errstate(over="ignore"):
            offset = array.astype(np.float32)
        if offset.shape != (LATENT,) or not np.isfinite(offset).all():
            raise InputError(f"{path}: {name} is not {LATENT} finite numbers")
        offsets.append(offset)
    return offsets


def import_generator(path, run, *, offsets=None, offsets_seed=None, latents="normal", force=False):
    """Write a run from a generator's state_dict.

    Parameters
    ----------
    path : str or Path
        The state_dict.
    run : str or Path
        The run's folder, made unless it exists; it must not hold a run unless `force`.
    offsets : str or Path, optional
        .npz file with the v1 and v2 it was trained with.
    offsets_seed : int, optional
        Seed to draw v1 and v2 from N(0, I) with, where there is no such file.
    latents : str
        The distribution it was trained on, one of :data:`golden.latents.DISTRIBUTIONS`.
    force : bool
        Replace the run that the folder holds.

    Raises
    ------
    InputError
        As :func:`read_state_dict`, :func:`fold`, :func:`read_offsets`, or the folder holds a run.
    """
    if (offsets is None) == (offsets_seed is None):
        raise InputError("v1 and v2 come from --v FILE.npz or from --v-seed S; give one of them")
    if latents not in DISTRIBUTIONS:
        raise InputError(f"--latent is {latents}; give {' or '.join(DISTRIBUTIONS)}")
    try:
        weight, bias = fold(read_state_dict(path))
    except InputError as error:
        line = str(error)
        raise InputError(line if line.startswith(str(path)) else f"{path}: {line}") from None
    if offsets is not None:
        v1, v2 = read_offsets(offsets)
    elif offsets_seed < 0:
        raise InputError(f"--v-seed is {offsets_seed}; give 0 or a positive number")
    else:
        v1, v2 = np.random.default_rng(offsets_seed).standard_normal((2, LATENT), np.float32)
    check_run_folder(run, force)
    channels = tuple(w.shape[1] for w in weight[:3])
    spec = GeneratorSpec.avatars(channels=channels)
    generator = FloatGenerator(tuple(weight), tuple(bias), (v1, v2), {"steps": 0, "seconds": 0})
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
