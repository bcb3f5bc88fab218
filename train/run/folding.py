# SPDX-License-Identifier: Apache-2.0
"""The tensors of a generator trained elsewhere, as four weights and biases."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field

import numpy as np

from golden.latents import LATENT
from support.failures import InputError

KERNEL_SIZE = 4  # of the networks that are imported
BATCH_NORM_EPS = 1e-5  # PyTorch's default; a state_dict does not hold it
# PyTorch's names: those of a module, with a separator behind it, and of its tensor.
_NAME = re.compile(r"(.*[._]|)(weight|bias|running_mean|running_var|num_batches_tracked)")

_CONVOLUTION = {"weight", "bias"}
_STATISTICS = {"running_mean", "running_var"}


@dataclass(eq=False)
class _Layer:
    """A ConvTranspose2d of the state_dict, and what follows it.

    Attributes
    ----------
    name : str
        Of its weight.
    weight : float64 array, shape (in, out, 4, 4)
    module : str
        Its name, with a separator behind it; empty where names tell nothing.
    bias : float64 array, shape (out,), optional
    norm : dict of str to float64 array
        The tensors of its BatchNorm by PyTorch's names; empty if there is none.
    """

    name: str
    weight: np.ndarray
    module: str = ""
    bias: np.ndarray | None = None
    norm: dict = field(default_factory=dict)

    @property
    def vectors(self):
        return [*self.norm.values()] + ([] if self.bias is None else [self.bias])


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
        Modules in layer order: four ConvTranspose2d (in, out, 4, 4), each with a bias or none, then
        nothing or a BatchNorm with running statistics, in evaluation mode; or all the
        ConvTranspose2d and then three BatchNorm. Under names that are not PyTorch's the tensors
        themselves stand in PyTorch's order: weight, bias or none, then nothing or scale and offset
        or neither, running mean, running variance.

    Returns
    -------
    weight : list of 4 float32 arrays, shape (in, out, 4, 4)
    bias : list of 4 float32 arrays, shape (out,)

    Raises
    ------
    InputError
        The tensors are not those of such a generator, or their names contradict their order.
    """
    for name, tensor in state.items():
        if tensor.ndim not in (0, 1, 4):
            raise InputError(
                f"{name} has shape {tuple(tensor.shape)}; only ConvTranspose2d weights "
                "(in, out, 4, 4), biases and BatchNorm can be imported"
            )
    count = sum(tensor.ndim == 4 for tensor in state.values())
    if count != 4:
        raise InputError(f"found {count} ConvTranspose2d weights; the generator has 4")
    named = any(_NAME.fullmatch(name) for name in state)
    layers = _by_name(state) if named else _by_position(state)
    inputs, folded = LATENT, ([], [])
    for number, layer in enumerate(layers, 1):
        name, shape = layer.name, layer.weight.shape
        outputs = shape[1] if number < 4 else 1
        wanted = (inputs, outputs, KERNEL_SIZE, KERNEL_SIZE)
        if shape != wanted:
            raise InputError(f"{name}: layer {number} has shape {shape}, not {wanted}")
        if any(vector.shape != (outputs,) for vector in layer.vectors):
            raise InputError(f"{name}: a vector of layer {number} is not {outputs} long")
        if not all(np.isfinite(array).all() for array in (layer.weight, *layer.vectors)):
            raise InputError(f"{name}: layer {number} holds a NaN or an infinity")
        with np.errstate(all="ignore"):
            arrays = [array.astype(np.float32) for array in _fold_layer(layer)]
        if not all(np.isfinite(array).all() for array in arrays):
            raise InputError(
                f"{name}: layer {number} leaves float32's range, or a running variance is negative"
            )
        for all_layers, array in zip(folded, arrays):
            all_layers.append(array)
        inputs = outputs
    return folded


def _fold_layer(layer):
    """Return weight and bias with the same outputs as layer and BatchNorm in evaluation mode."""
    bias = np.zeros(layer.weight.shape[1]) if layer.bias is None else layer.bias
    if not layer.norm:
        return layer.weight, bias
    scale = layer.norm.get("weight", 1.0) / np.sqrt(layer.norm["running_var"] + BATCH_NORM_EPS)
    offset = layer.norm.get("bias", 0.0)
    return (
        layer.weight * scale[:, None, None],
        (bias - layer.norm["running_mean"]) * scale + offset,
    )


