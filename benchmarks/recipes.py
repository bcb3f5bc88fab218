# SPDX-License-Identifier: Apache-2.0
"""One change of the recipe at a time: equal processor time on the same 275 sprites.

Trains each variant with each seed unless its run is there, measures every run there is and writes
recipes.json, .md and .png. What recipes.json says of runs of the same length that are not there any
more stays, so that the table can grow. A minute's trial:

    python -m benchmarks.recipes base batch-16 --preset tiny --steps 20 --count 50 \\
        --folder /tmp/recipes --out /tmp/recipes
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import fields, replace
from functools import partial

import numpy as np
import torch

from benchmarks import program
from benchmarks.variants import (
    CAPTION,
    FIGURES,
    LEGEND,
    NEXT_COMMAND,
    UNCHANGED,
    as_table,
    check_alike,
    commands,
    make_whole,
    measure,
    options_of,
    runs_of,
)
from golden.spec import GeneratorSpec
from support.failures import InputError
from support.files import make_folder
from train.data.training_set import SPRITES, SPRITES_SEED, load
from train.evaluate.evaluation import novelty, sprite_reference
from train.experiments.figure import sheet
from train.experiments.report import captioned, save_part
from train.loop import loop
from train.loop.malloc import keep_freed_memory
from train.loop.recipes import RECIPES
from train.loop.session import precision_on
from train.loop.trainer import Trainer
from train.run.config import CONFIG, RunConfig

BASE = replace(RECIPES["fast"], sprites=275)
# name: what differs from the base, in the recipe or in the run's configuration
VARIANTS = {
    UNCHANGED: {},
    "no-decay": {"decay": False},
    "batch-16": {"batch": 16},
    "batch-64": {"batch": 64},
    "r1-0.1": {"r1_gamma": 0.1},
    "r1-0.01": {"r1_gamma": 0.01},
    "recombined-20000": {"recombined": 20_000},
    "translate-2": {"translate": 2},
    "translate-4-cut-12": {"translate": 4, "cut_out": 12},
    "wide-g": {"spec": GeneratorSpec.avatars((192, 96, 48))},
    "wide-d": {"d_colour": (64, 128, 256), "d_grey": (32, 64, 128)},
    "hidden-256": {"hidden": 256},
    "relativistic": {"relativistic": True},
    "relativistic-r1-0.1": {"relativistic": True, "r1_gamma": 0.1},
    "ema-0.9995": {"ema": 0.9995},
    "grey-half": {"grey": 0.5},
    "grey-double": {"grey": 2.0},
    "colour-only": {"grey": 0.0},
    "grey-only": {"colour": 0.0},
    "head-3": {"spec": GeneratorSpec.avatars((128, 64, 32), head="rgb")},
    "tanh": {"latents": "tanh"},
    "categorical": {"latents": "categorical"},
}
CONFIG_FIELDS = {field.name for field in fields(RunConfig)}  # the others are the recipe's
ROUNDS, ROUND = 5, 16  # of steps, with two gradient penalties each


def relative_cost(config, base, pictures):
    """Return the processor time of a step of `config` over one of `base`, the two taking turns."""
    trainers = [Trainer(each, pictures) for each in (config, base)]
    times = np.empty((ROUNDS + 1, 2))
    for turn in times:
        for n, trainer in enumerate(trainers):
            begun = time.process_time()
            for _ in range(ROUND):
                trainer.step()
            turn[n] = time.process_time() - begun
    return float(np.median(times[1:, 0] / times[1:, 1]))  # the first turn warms up


def train(names, seeds, steps, spec, folder):
    """Train what is missing of every variant in `names` with every seed.

    All take as much processor time as `steps` of the base.
    """
    sprites = load(SPRITES, BASE.sprites, SPRITES_SEED)
    RECIPES[UNCHANGED] = BASE
    base = RunConfig(
        spec=spec,
        recipe=UNCHANGED,
        steps=steps,
        seed=0,
        data_digest=sprites.digest,
        pictures=len(sprites.pictures),
        precision=precision_on(UNCHANGED, "cpu"),
    )
    make_folder(folder)
    for name, seed, run in runs_of(folder, VARIANTS):
        if (run / CONFIG).exists():
            wanted = {"seed": seed, "spec": VARIANTS[name].get("spec", spec)}
            wanted |= {"steps": steps} if name == UNCHANGED else {}
            check_alike(run, **wanted)
    keep_freed_memory()
    for name in names:
        of_config = {key: VARIANTS[name][key] for key in VARIANTS[name].keys() & CONFIG_FIELDS}
        of_recipe = {key: VARIANTS[name][key] for key in VARIANTS[name].keys() - CONFIG_FIELDS}
        RECIPES[name] = replace(BASE, **of_recipe)
        config = replace(base, recipe=name, **of_config)
        missing = not all((folder / f"{name}-{seed}" / CONFIG).exists() for seed in seeds)
        if missing and name != UNCHANGED:
            config = replace(config, steps=_budget(config, base, folder, sprites.pictures))
        for seed in seeds:
            own = replace(config, seed=seed)
            make_whole(folder / f"{name}-{seed}", partial(loop.train, own, sprites.pictures))


def _budget(config, base, folder, pictures):
    """Return the steps of a variant: those of its other seeds, or measured."""
    for _, _, run in runs_of(folder, [config.recipe]):
        if (run / CONFIG).exists():
            return RunConfig.load(run).steps
    return round(base.steps / relative_cost(config, base, pictures))


def measure_all(folder, count):
    """Return what :func:`benchmarks.variants.measure` does, novelty among the figures."""
    reference = sprite_reference(count)
    sprites = load(SPRITES, BASE.sprites, SPRITES_SEED).pictures

    def figures_of(_run, pictures):
        distances = novelty(pictures, sprites, reference.pictures)["samples"]
        return reference.measure(pictures) | {"novelty": distances["median"]}

    return measure(folder, VARIANTS, count, figures_of)


def with_earlier(found, table, alike):
    """Add the runs that an earlier recipes.json tells of and that are not in the folder any more.

    None of a table for another base or other measuring.

    Parameters
    ----------
    found : list of dict
        Of :func:`benchmarks.variants.measure`.
    table : Path
    alike : dict
        What the earlier file must say, too.

    Raises
    ------
    InputError
        The file is none of ours.
    """
    here = {(run["variant"], run["seed"], run["precision"]) for run in found}
    try:
        earlier = json.loads(table.read_text()) if table.is_file() else {}
        same = all(earlier.get(name) == value for name, value in alike.items())
        gone = [
            run
            for run in (earlier["runs"] if same else [])
            if run["variant"] in VARIANTS
            and (run["variant"], run["seed"], run["precision"]) not in here
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{table}: is damaged; remove it, or name another --out") from None
    order = list(VARIANTS)
    return sorted(
        found + gone, key=lambda run: (order.index(run["variant"]), run["seed"], run["precision"])
    )


def _earlier_rounds(found, alike):
    """Say which runs had another number of steps of the base for their measure."""
    steps = {run["steps"] for run in found if run["variant"] == UNCHANGED} - {alike["base_steps"]}
    if not steps:
        return ""
    told = " and ".join(f"{each:,}" for each in sorted(steps))
    return (
        f" The base of {told}\nsteps, and what has its seed and arithmetic, are of earlier rounds."
    )


def report(found, shown, alike, told, out):
    """Write the results; `alike` is what all runs share, `told` the commands."""
    text = f"""\
