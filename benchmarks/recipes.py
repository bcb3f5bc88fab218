# SPDX-License-Identifier: Apache-2.0
"""One change of the recipe at a time: equal processor minutes on the same 275 sprites.

Trains each variant with each seed unless its run is there, measures every run there is and writes
recipes.json, .md and .png. A minute's trial:

    python benchmarks/recipes.py base batch-16 --preset tiny --minutes 0.1 --count 50 \\
        --folder /tmp/recipes --out /tmp/recipes
"""

from __future__ import annotations

import argparse
import time
from dataclasses import fields, replace
from pathlib import Path

import torch

from benchmarks.variants import CAPTION, LEGEND, as_table, facts, runs_of
from golden.atomic import make_folder
from golden.spec import GeneratorSpec
from train import loop
from train.data import SPRITES, SPRITES_SEED, load
from train.evaluate import novelty, sprite_reference
from train.experiments.figure import Row, sheet
from train.experiments.report import captioned, save_part
from train.recipes import RECIPES, Recipe
from train.run import CONFIG, RunConfig
from train.samples import of_run
from train.trainer import Trainer

BASE = replace(RECIPES["fast"], sprites=275)
# name: what differs from the base, in the recipe or in the run's configuration
VARIANTS = {
    "base": {},
    "no-decay": {"decay": False},
    "batch-16": {"batch": 16},
    "batch-64": {"batch": 64},
    "r1-0.1": {"r1_gamma": 0.1},
    "r1-0.01": {"r1_gamma": 0.01},
    "translate-2": {"translate": 2},
    "translate-4-cut-12": {"translate": 4, "cut_out": 12},
    "wide-g": {"channels": (192, 96, 48)},
    "wide-d": {"d_colour": (64, 128, 256), "d_grey": (32, 64, 128)},
    "relativistic": {"relativistic": True},
    "ema-0.9995": {"ema": 0.9995},
    "grey-half": {"grey": 0.5},
    "grey-double": {"grey": 2.0},
    "colour-only": {"grey": 0.0},
    "grey-only": {"colour": 0.0},
    "head-3": {"planes": 3},
    "tanh": {"latents": "tanh"},
}
RECIPE_FIELDS = {field.name for field in fields(Recipe)}
FIGURES = ("attribute_frechet", "re_render", "random_frechet", "sliced_wasserstein", "recall")
SHOWN = 10
WARM_UP, TIMED = 5, 30  # steps


def steps_of(config, pictures, minutes):
    """Return how many steps of `config` take `minutes` of one processor."""
    trainer = Trainer(config, pictures)
    for _ in range(WARM_UP):
        trainer.step()
    start = time.process_time()
    for _ in range(TIMED):
        trainer.step()
    return int(minutes * 60 * TIMED / (time.process_time() - start))


def train(names, seeds, minutes, channels, folder):
    """Train what is missing of every variant in `names` with every seed."""
    sprites = load(SPRITES, BASE.sprites, SPRITES_SEED)
    make_folder(folder)
    for seed in seeds:
        for name in names:
            run = folder / f"{name}-{seed}"
            if (run / CONFIG).exists():
                continue
            changes = VARIANTS[name]
            of_recipe = {key: changes[key] for key in changes if key in RECIPE_FIELDS}
            RECIPES[name] = replace(BASE, **of_recipe)
            config = RunConfig(
                channels=channels,
                recipe=name,
                steps=1,
                seed=seed,
                data_digest=sprites.digest,
                pictures=len(sprites.pictures),
            )
            config = replace(
                config, **{key: changes[key] for key in changes if key not in of_recipe}
            )
            steps = steps_of(config, sprites.pictures, minutes)
            loop.train(replace(config, steps=steps), sprites.pictures, run)


def measure(folder, count):
    """Return the figures of every run in `folder`, a list of dicts, and rows of samples.

    A row shows the first run of a variant.
    """
    reference = sprite_reference(count)
    sprites = load(SPRITES, BASE.sprites, SPRITES_SEED).pictures
    found, rows = [], {}
    for name, seed, run in runs_of(folder, VARIANTS):
        pictures = of_run(run).sample(count, 0)
        figures = reference.measure(pictures)
        figures["novelty"] = novelty(pictures, sprites, reference.pictures)["samples"]["median"]
        found.append(facts(name, seed, run, figures))
        rows.setdefault(name, Row(name, pictures[:SHOWN]))
    return found, list(rows.values())


def report(found, shown, minutes, out):
    """Write the results."""
    names = dict.fromkeys(run["variant"] for run in found)
    seeds = sorted({run["seed"] for run in found})
    command = " ".join([*names, "--seeds", *map(str, seeds)])
    text = f"""\
## Recipes

    python benchmarks/recipes.py {command} --minutes {minutes:g}

{captioned("recipes", CAPTION)}

One change at a time, {minutes:g} processor minutes each, 275 sprites.
{LEGEND}

{as_table(found, VARIANTS, "`fast` on 275 sprites", (*FIGURES, "novelty"))}"""
    save_part(out, "recipes", {"minutes": minutes, "runs": found}, text, sheet(shown, scale=2))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*VARIANTS, []], metavar="NAME")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--minutes", type=float, default=6.0, help="of one processor, a run")
    parser.add_argument("--preset", default="compact")
    parser.add_argument("--count", type=int, default=1500, help="samples to measure")
    parser.add_argument("--folder", type=Path, default=Path("runs/recipes"))
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    channels = GeneratorSpec.preset(options.preset).channels
    train(options.names, options.seeds, options.minutes, channels, options.folder)
    report(*measure(options.folder, options.count), options.minutes, options.out)
