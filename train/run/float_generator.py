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
from golden.spec import LEAKY_RELU
from support.failures import InputError
from support.files import replacing
from train.networks.outputs import OUTPUTS
from train.run.config import CONFIG, MODEL, is_gain

GENERATOR = "generator.safetensors"


INPUT_MAX = 16.0  # no latent drawn from N(0, 1) is that large


OUTPUT_MAX = 1e18  # of a layer: its square is a float32


@dataclass(frozen=True, eq=False)
class FloatGenerator:
    """A trained generator before quantisation.

    Attributes
    ----------
    weight : float32 arrays, one a layer, shape (in_channels, out_channels, kernel, kernel)
    bias : float32 arrays, one a layer, shape (out_channels,)
    offsets : tuple of float32 arrays, shape (latent,)
        v1 and v2 of a network of three planes, else empty.
    progress : dict
        ``steps`` and ``seconds`` trained so far, and the gain by which it was ``widened`` since.
    slopes : tuple of float
        Of the hidden layers below zero, each 0 to 1; empty where all are ReLU.
    output : str
        A name in :data:`train.networks.outputs.OUTPUTS`.
    """

    weight: tuple[np.ndarray, ...]
    bias: tuple[np.ndarray, ...]
    offsets: tuple[np.ndarray, ...]
    progress: dict
    slopes: tuple[float, ...] = ()
    output: str = "tanh"

    @property
    def arrays(self):
        """The arrays by their names in the file, float32 and contiguous."""
        arrays = {f"v{n}": offset for n, offset in enumerate(self.offsets, 1)}
        for n, (weight, bias) in enumerate(zip(self.weight, self.bias, strict=True), 1):
            arrays |= {f"weight{n}": weight, f"bias{n}": bias}
        return {name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}

    @property
    def facts(self):
        """What there is beside the arrays, in values that JSON can hold."""
        return {"progress": self.progress, "slopes": list(self.slopes), "output": self.output}

    def save(self, run):
        """Write generator.safetensors into the folder `run`."""
        facts = json.dumps(self.facts, sort_keys=True)
        with replacing(Path(run) / GENERATOR) as beside:
            # not save_file: of a full disk it makes an error that is no OSError
            beside.write_bytes(safetensors_numpy.save(self.arrays, {model_file.RUN_FLOATS: facts}))

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
                facts = json.loads((file.metadata() or {})[model_file.RUN_FLOATS])
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
        return cls.from_arrays(arrays, facts, spec, shown)

    @classmethod
    def from_arrays(cls, arrays, facts, spec, path):
        """Return the generator that arrays by name make; `path` begins messages.

        Raises
        ------
        InputError
            An array is missing, of another shape than `spec`, not float32 or out of range.
        """
        if not isinstance(facts, dict) or not _is_progress(facts.get("progress")):
            raise InputError(f"{path}: its progress is not steps and seconds; train again")
        slopes, output = tuple(facts.get("slopes", ())), facts.get("output", "tanh")
        check_activations(spec, slopes, output, path)
        shapes = dict.fromkeys(("v1", "v2")[: spec.planes - 1], (spec.latent,))
        for n, layer in enumerate(spec.shapes, 1):
            shapes |= {f"weight{n}": layer.weight_shape, f"bias{n}": (layer.out_channels,)}
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
            weight=tuple(arrays[f"weight{layer.number}"] for layer in spec.shapes),
            bias=tuple(arrays[f"bias{layer.number}"] for layer in spec.shapes),
            offsets=tuple(arrays[name] for name in ("v1", "v2")[: spec.planes - 1]),
            progress=facts["progress"],
            slopes=slopes,
            output=output,
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


def check_activations(spec, slopes, output, path):
    """Refuse slopes that are not those of the hidden layers, and an output that is not known.

    Raises
    ------
    InputError
    """
    hidden = spec.shapes[:-1]
    given = slopes or (0.0,) * len(hidden)
    leaky = [layer.activation == LEAKY_RELU for layer in hidden]
    numbers = all(type(slope) in (int, float) and 0 <= slope <= 1 for slope in given)
    if not numbers or [slope != 0 for slope in given] != leaky:
        raise InputError(f"{path}: slopes are {list(slopes)}; train or import again")
    if output not in OUTPUTS:
        raise InputError(f"{path}: output is {output!r}; give {', '.join(OUTPUTS)}")


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
    offsets = [float(np.abs(arrays[name]).max()) for name in ("v1", "v2") if name in arrays]
    bound = greatest = INPUT_MAX + max(offsets, default=0.0)
    for n in range(1, 1 + sum(name.startswith("weight") for name in arrays)):
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
