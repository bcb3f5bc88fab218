# SPDX-License-Identifier: Apache-2.0
"""The modules of a state_dict: what has one prefix belongs together, and its fields say what it is.

weight_norm and spectral_norm, old form and new, are folded: they are arithmetic on the weight.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np

from support.failures import InputError

NUMBERS_MAX = 2**28  # of a tensor; one of strides 0 can claim any shape
LINEAR, CONVOLUTION, NORM, PRELU = "linear", "convolution", "norm", "prelu"
PARAMETRIZED = re.compile(r"(?:(.*)\.)?parametrizations\.(\w+)\.(\w+(?:\._[uv])?)")

# How a weight may be kept: the fields, and which of them has its shape.
PLAIN = frozenset({"weight"})
WEIGHT_NORMS = (
    ("weight_g", "weight_v"),
    ("weight:original0", "weight:original1"),
)
SPECTRAL_NORMS = (
    ("weight_orig", "weight_u", "weight_v"),
    ("weight:original", "weight:0._u", "weight:0._v"),
)


@dataclass(frozen=True, eq=False)
class Module:
    """What one module of the generator keeps in its state_dict.

    Attributes
    ----------
    name : str
    kind : str
        ``linear``, ``convolution``, ``norm`` or ``prelu``.
    fields : dict of str to float64 array
    """

    name: str
    kind: str
    fields: dict[str, np.ndarray]

    @property
    def shape(self):
        """Shape of the weight, or of the running mean."""
        return self.fields[_weight_field(self.fields) or "running_mean"].shape

    @property
    def bias(self):
        """The bias, or None."""
        return self.fields.get("bias")

    def weight(self, transposed):
        """Return the weight, weight_norm and spectral_norm folded in.

        Parameters
        ----------
        transposed : bool
            Whether it is a ConvTranspose2d's: its outputs are axis 1.

        Raises
        ------
        InputError
            The arrays of the norm do not fit.
        """
        fields = self.fields
        for length, direction in WEIGHT_NORMS:
            if length in fields and direction in fields:
                return self._weight_norm(fields[length], fields[direction])
        for names in SPECTRAL_NORMS:
            if names[0] in fields:
                return self._spectral_norm(*(fields[name] for name in names), int(transposed))
        return fields["weight"]

    def _weight_norm(self, length, direction):
        """``length * direction / |direction|``, the norm over the axes where `length` has 1."""
        if length.ndim not in (0, direction.ndim) or any(
            size not in (1, whole) for size, whole in zip(length.shape, direction.shape)
        ):
            raise InputError(f"{self.name}: the shape of its weight_norm does not fit its weight")
        axes = tuple(n for n in range(direction.ndim) if not length.ndim or length.shape[n] == 1)
        norm = np.sqrt((direction**2).sum(axis=axes, keepdims=True))
        return direction * (length / np.where(norm == 0, 1, norm))

    def _spectral_norm(self, weight, u, v, axis):
        """``weight / (u W v)``, W the weight as a matrix with the outputs as rows."""
        for outputs in (axis, 1 - axis):
            matrix = np.moveaxis(weight, outputs, 0).reshape(weight.shape[outputs], -1)
            if u.shape + v.shape == matrix.shape:
                sigma = u @ matrix @ v
                if sigma > 0:
                    return weight / sigma
        raise InputError(f"{self.name}: its spectral_norm does not fit its weight")


def modules_of(state):
    """Group the tensors of a state_dict by module.

    Parameters
    ----------
    state : dict of str to torch.Tensor

    Returns
    -------
    list of Module
        In the order in which the state_dict first names them.

    Raises
    ------
    InputError
        A module is of a kind that cannot be imported.
    """
    grouped = {}
    for name, tensor in state.items():
        parametrized = PARAMETRIZED.fullmatch(name)
        if parametrized:
            module, parameter, rest = parametrized.groups()
            module, each = module or "", f"{parameter}:{rest}"
        else:
            module, _, each = name.rpartition(".")
        if each != "num_batches_tracked":
            grouped.setdefault(module, {})[each] = _numbers(name, tensor)
    return [Module(name, _kind(name, fields), fields) for name, fields in grouped.items()]


def _weight_field(fields):
    names = ["weight", *(names[1] for names in WEIGHT_NORMS), *(n[0] for n in SPECTRAL_NORMS)]
    return next((name for name in reversed(names) if name in fields), None)


def _kind(name, fields):
    given = set(fields)
    shapes = ", ".join(f"{each} {array.shape}" for each, array in fields.items())
    if (
        {"running_mean", "running_var"}
        <= given
        <= {"weight", "bias", "running_mean", "running_var"}
    ):
        shape = fields["running_mean"].shape
        if len(shape) == 1 and all(array.shape == shape for array in fields.values()):
            return NORM
        raise InputError(f"{name}: its arrays are not of one length ({shapes})")
    kept = [PLAIN, *map(set, WEIGHT_NORMS), *map(set, SPECTRAL_NORMS)]
    if given - {"bias"} in kept:
        dimensions = fields[_weight_field(fields)].ndim
        if dimensions in (2, 4) and fields.get("bias", np.zeros(1)).ndim == 1:
            return LINEAR if dimensions == 2 else CONVOLUTION
        if dimensions <= 1 and given == {"weight"}:
            return PRELU
        if dimensions == 1:
            raise InputError(
                f"{name}: is a norm without running statistics ({shapes}); only BatchNorm with "
                "them is a fixed scale and offset"
            )
    raise InputError(
        f"{name or 'the module itself'}: holds {shapes}; no layer that is read has that"
    )


def _numbers(name, tensor):
    """Return a tensor of any layout and real type as a float64 array."""
    if tensor.is_meta or tensor.is_complex() or tensor.numel() > NUMBERS_MAX:
        raise InputError(f"{name}: holds no real numbers, or too many; save dense float32 ones")
    try:
        with warnings.catch_warnings(action="ignore"):
            array = tensor.detach().to_dense().double().numpy()
    except (RuntimeError, TypeError, NotImplementedError, MemoryError):
        raise InputError(f"{name}: is no plain tensor; save dense float32 ones") from None
    if not np.isfinite(array).all():
        raise InputError(f"{name}: holds a NaN or an infinity")
    return array
