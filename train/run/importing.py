# SPDX-License-Identifier: Apache-2.0
"""Generators trained elsewhere: a state_dict becomes a run that quantize takes."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch

from golden.latents import DISTRIBUTIONS
from golden.spec import KERNEL_SIZE, LATENT, GeneratorSpec
from support.failures import InputError
from support.files import make_folder
from train.run.config import CONFIG, RunConfig
from train.run.float_generator import FloatGenerator

BATCH_NORM_EPS = 1e-5  # PyTorch's default; a state_dict does not hold it
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


def _numbers(name, tensor):
    """Return a tensor of any layout and real type as a float64 array."""
    if tensor.is_meta or tensor.is_complex():
        kind = "no values" if tensor.is_meta else "complex numbers"
        raise InputError(f"{name}: holds {kind}; save real numbers")
    try:
        with warnings.catch_warnings(action="ignore"):
            return tensor.detach().to_dense().double().numpy()
    except (RuntimeError, TypeError, MemoryError):
        raise InputError(f"{name}: is no plain tensor; save dense float32 ones") from None


def fold(state):
    """Turn a generator's tensors into four weights and biases, BatchNorm folded in.

    Parameters
    ----------
    state : dict of str to torch.Tensor
        In layer order, under any names: four weights (in, out, 4, 4), each followed by the vectors
        of its layer: a bias or none, then nothing or a BatchNorm of the layer's outputs (scale and
        offset or neither, running mean, running variance), in evaluation mode.

    Returns
    -------
    weight : list of 4 float32 arrays, shape (in, out, 4, 4)
    bias : list of 4 float32 arrays, shape (out,)

    Raises
    ------
    InputError
        The tensors are not those of such a generator.
    """
    layers = []  # (name, weight, its vectors, whether running statistics are among them)
    for name, tensor in state.items():
        if tensor.ndim == 4:
            layers.append((name, _numbers(name, tensor), [], set()))
        elif not layers or tensor.ndim > 1:
            raise InputError(
                f"{name} has shape {tuple(tensor.shape)}; only ConvTranspose2d weights "
                "(in, out, 4, 4), biases and BatchNorm can be imported"
            )
        elif tensor.ndim == 1:
            layers[-1][2].append(_numbers(name, tensor))
        if layers and (tensor.ndim == 0 or "running" in name):
            layers[-1][3].add("statistics")
    if len(layers) != 4:
        raise InputError(f"found {len(layers)} ConvTranspose2d weights; the generator has 4")
    inputs, folded = LATENT, ([], [])
    for number, (name, weight, vectors, statistics) in enumerate(layers, 1):
        outputs = weight.shape[1] if number < 4 else 1
        wanted = (inputs, outputs, KERNEL_SIZE, KERNEL_SIZE)
        if weight.shape != wanted:
            raise InputError(f"{name}: layer {number} has shape {weight.shape}, not {wanted}")
        if any(vector.shape != (outputs,) for vector in vectors):
            raise InputError(f"{name}: a vector of layer {number} is not {outputs} long")
        if not all(np.isfinite(array).all() for array in (weight, *vectors)):
            raise InputError(f"{name}: layer {number} holds a NaN or an infinity")
        if len(vectors) > 5 or (len(vectors) > 1 and not statistics):
            raise InputError(
                f"{name}: layer {number} has {len(vectors)} vectors that are no bias and BatchNorm "
                "with running statistics"
            )
        with np.errstate(all="ignore"):
            arrays = [array.astype(np.float32) for array in _fold_layer(weight, vectors)]
        if not all(np.isfinite(array).all() for array in arrays):
            raise InputError(
                f"{name}: layer {number} leaves float32's range, or a running variance is negative"
            )
        for all_layers, array in zip(folded, arrays):
            all_layers.append(array)
        inputs = outputs
    return folded


def _fold_layer(weight, vectors):
    """Return weight and bias with the same outputs as layer and BatchNorm in evaluation mode."""
    zero, one = np.zeros(weight.shape[1]), np.ones(weight.shape[1])
    bias = vectors.pop(0) if len(vectors) % 2 else zero
    if not vectors:
        return weight, bias
    scale, offset = vectors[:2] if len(vectors) == 4 else (one, zero)
    mean, variance = vectors[-2:]
    scale = scale / np.sqrt(variance + BATCH_NORM_EPS)
    return weight * scale[:, None, None], (bias - mean) * scale + offset


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


def import_generator(path, run, *, offsets=None, offsets_seed=None, latents="normal"):
    """Write a run from a generator's state_dict.

    Parameters
    ----------
    path : str or Path
        The state_dict.
    run : str or Path
        The run's folder, made unless it exists; it must not hold a run.
    offsets : str or Path, optional
        .npz file with the v1 and v2 it was trained with.
    offsets_seed : int, optional
        Seed to draw v1 and v2 from N(0, I) with, where there is no such file.
    latents : str
        The distribution it was trained on, one of :data:`golden.latents.DISTRIBUTIONS`.

    Raises
    ------
    InputError
        As :func:`read_state_dict`, :func:`fold`, :func:`read_offsets`, or the folder holds a run.
    """
    run = Path(run)
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
    if (run / CONFIG).exists():
        raise InputError(f"{run}: holds a run already; name another folder")
    channels = tuple(w.shape[1] for w in weight[:3])
    spec = GeneratorSpec(channels=channels)
    generator = FloatGenerator(tuple(weight), tuple(bias), v1, v2, {"steps": 0, "seconds": 0})
    FloatGenerator.from_arrays(generator.arrays, generator.progress, spec, path)  # checks them
    make_folder(run)
    generator.save(run)
    RunConfig(
        channels=channels,
        recipe=RECIPE,
        steps=0,
        seed=offsets_seed or 0,
        latents=latents,
        data=Path(path).name,
    ).save(run)
