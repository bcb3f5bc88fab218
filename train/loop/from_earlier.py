# SPDX-License-Identifier: Apache-2.0
"""How a run begins from an earlier one: what its networks are before the first step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from support.failures import InputError
from train.loop.loop import checkpoint_of
from train.loop.trainer import Trainer
from train.networks.float_generator import as_network
from train.networks.growing import grow
from train.networks.torch_tools import within_memory
from train.quantize.pipeline import round_generator
from train.quantize.pruning import prune
from train.run.config import RunConfig


@dataclass(frozen=True)
class Way:
    """What a way to begin leaves unsaid; see :class:`train.run.config.Start`.

    Attributes
    ----------
    length : float
        Steps as a share of the recipe's.
    rate, distillation, noise : float
    warm_up : int
        Steps, where the discriminators begin anew.
    """

    length: float
    rate: float
    distillation: float
    noise: float
    warm_up: int


WAYS = {
    "finetune": Way(length=0.1, rate=0.5, distillation=20.0, noise=60.0, warm_up=500),
    "distill": Way(length=1.0, rate=1.0, distillation=10.0, noise=0.0, warm_up=0),
    "prune": Way(length=0.5, rate=0.5, distillation=10.0, noise=0.0, warm_up=500),
    "grow": Way(length=0.5, rate=0.25, distillation=0.0, noise=0.0, warm_up=500),
}


@within_memory()
def start_state(config, pictures, generator, earlier, discriminators=None):
    """Return the state in which a run begins from an earlier one.

    The earlier run's averaged generator is the teacher, its v1 and v2 stay. ``finetune`` begins
    with the teacher rounded to integers, ``prune`` with the best of its channels, ``grow`` with
    copies of them, all with the discriminators as they are, optimiser and all: untrained ones would
    first destroy the generator. Of a packed generator there are none: they begin anew, or with
    those of another run, and `Start.warm_up` steps belong to them. ``distill`` begins all networks
    anew.

    Parameters
    ----------
    config : train.run.config.RunConfig
        Of the new run; has a `start`.
    pictures : uint8 array, shape (N, 32, 32, 3)
    generator : train.run.float_generator.FloatGenerator
        Of the earlier run.
    earlier : str or Path
        Folder of the earlier run, or its packed generator.
    discriminators : str or Path, optional
        Folder of another run, to take the discriminators from.

    Returns
    -------
    dict
        As :meth:`train.loop.trainer.Trainer.state` gives it.

    Raises
    ------
    InputError
        The folder has no checkpoint to take the discriminators from, or a damaged one, or they
        judge other pictures; or `generator` has fewer channels than are to be left of it, or more
        than it is to grow to; or the networks do not fit into memory.
    """
    trainer, start = Trainer(config, pictures), config.start
    trainer.teacher.load_state_dict(as_network(generator, start.spec).state_dict())
    trainer.offsets = [torch.from_numpy(v) for v in generator.offsets]
    if discriminators is not None:
        _check_judges(config, discriminators)
    elif start.way != "distill" and not Path(earlier).is_file():
        discriminators = earlier
    if discriminators is not None:
        remedy = (
            "the discriminators are needed: give a run that `avatar train` made here, or a file of "
            "`avatar pack`, whose discriminators begin anew"
        )
        with checkpoint_of(discriminators, remedy) as state:
            for name in ("d_grey", "d_colour", "adam_d"):
                getattr(trainer, name).load_state_dict(state[name])
    if start.way == "finetune":
        _, rounded = round_generator(config, generator, config.spec)
        for network in (trainer.g, trainer.ema):
            network.start_from(rounded)
    elif start.way == "prune":
        _put(trainer, prune(config, generator))
    elif start.way == "grow":
        rng = np.random.default_rng(config.seed)
        _put(trainer, grow(generator.weight, config.spec.channels, rng))
    return trainer.state()


def _put(trainer, weights):
    """Give the generator and its average these weights, float32 arrays, one a layer."""
    for network in (trainer.g, trainer.ema):
        for layer, weight in zip(network.layers, weights):
            layer.weight.data.copy_(torch.from_numpy(weight))


def _check_judges(config, run):
    """Refuse discriminators of a run that learned from other pictures, or judged otherwise."""
    theirs = RunConfig.load(run)
    told = {
        "recipe": (theirs.recipe, config.recipe),
        "picture": (theirs.spec.picture_shape, config.spec.picture_shape),
        "data_digest": (theirs.data_digest, config.data_digest),
    }
    for name, (found, wanted) in told.items():
        if found != wanted:
            raise InputError(
                f"{run}: {name} is {found}, of the generator {wanted}; give a run whose "
                "discriminators saw such pictures, or leave --discriminators out"
            )
