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

from golden import model_file
from golden.latents import distribution_of
from golden.spec import GeneratorSpec
from support.failures import InputError
from support.files import check_folder, check_replaceable, replacing
from train.data.reading import Reading

CONFIG = model_file.RUN_CONFIG
MODEL = "model.safetensors"


@dataclass(frozen=True)
class Start:
    """How a run began from an earlier one, whose generator is its teacher.

    Attributes
    ----------
    way : str
        ``finetune``: with the teacher's weights rounded, ``prune``: with the best of its channels,
        ``distill``: from nothing.
    teacher : str
        First 16 hex digits of :func:`train.run.packed.digest` of its arrays.
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
        A name in :data:`train.loop.recipes.RECIPES`, or ``import``.
    steps, seed : int
        Length of the whole run, and the seed of everything random in it.
    real_label : float
        Label of real pictures.
    latents : str
        Their distribution, one of :data:`golden.latents.DISTRIBUTIONS`.
    data : str
        ``sprites``, the folder of the pictures as an absolute path, or the imported file.
    data_digest : str
        :attr:`train.data.training_set.TrainingSet.digest`.
    pictures : int
        Number of training pictures.
    recombined : int, optional
        How many more were made of their parts and colours, at most
        (:mod:`train.data.recombination`).
    precision : str
        ``float32`` or ``bfloat16`` (autocast).
    weight_bits : (int, int, int, int), optional
        Of a generator trained in integers.
    start : Start, optional
        Of a run that began from an earlier one.
    reading : Reading, optional
        How the folder of its pictures is read, unless as :data:`train.data.reading.DEFAULT` says.
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
    reading: Reading | None = None

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
            raise InputError(f"{run}: has no {CONFIG}; give a folder made by `avatar train`")
        try:
            config = json.loads(path.read_text())
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{run}: {CONFIG}: is damaged ({error}); train or import again"
            ) from None
        return cls.from_json(config, f"{run}: {CONFIG}")

    @classmethod
    def from_json(cls, config, path):
        """Return the configuration that a dictionary describes; `path` begins messages.

        Raises
        ------
        InputError
            A field is missing, unknown, of another type or out of range.
        """
        try:
            start, reading = config.get("start"), config.get("reading")
            parts = {
                "start": Start(**start) if start is not None else None,
                "reading": Reading.from_json(reading) if reading is not None else None,
            }
            config = cls(**config | parts)
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


def check_run_folder(run, force, remedy=""):
    """Refuse a folder for a new run that cannot be made, or holds a run unless `force`.

    Raises
    ------
    InputError
        The message begins its remedies with `remedy`.
    """
    check_folder(run)
    if force:
        check_replaceable(run, CONFIG)
    elif (Path(run) / CONFIG).exists():
        raise InputError(
            f"{run}: holds a run already; {remedy}replace it with --force, or name another folder"
        )


def is_gain(value):
    """Whether `value`, read from a file, can be a gain of latents
    (:mod:`train.quantize.widening`).
    """
    return type(value) in (int, float) and 0 < value < math.inf
