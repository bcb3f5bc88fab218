# SPDX-License-Identifier: Apache-2.0
"""Beginning a run and going on with one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from golden.spec import GeneratorSpec, InputError
from train import loop
from train.data import SPRITES, SPRITES_SEED, Batches, load
from train.recipes import RECIPES
from train.run import CONFIG, RunConfig


def begin(
    run,
    channels,
    *,
    recipe="fast",
    data=SPRITES,
    count=None,
    steps=None,
    epochs=None,
    seed=0,
    smooth=1.0,
    latent="normal",
    device=None,
    save_every=loop.SAVE_EVERY,
):
    """Train a new run.

    Parameters
    ----------
    run : str or Path
        Its folder, made unless it exists; it must not hold a run.
    channels : (int, int, int)
    recipe : str
        A name in :data:`train.recipes.RECIPES`.
    data : str
        ``sprites`` or a folder of PNG files.
    count : int, optional
        Number of sprites; by default the recipe's.
    steps, epochs : int, optional
        Length, in one of the two; by default the recipe's steps.
    seed : int
    smooth : float
        Label of real pictures, above 0 and at most 1.
    latent : str
        One of :data:`train.run.LATENTS`.
    device : str, optional
        ``cpu`` or ``cuda``; by default CUDA where there is one.
    save_every : int
        Steps between two checkpoints.

    Raises
    ------
    InputError
        A value is out of range, or the folder holds a run.
    """
    run, constants = Path(run), RECIPES[recipe]
    GeneratorSpec(channels=channels)  # refuses impossible channels
    for name, value in (("--steps", steps), ("--epochs", epochs), ("--save-every", save_every)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}; give at least 1")
    if steps is not None and epochs is not None:
        raise InputError("--steps and --epochs both say how long; give one of them")
    if seed < 0:
        raise InputError(f"--seed is {seed}; give 0 or a positive number")
    if not 0 < smooth <= 1:
        raise InputError(f"--smooth is {smooth}; give a label of up to 1, 0.9 say")
    if count is not None and data != SPRITES:
        raise InputError("--count is the number of sprites; a folder is read whole, leave it out")
    if (run / CONFIG).exists():
        raise InputError(f"{run}: holds a run already; go on with --resume, or name another folder")
    device = _device(device)
    training_set = load(data, constants.sprites if count is None else count, SPRITES_SEED)
    if epochs is not None:
        batches = Batches(len(training_set.pictures), constants.batch, [seed])
        steps = epochs * batches.epoch_steps
    config = RunConfig(
        channels=tuple(channels),
        recipe=recipe,
        steps=constants.steps if steps is None else steps,
        seed=seed,
        real_label=smooth,
        latents=latent,
        data=training_set.source,
        data_digest=training_set.digest,
        pictures=len(training_set.pictures),
        precision="bfloat16" if constants.bf16 and _multiplies_bf16(device) else "float32",
    )
    loop.train(config, training_set.pictures, run, save_every=save_every, device=device)


def go_on(run, *, steps=None, device=None, save_every=loop.SAVE_EVERY):
    """Resume a run from its last checkpoint, with its own configuration.

    Parameters
    ----------
    run : str or Path
    steps : int, optional
        Another length for the whole run. Learning rates that decay do so along the new length.
    device, save_every
        As :func:`begin`.

    Raises
    ------
    InputError
        The folder is no run, its pictures have changed, or `steps` are done already.
    """
    run = Path(run)
    config = RunConfig.load(run)
    if config.recipe not in RECIPES:
        raise InputError(f"{run}: recipe {config.recipe!r} cannot go on; train a new run")
    training_set = load(config.data, config.pictures, SPRITES_SEED)
    if training_set.digest != config.data_digest:
        raise InputError(
            f"{config.data}: these are not the pictures that {run} began with; restore them"
        )
    if steps is not None:
        if steps < 1:
            raise InputError(f"--steps is {steps}; give at least 1")
        config = replace(config, steps=steps)
    loop.train(
        config,
        training_set.pictures,
        run,
        resume=True,
        save_every=save_every,
        device=_device(device),
    )


def _device(name):
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device is cuda, but PyTorch finds no CUDA device; give cpu")
    return name or ("cuda" if torch.cuda.is_available() else "cpu")


def _multiplies_bf16(device):
    if device == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.cpu._is_avx512_bf16_supported()
