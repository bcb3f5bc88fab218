# SPDX-License-Identifier: Apache-2.0
"""Beginning a run and going on with one."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import torch

from golden.latents import check_distribution
from support.failures import InputError
from train.data.reading import DEFAULT
from train.data.training_set import MOVED, SPRITES, SPRITES_SEED, Batches, load, load_again
from train.loop import loop
from train.loop.from_earlier import WAYS, start_state
from train.loop.recipes import RECIPES
from train.run.config import RunConfig, Start, check_run_folder
from train.run.packed import digest, read_earlier


def begin(
    run,
    spec,
    *,
    recipe="fast",
    data=SPRITES,
    reading=DEFAULT,
    count=None,
    steps=None,
    epochs=None,
    recombine=None,
    seed=0,
    smooth=1.0,
    latent=None,
    precision=None,
    device=None,
    save_every=loop.SAVE_EVERY,
    force=False,
):
    """Train a new run.

    Parameters
    ----------
    run : str or Path
        Its folder, made unless it exists; it must not hold a run unless `force`.
    spec : golden.spec.GeneratorSpec
        Its weight bits mean nothing.
    recipe : str
        A name in :data:`train.loop.recipes.RECIPES`.
    data : str
        ``sprites`` or a folder of pictures.
    reading : train.data.reading.Reading
        How a folder is read.
    count : int, optional
        Number of sprites; by default the recipe's.
    steps, epochs : int, optional
        Length, in one of the two; by default the recipe's steps.
    recombine : int, optional
        How many pictures to make of the parts and colours of others, at most; by default the
        recipe's.
    seed : int
    smooth : float
        Label of real pictures, above 0 and at most 1.
    latent : str, optional
        One of :data:`golden.latents.DISTRIBUTIONS`; by default the recipe's.
    precision : str, optional
        ``float32`` or ``bfloat16``; by default that of :func:`precision_on`.
    device : str, optional
        ``cpu`` or ``cuda``; by default CUDA where there is one.
    save_every : int
        Steps between two checkpoints.
    force : bool
        Replace the run that the folder holds.

    Raises
    ------
    InputError
        A value is out of range or without effect, or the folder holds a run.
    """
    constants = RECIPES[recipe]
    check_distribution(constants.latents if latent is None else latent, spec.latent)
    if spec.colours == 1 and (constants.recombine if recombine is None else recombine):
        raise InputError("--recombine joins coloured pictures; with a grey head give --recombine 0")
    _check_counts({"--steps": steps, "--epochs": epochs, "--save-every": save_every})
    _check_new(run, seed, force)
    if steps is not None and epochs is not None:
        raise InputError("--steps and --epochs both say how long; give one of them")
    if recombine is not None and recombine < 0:
        raise InputError(f"--recombine is {recombine}; give 0 or a number of pictures, 20000 say")
    if not 0 < smooth <= 1:
        raise InputError(f"--smooth is {smooth}; give a label of up to 1, 0.9 say")
    if smooth != 1 and constants.relativistic:
        raise InputError(
            f"--smooth is the label of real pictures; recipe {recipe} judges pairs, which have no "
            "label; leave it out"
        )
    if count is not None and data != SPRITES:
        raise InputError("--count is the number of sprites; a folder is read whole, leave it out")
    device = _device(device)
    sprites = constants.sprites if count is None else count
    training_set = load(data, sprites, SPRITES_SEED, reading, spec.picture_shape)
    if epochs is not None:
        batches = Batches(len(training_set.pictures), constants.batch, [seed])
        steps = epochs * batches.epoch_steps
    config = RunConfig(
        spec=spec,
        recipe=recipe,
        steps=constants.steps if steps is None else steps,
        seed=seed,
        real_label=smooth,
        latents=constants.latents if latent is None else latent,
        data=training_set.place,
        data_digest=training_set.digest,
        pictures=len(training_set.pictures),
        recombined=(constants.recombine if recombine is None else recombine) or None,
        precision=precision or precision_on(recipe, device),
        reading=None if reading == DEFAULT else reading,
    )
    pictures = training_set.pictures
    loop.train(config, pictures, run, force=force, save_every=save_every, device=device)


def begin_from(
    earlier,
    run,
    way,
    *,
    channels=None,
    preset=None,
    weight_bits=None,
    data=None,
    steps=None,
    seed=0,
    rate=None,
    distillation=None,
    noise=None,
    warm_up=None,
    discriminators=None,
    precision=None,
    device=None,
    save_every=loop.SAVE_EVERY,
    force=False,
):
    """Train a new run that begins from an earlier one, with its recipe, pictures, v1 and v2.

    Parameters
    ----------
    earlier, run : str or Path
        The earlier run's folder, or a file packed from it, and the new run's folder. The earlier
        one's averaged generator becomes the teacher.
    way : str
        ``finetune``, ``distill``, ``prune`` or ``grow``; see :class:`train.run.config.Start`.
    channels : tuple of int, optional
        By default the teacher's.
    preset : str, optional
        In place of `channels`: those of this preset, for as many layers as the teacher has.
    weight_bits : int or (int, int, int, int), optional
        Train in integers of these widths.
    data : str, optional
        Where the earlier run's pictures are now, if they were moved.
    steps : int, optional
    seed : int
    rate, distillation, noise : float, optional
        See :class:`train.run.config.Start`; steps and these by default as
        :data:`train.loop.from_earlier.WAYS` says.
    warm_up : int, optional
        See :class:`train.run.config.Start`; by default 0 with the earlier run's own
        discriminators, else as :data:`train.loop.from_earlier.WAYS` says, at most a quarter of the
        steps.
    discriminators : str or Path, optional
        Folder of another run with the same recipe and pictures, to begin with its discriminators.
    precision, device, save_every, force
        As :func:`begin`.

    Raises
    ------
    InputError
        A value is out of range, `run` holds a run, or `earlier` is not one that can be gone on
        with so.
    """
    constants = WAYS[way]
    rate = constants.rate if rate is None else rate
    distillation = constants.distillation if distillation is None else distillation
    noise = constants.noise if noise is None else noise
    _check_counts({"--steps": steps, "--save-every": save_every})
    _check_new(run, seed, force)
    if not 0 < rate < math.inf:
        raise InputError(f"--rate is {rate}; give a share of the recipe's learning rates, 0.3 say")
    if not 0 <= distillation < math.inf:
        raise InputError(f"--distillation is {distillation}; give 0 or a positive weight")
    if not 0 <= noise < math.inf:
        raise InputError(f"--noise is {noise}; give 0 or grey levels, 60 say")
    config, generator = read_earlier(earlier)
    if config.recipe not in RECIPES:
        raise InputError(
            f"{earlier}: its recipe is {config.recipe!r}, with which no training can go on; "
            "give one of `avatar train`"
        )
    spec = config.spec
    if preset is not None:
        channels = spec.preset_channels(preset, len(spec.channels))
    if channels is not None:
        spec = spec.with_channels(channels)
    if weight_bits is not None:
        spec = spec.with_weight_bits(weight_bits)
    if steps is None:
        steps = round(RECIPES[config.recipe].steps * constants.length)
    if warm_up is None:
        warm_up = min(constants.warm_up, steps // 4) if Path(earlier).is_file() else 0
    if not 0 <= warm_up < steps:
        raise InputError(f"--warm-up is {warm_up} of {steps} steps; give 0 or more, but fewer")
    device = _device(device)
    training_set = load_again(config.provenance, earlier, MOVED, data, spec.picture_shape)
    config = replace(
        config,
        data=training_set.place,
        spec=spec,
        steps=steps,
        seed=seed,
        precision=precision or precision_on(config.recipe, device),
        integers=weight_bits is not None,
        start=Start(
            way,
            digest(generator.arrays)[:16],
            config.spec,
            rate,
            distillation,
            noise,
            warm_up,
        ),
    )
    pictures = training_set.pictures
    loop.train(
        config,
        pictures,
        run,
        start=start_state(config, pictures, generator, earlier, discriminators),
        force=force,
        save_every=save_every,
        device=device,
    )


def go_on(run, *, data=None, steps=None, device=None, save_every=loop.SAVE_EVERY):
    """Resume a run from its last checkpoint, with its own configuration.

    Parameters
    ----------
    run : str or Path
    data : str, optional
        Where its pictures are now, if they were moved; the run then keeps that.
    steps : int, optional
        Another length for the whole run. Learning rates that decay do so along the new length.
    device, save_every
        As :func:`begin`.

    Raises
    ------
    InputError
        The folder is no run, its pictures have changed, `steps` are done already, or a number is
        below 1.
    """
    _check_counts({"--steps": steps, "--save-every": save_every})
    run = Path(run)
    config = RunConfig.load(run)
    if config.recipe not in RECIPES:
        raise InputError(f"{run}: recipe {config.recipe!r} cannot go on; train a new run")
    shape = config.spec.picture_shape
    training_set = load_again(config.provenance, run, MOVED, data, shape)
    config = replace(config, data=training_set.place)
    if steps is not None:
        config = replace(config, steps=steps)
    loop.train(
        config,
        training_set.pictures,
        run,
        resume=True,
        save_every=save_every,
        device=_device(device),
    )


def _check_counts(counts):
    """Refuse counts, by option, below 1."""
    for name, value in counts.items():
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}; give at least 1")


def _check_new(run, seed, force):
    """Refuse a negative seed, and a folder that cannot be made, or holds a run unless `force`."""
    if seed < 0:
        raise InputError(f"--seed is {seed}; give 0 or a positive number")
    check_run_folder(run, force, f"go on with `{loop.resume_command(run)}`, ")


def _device(name):
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device is cuda, but PyTorch finds no CUDA device; give cpu")
    return name or ("cuda" if torch.cuda.is_available() else "cpu")


def precision_on(recipe, device):
    """Return what a run of a recipe on a device computes in unless told otherwise."""
    if device == "cuda":
        multiplies_bf16 = torch.cuda.is_bf16_supported()
    else:
        multiplies_bf16 = torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if RECIPES[recipe].bf16 and multiplies_bf16 else "float32"