def _by_name(state):
    """Return the layers of a state_dict with PyTorch's names, its modules in their order."""
    modules = {}  # name, its separator behind it: tensors by PyTorch's names
    for name, tensor in state.items():
        match = _NAME.fullmatch(name)
        if not match:
            raise InputError(f"{name} is no bias and BatchNorm by PyTorch's names; save only those")
        modules.setdefault(match[1], {})[match[2]] = tensor
    _check_order(modules)
    layers, norms = [], []  # of a norm: module, arrays, how many layers stand before it
    for module, tensors in modules.items():
        arrays = {
            name: _numbers(module + name, tensor)
            for name, tensor in tensors.items()
            if name != "num_batches_tracked"
        }
        kinds = {name for name, array in arrays.items() if array.ndim != 1}
        if kinds == {"weight"} and arrays["weight"].ndim == 4 and arrays.keys() <= _CONVOLUTION:
            bias = arrays.get("bias")
            layers.append(_Layer(f"{module}weight", arrays["weight"], module, bias))
        elif not kinds and arrays.keys() in (_STATISTICS, _STATISTICS | _CONVOLUTION):
            norms.append((module, arrays, len(layers)))
        else:
            raise InputError(
                f"{module}{next(iter(arrays), '')} is of no ConvTranspose2d, and of no BatchNorm "
                "with running statistics; other layers, a PReLU say, cannot be imported"
            )
    if len(norms) == 3 and all(before == 4 for *_, before in norms):
        norms = [(module, arrays, n) for n, (module, arrays, _) in enumerate(norms, 1)]
    for module, arrays, before in norms:
        layer = layers[before - 1] if before else None
        siblings = [each for each in layers if _parent(each.module) == _parent(module)]
        contradicted = len(siblings) == 1 and siblings[0] is not layer
        if layer is None or layer.norm or contradicted:
            raise InputError(
                f"{module}running_mean stands behind no ConvTranspose2d that it belongs to; save "
                "the state_dict in layer order"
            )
        layer.norm = arrays
    return layers


def _parent(module):
    """Return the name of the module that holds `module`, whose name ends with a separator."""
    return module[:-1].rpartition(".")[0]


def _check_order(modules):
    """Refuse modules whose order is not that of the numbers in their names."""
    last = {}  # name without numbers: its newest numbers, and whose they are
    for module in modules:
        stem, numbers = re.sub(r"\d+", "#", module), [*map(int, re.findall(r"\d+", module))]
        before, other = last.get(stem, ([], ""))
        if numbers < before:
            raise InputError(
                f"{module[:-1]} stands behind {other[:-1]}, against their numbers; save the "
                "state_dict in layer order"
            )
        last[stem] = numbers, module


def _by_position(state):
    """Return the layers of a state_dict under any names, its tensors in PyTorch's order."""
    layers, statistics = [], set()
    for name, tensor in state.items():
        if tensor.ndim == 4:
            layers.append((_Layer(name, _numbers(name, tensor)), []))
        elif not layers:
            raise InputError(f"{name} stands before any ConvTranspose2d; save in layer order")
        elif tensor.ndim == 1:
            layers[-1][1].append(_numbers(name, tensor))
        if layers and (tensor.ndim == 0 or "running" in name):
            statistics.add(len(layers))
    for number, (layer, vectors) in enumerate(layers, 1):
        if len(vectors) > 5 or (len(vectors) > 1 and number not in statistics):
            raise InputError(
                f"{layer.name}: layer {number} has {len(vectors)} vectors that are no bias and "
                "BatchNorm with running statistics"
            )
        if len(vectors) % 2:
            layer.bias = vectors.pop(0)
        if vectors:
            layer.norm = dict(zip(("running_var", "running_mean", "bias", "weight"), vectors[::-1]))
    return [layer for layer, _ in layers]