# Recipes

    {NEXT_COMMAND.join(told)}

{captioned("recipes", CAPTION)}

One change at a time, each for about the processor time of {alike["base_steps"]:,} steps of the
base, on 275 sprites: a few steps of both, timed before, say how many it gets. Where the processor
multiplies bfloat16 a run does, unless it was made elsewhere.{_earlier_rounds(found, alike)}

{LEGEND}

{as_table(found, VARIANTS, "`fast` of N(0, I) on 275 sprites", (*FIGURES, "novelty"))}"""
    results = {"command": " && ".join(told), **alike, "runs": found}
    save_part(out, "recipes", results, text, sheet(shown, scale=2))


def main(argv=None):
    """Train, measure, write recipes.json, .md and .png."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=2000, help="of the base")
    parser.add_argument("--preset", default="compact")
    options = options_of(parser, VARIANTS, "runs/recipes", argv)
    torch.set_num_threads(1)
    spec = GeneratorSpec.preset(options.preset)
    train(options.names, options.seeds, options.steps, spec, options.folder)
    found, shown = measure_all(options.folder, options.count)
    alike = {"base_steps": options.steps, "channels": list(spec.channels), "count": options.count}
    found = with_earlier(found, options.out / "recipes.json", alike)
    told = commands(
        "python -m benchmarks.recipes",
        found,
        f"--steps {options.steps} --preset {options.preset} --count {options.count}",
    )
    report(found, shown, alike, told, options.out)


if __name__ == "__main__":
    sys.exit(program.run(main))
