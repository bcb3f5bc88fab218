# SPDX-License-Identifier: Apache-2.0
"""One change of the recipe at a time, equal processor minutes, the same 275 sprites.

``train`` makes a run folder for each variant and seed; ``table`` measures the folders there are and
writes docs/results/recipes.json and recipes.md.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch

from golden.spec import GeneratorSpec
from train import loop
from train.data import load
from train.recipes import RECIPES
from train.run import CONFIG, RunConfig
from train.session import SPRITES_SEED
from train.trainer import Trainer

FOLDER = Path("runs/recipes")
BASE = replace(RECIPES["fast"], sprites=275)
# name: what differs from the base
VARIANTS = {
    "base": {},
    "no-decay": {"decay": False},
    "batch-16": {"batch": 16},
    "batch-64": {"batch": 64},
    "lr-d-half": {"lr_d": 5e-4},
    "lr-double": {"lr_g": 2e-3, "lr_d": 2e-3},
    "r1-0.2": {"r1_gamma": 0.2},
    "r1-5": {"r1_gamma": 5.0},
    "translate-2": {"translate": 2},
    "translate-4": {"translate": 4},
    "translate-4-cut-12": {"translate": 4, "cut_out": 12},
    "wide-d": {"d_colour": (64, 128, 256), "d_grey": (32, 64, 128)},
    "even-d": {"d_colour": (32, 64, 128), "d_grey": (32, 64, 128)},
    "relativistic": {"relativistic": True},
    "ema-0.9995": {"ema": 0.9995},
    "grey-half": {"grey": 0.5},
    "grey-double": {"grey": 2.0},
    "colour-only": {"grey": 0.0},
    "grey-only": {"colour": 0.0},
}
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


def train(names, seeds, minutes, preset):
    """Train every variant in `names` with every seed."""
    torch.set_num_threads(1)
    pictures = load("sprites", BASE.sprites, SPRITES_SEED)
    for seed in seeds:
        for name in names:
            run = FOLDER / f"{name}-{seed}"
            if (run / CONFIG).exists():
                continue
            RECIPES[name] = replace(BASE, **VARIANTS[name])
            config = RunConfig(
                channels=GeneratorSpec.PRESETS[preset],
                recipe=name,
                steps=1,
                seed=seed,
                data_digest=pictures.digest,
                pictures=len(pictures.pictures),
            )
            steps = steps_of(config, pictures.pictures, minutes)
            loop.train(replace(config, steps=steps), pictures.pictures, run)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(VARIANTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--preset", default="compact")
    options = parser.parse_args()
    train(options.names, options.seeds, options.minutes, options.preset)
