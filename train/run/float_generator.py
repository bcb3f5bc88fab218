# SPDX-License-Identifier: Apache-2.0
"""A trained generator as arrays: floats, or the integers of a fine-tuning run."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
from safetensors import numpy as safetensors_numpy

from golden import model_file
from golden.latents import distributed
from support.failures import InputError
from support.files import replacing
from train.run.config import CONFIG, MODEL, is_gain

GENERATOR = "generator.safetensors"


INPUT_MAX = 16.0  # no latent drawn from N(0, 1) is that large


OUTPUT_MAX = 1e18  # of a layer: its square is a float32


@dataclass(frozen=True, eq=False)
class FloatGenerator:
    """A trained generator before quantisation.

    Attributes
    ----------
    weight : 4 float32 arrays, shape (in_channels, out_channels, 4, 4)
        The last has 1 output channel, or 3: R, G and B in one pass.
    bias : 4 float32 arrays, shape (out_channels,)
    v1, v2 : float32 arrays, shape (latent,)
    progress : dict
        ``steps`` and ``seconds`` trained so far, and the gain by which it was ``widened`` since.
    """

    weight: tuple[np.ndarray, ...]
    bias: tuple[np.ndarray, ...]
    v1: np.ndarray
    v2: np.ndarray
    progress: dict

    @property
    def planes(self):
        """Output channels of the last layer, 1 or 3; see
        :class:`train.networks.generator.Generator`.
        """
        return self.weight[3].shape[1]

    @property
    def arrays(self):
        """The arrays by their names in the file, float32 and contiguous."""
        arrays = {"v1": self.v1, "v2": self.v2}
        for n in range(4):
            arrays |= {f"weight{n + 1}": self.weight[n], f"bias{n + 1}": self.bias[n]}
        return {name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}

    def save(self, run):
        """Write generator.safetensors into the folder `run`."""
        progress = json.dumps(self.progress, sort_keys=True)
        with replacing(Path(run) / GENERATOR) as beside:
            # not save_file: of a full disk it makes an error that is no OSError
            beside.write_bytes(safetensors_numpy.save(self.arrays, {model_file.PROGRESS: progress}))

    @classmethod
    def load(cls, run, spec):
        """Read generator.safetensors of the folder `run` and check it against `spec`.

        Raises
        ------
        InputError
            There is no such file, it is damaged, of another shape than `spec`, or its weights are
            out of range.
        """
        path, shown = Path(run) / GENERATOR, f"{run}: {GENERATOR}"
        if not path.is_file():
            if (Path(run) / MODEL).is_file():
                raise InputError(
                    f"{run}: was trained in integers; take its {MODEL}, or a float run"
                )
            raise InputError(f"{run}: has no {GENERATOR}; let `avatar train` run to its end")
        try:
            with safetensors.safe_open(path, framework="numpy") as file:
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                progress = json.loads((file.metadata() or {})[model_file.PROGRESS])
        except (
            safetensors.SafetensorError,
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(f"{shown}: is damaged ({reason}); train or import again") from None
        return cls.from_arrays(arrays, progress, spec, shown)

    @classmethod
    def from_arrays(cls, arrays, progress, spec, path):
        """Return the generator that arrays by name make; `path` begins messages.

        Raises
        ------
        InputError
            An array is missing, of another shape than `spec`, not float32 or out of range.
        """
        if not _is_progress(progress):
            raise InputError(f"{path}: its progress is not steps and seconds; train again")
        shapes = {"v1": (spec.latent,), "v2": (spec.latent,)}
        for n, layer in enumerate(spec.layers, 1):
            shapes |= {f"weight{n}": layer.weight_shape, f"bias{n}": (layer.out_channels,)}
        if "bias4" in arrays and arrays["bias4"].shape == (3,):  # R, G and B in one pass
            shapes |= {"weight4": (spec.channels[2], 3, *shapes["weight4"][2:]), "bias4": (3,)}
        for name, shape in shapes.items():
            found = arrays[name].shape if name in arrays else "missing"
            if found != shape:
                raise InputError(f"{path}: {name} is {found}, the configuration asks for {shape}")
            if arrays[name].dtype != np.float32:
                raise InputError(f"{path}: {name} is {arrays[name].dtype}, not float32")
            if not np.isfinite(arrays[name]).all():
                raise InputError(f"{path}: {name} holds a NaN or an infinity; train again")
        if _greatest_output(arrays) > OUTPUT_MAX:
            raise InputError(f"{path}: its weights are out of range; train or import again")
        return cls(
            weight=tuple(arrays[f"weight{n}"] for n in range(1, 5)),
            bias=tuple(arrays[f"bias{n}"] for n in range(1, 5)),
            v1=arrays["v1"],
            v2=arrays["v2"],
            progress=progress,
        )


@dataclass(frozen=True, eq=False)
class IntegerGenerator:
    """A generator trained in integers.

    Attributes
    ----------
    model : golden.model_file.Model
    """

    model: model_file.Model

    def save(self, run):
        """Write model.safetensors into the folder `run`."""
        model_file.save(self.model, Path(run) / MODEL)

    @classmethod
    def load(cls, run, spec):
        """Read model.safetensors of the folder `run` and check it against `spec`.

        Raises
        ------
        InputError
            There is no such file, it is damaged, or of another spec.
        """
        path = Path(run) / MODEL
        model = model_file.load(path)
        if model.spec != spec:
            raise InputError(f"{run}: {MODEL}: its spec is not that of {CONFIG}; fine-tune again")
        return cls(model)


def _is_progress(progress):
    if not isinstance(progress, dict) or progress.keys() - {"widened"} != {"steps", "seconds"}:
        return False
    steps, seconds = progress["steps"], progress["seconds"]
    if not is_gain(progress.get("widened", 1.0)):
        return False
    if type(steps) is not int or type(seconds) not in (int, float):
        return False
    return steps >= 0 and seconds >= 0 and math.isfinite(seconds)


def _greatest_output(arrays):
    """Bound what any layer can give before its ReLU or tanh, however its inputs fall."""
    bound = greatest = INPUT_MAX + max(float(np.abs(arrays[name]).max()) for name in ("v1", "v2"))
    for n in range(1, 5):
        gains = np.abs(arrays[f"weight{n}"]).sum(axis=(0, 2, 3), dtype=np.float64)
        bound = float((gains * bound + np.abs(arrays[f"bias{n}"])).max())
        greatest = max(greatest, bound)
    return greatest


def draw_latents(distribution, shape, rng):
    """Draw latents as a run's training does, float32.

    Parameters
    ----------
    distribution : str
        One of :data:`golden.latents.DISTRIBUTIONS`.
    shape : tuple of int
    rng : numpy.random.Generator
    """
    return distributed(rng.standard_normal(shape, np.float32), distribution)
