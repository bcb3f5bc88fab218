# SPDX-License-Identifier: Apache-2.0
"""A run's folder: its configuration and its generator, without pickle and written whole.

``config.json`` holds the :class:`RunConfig`; ``generator.safetensors`` the float generator that
quantize reads: ``weight1..4`` (in, out, 4, 4), ``bias1..4`` (out,), ``v1``, ``v2`` (latent,), all
float32, and the training done so far. Training adds ``checkpoint.pt``, ``metrics.jsonl``,
``samples/`` and pictures for people. A run in integers has ``model.safetensors``, its model file,
in place of the floats.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import safetensors
from safetensors import numpy as safetensors_numpy

from golden import model_file
from golden.atomic import replacing
from golden.latents import distributed, distribution_of
from golden.spec import GeneratorSpec, InputError

CONFIG = "config.json"
GENERATOR = "generator.safetensors"
MODEL = "model.safetensors"
INPUT_MAX = 16.0  # no latent drawn from N(0, 1) is that large
OUTPUT_MAX = 1e18  # of a layer: its square is a float32


@dataclass(frozen=True)
class Start:
    """How a run began from an earlier one, whose generator is its teacher.

    Attributes
    ----------
    way : str
        ``finetune``: with the teacher's weights rounded, ``prune``: with the best of its channels,
        ``distill``: from nothing.
    teacher : str
        First 16 hex digits of :func:`train.generator_file.digest` of its arrays.
    channels : (int, int, int)
        The teacher's.
    rate : float
        Learning rates as a share of the recipe's; they fall to zero.
    distillation : float
        Weight of the mean absolute distance to the teacher's pictures in the generator's loss.
    noise : float
        Most standard deviation, in grey levels, of noise added to what the discriminators see; each
        picture's is drawn from 0 to this.
    warm_up : int
        First steps, in which only the discriminators learn.
    """

    way: str
    teacher: str
    channels: tuple[int, int, int]
    rate: float
    distillation: float
    noise: float = 0.0
    warm_up: int = 0

    @property
    def spec(self):
        """The :class:`GeneratorSpec` of the teacher (its weight bits mean nothing)."""
        return GeneratorSpec(channels=self.channels)


@dataclass(frozen=True)
class RunConfig:
    """What decides a run's weights.

    Attributes
    ----------
    channels : (int, int, int)
    recipe : str
        A name in :data:`train.recipes.RECIPES`, or ``import``.
    steps, seed : int
        Length of the whole run, and the seed of everything random in it.
    real_label : float
        Label of real pictures.
    latents : str
        Their distribution, one of :data:`golden.latents.DISTRIBUTIONS`.
    data : str
        ``sprites``, the folder of the pictures, or the imported file.
    data_digest : str
        :attr:`train.data.TrainingSet.digest`.
    pictures : int
        Number of training pictures.
    recombined : int, optional
        How many more were made of their parts and colours, at most (:mod:`train.recombination`).
    precision : str
        ``float32`` or ``bfloat16`` (autocast).
    weight_bits : (int, int, int, int), optional
        Of a generator trained in integers.
    start : Start, optional
        Of a run that began from an earlier one.
    """

    channels: tuple[int, int, int]
    recipe: str
    steps: int
    seed: int
    real_label: float = 1.0
    latents: str = "normal"
    data: str = "sprites"
    data_digest: str = ""
    pictures: int = 0
    recombined: int | None = None
    precision: str = "float32"
    weight_bits: tuple[int, int, int, int] | None = None
    start: Start | None = None

    @property
    def spec(self):
        """The :class:`GeneratorSpec`; of a float generator its weight bits mean nothing."""
        return GeneratorSpec(channels=self.channels, weight_bits=self.weight_bits or 8)

    @property
    def provenance(self):
        """What a model file tells of the run: all but the channels, and nothing that is None."""
        told = asdict(self)
        del told["channels"]
        return {name: value for name, value in told.items() if value is not None}

    def save(self, run):
        """Write config.json into the folder `run`."""
        with replacing(Path(run) / CONFIG) as beside:
            beside.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, run):
        """Read config.json of the folder `run`.

        Raises
        ------
        InputError
            The folder is no run, or the file is damaged.
        """
        path = Path(run) / CONFIG
        if not path.is_file():
            raise InputError(f"{path}: there is no such file; give a folder made by `avatar train`")
        try:
            config = json.loads(path.read_text())
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: is damaged ({error}); train or import again") from None
        return cls.from_json(config, path)

    @classmethod
    def from_json(cls, config, path):
        """Return the configuration that a dictionary, read from `path`, describes.

        Raises
        ------
        InputError
            A field is missing, unknown, of another type or out of range.
        """
        try:
            start = config.get("start")
            config = cls(**config | {"start": Start(**start) if start is not None else None})
            spec = config.spec
            config = replace(config, channels=spec.channels)
            if config.weight_bits is not None:
                config = replace(config, weight_bits=spec.weight_bits)
            if config.start is not None:
                start = replace(config.start, channels=config.start.spec.channels)
                config = replace(config, start=start)
        except (ValueError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}: is damaged ({str(error).splitlines()[0]}); train or import again"
            ) from None
        kinds = {"int": int, "float": (int, float), "str": str}
        for part in filter(None, (config, config.start)):
            for field in fields(part):
                value = getattr(part, field.name)
                if field.type not in kinds:
                    continue
                wrong = isinstance(value, bool) or not isinstance(value, kinds[field.type])
                if wrong or (field.type in ("int", "float") and not value >= 0):
                    raise InputError(f"{path}: {field.name} is {value!r}; train or import again")
        if not 0 < config.real_label <= 1:
            raise InputError(
                f"{path}: real_label is {config.real_label}; give a label of up to 1, 0.9 say"
            )
        if config.recombined is not None and (
            type(config.recombined) is not int or config.recombined < 1
        ):
            raise InputError(f"{path}: recombined is {config.recombined!r}; train or import again")
        distribution_of(vars(config), path)
        return config


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
        """Output channels of the last layer, 1 or 3; see :class:`train.networks.Generator`."""
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
            beside.write_bytes(safetensors_numpy.save(self.arrays, {"progress": progress}))

    @classmethod
    def load(cls, run, spec):
        """Read generator.safetensors of the folder `run` and check it against `spec`.

        Raises
        ------
        InputError
            There is no such file, it is damaged, of another shape than `spec`, or its weights are
            out of range.
        """
        path = Path(run) / GENERATOR
        if not path.is_file():
            if (Path(run) / MODEL).is_file():
                raise InputError(
                    f"{run}: was trained in integers; take its {MODEL}, or a float run"
                )
            raise InputError(f"{path}: there is no such file; let `avatar train` run to its end")
        try:
            with safetensors.safe_open(path, framework="numpy") as file:
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                progress = json.loads((file.metadata() or {})["progress"])
        except (
            safetensors.SafetensorError,
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(f"{path}: is damaged ({reason}); train or import again") from None
        return cls.from_arrays(arrays, progress, spec, path)

    @classmethod
    def from_arrays(cls, arrays, progress, spec, path):
        """Return the generator that arrays by name, read from `path`, make.

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
            raise InputError(f"{path}: its spec is not that of {CONFIG}; fine-tune again")
        return cls(model)


def is_gain(value):
    """Whether `value`, read from a file, can be a gain of latents (:mod:`train.widening`)."""
    return type(value) in (int, float) and 0 < value < math.inf


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
