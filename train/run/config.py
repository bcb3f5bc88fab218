# SPDX-License-Identifier: Apache-2.0
"""A run's folder: its configuration and its generator, without pickle and written whole.

``config.json`` holds the :class:`RunConfig`; ``generator.safetensors`` the float generator that
quantize reads: ``weight<n>`` (in, out, k, k), ``bias<n>`` (out,), of three planes ``v1``, ``v2``
(latent,), all float32, and the training done so far. Training adds ``checkpoint.pt``,
``metrics.jsonl``, ``samples/`` and pictures for people. A run in integers has
``model.safetensors``, its model file, in place of the floats.
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
        ``grow``: with copies of its channels, ``distill``: from nothing.
    teacher : str
        First 16 hex digits of :func:`train.run.packed.digest` of its arrays.
    spec : GeneratorSpec
        The teacher's; its weight bits mean nothing.
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
    spec: GeneratorSpec
    rate: float
    distillation: float
    noise: float = 0.0
    warm_up: int = 0


@dataclass(frozen=True)
class RunConfig:
    """What decides a run's weights.

    Attributes
    ----------
    spec : GeneratorSpec
        Of a float generator the weight bits mean nothing.
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
    integers : bool
        Whether the generator was trained in integers.
    start : Start, optional
        Of a run that began from an earlier one.
    reading : Reading, optional
        How the folder of its pictures is read, unless as :data:`train.data.reading.DEFAULT` says.
    """

    spec: GeneratorSpec
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
    integers: bool = False
    start: Start | None = None
    reading: Reading | None = None

    @property
    def provenance(self):
        """What a model file tells of the run: all but the network, and nothing that is None."""
        told = asdict(self)
        for name in ("spec", "integers"):
            del told[name]
        if told["start"] is not None:
            told["start"] = _told(self.start)
        return {name: value for name, value in told.items() if value is not None}

    @property
    def travelling(self):
        """The configuration for a file that leaves the machine: of a folder just the name."""
        return replace(self, data=Path(self.data).name)

    def to_json(self):
        """Return the configuration as a dictionary of what JSON can hold."""
        start = None if self.start is None else _told(self.start)
        return asdict(self) | {"spec": self.spec.to_json(), "start": start}

    def save(self, run):
        """Write config.json into the folder `run`."""
        with replacing(Path(run) / CONFIG) as beside:
            beside.write_text(json.dumps(self.to_json(), indent=2) + "\n")

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
                "spec": GeneratorSpec.from_json(config.get("spec")),
                "start": None if start is None else _start_from(start),
                "reading": None if reading is None else Reading.from_json(reading),
            }
            config = cls(**config | parts)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise InputError(
                f"{path}: is damaged ({str(error).splitlines()[0]}); train or import again"
            ) from None
        kinds = {"int": int, "float": (int, float), "str": str, "bool": bool}
        for part in filter(None, (config, config.start)):
            for field in fields(part):
                value = getattr(part, field.name)
                if field.type not in kinds:
                    continue
                wrong = not isinstance(value, kinds[field.type])
                wrong |= isinstance(value, bool) and field.type != "bool"
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


def _told(start):
    return asdict(start) | {"spec": start.spec.to_json()}


def _start_from(told):
    return Start(**told | {"spec": GeneratorSpec.from_json(told["spec"])})


def is_gain(value):
    """Whether `value`, read from a file, can be a gain of latents
    (:mod:`train.quantize.widening`).
    """
    return type(value) in (int, float) and 0 < value < math.inf
