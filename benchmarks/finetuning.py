# SPDX-License-Identifier: Apache-2.0
"""One change of the fine-tuning in integers at a time, of one float run or packed generator.

Trains each variant with each seed unless its run is there, measures every run there is beside the
float generator and writes finetuning.json, .md and .png. A minute's trial:

    python -m benchmarks.finetuning models/float/best.safetensors base no-noise \\
        --steps 5 --count 50 --folder /tmp/finetuning --out /tmp/finetuning
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

import torch

from benchmarks import program
from benchmarks.variants import (
    CAPTION,
    FIGURES,
    LEGEND,
    NEXT_COMMAND,
    SHOWN,
    UNCHANGED,
    as_table,
    check_alike,
    commands,
    make_whole,
    measure,
    options_of,
    runs_of,
)
from support.failures import InputError
from support.files import make_folder
from train.evaluate.evaluation import sprite_reference
from train.evaluate.samples import latents, of_generator
from train.experiments.figure import Row, sheet
from train.experiments.report import captioned, save_part, table
from train.experiments.subject import as_subject
from train.loop import session
from train.quantize import learned_rounding
from train.quantize.pipeline import quantize
from train.run.config import CONFIG, RunConfig
from train.run.float_generator import IntegerGenerator
from train.run.packed import digest, read_earlier

# name: what differs from `avatar finetune --steps STEPS`
VARIANTS = {
    UNCHANGED: {},
    "no-noise": {"noise": 0.0},
    "half-noise": {"noise": 30.0},
    "double-noise": {"noise": 120.0},
    "long": {"steps": 6000},
    "slow": {"rate": 0.15},
    "no-teacher": {"distillation": 0.0},
}


def train(names, seeds, earlier, weight_bits, steps, folder):
    """Train what is missing of every variant in `names` with every seed."""
    make_folder(folder)
    config, generator = read_earlier(earlier)
    for name, seed, run in runs_of(folder, VARIANTS):
        if (run / CONFIG).exists():
            known = check_alike(
                run,
                seed=seed,
                spec=config.spec.with_weight_bits(weight_bits),
                integers=True,
                steps=VARIANTS[name].get("steps", steps),
            )
            told = known.start.teacher
            if told != digest(generator.arrays)[: len(told)]:
                raise InputError(f"{run}: began from another generator; name another --folder")
    for seed in seeds:
        for name in names:
            given = {"weight_bits": weight_bits, "steps": steps, "seed": seed} | VARIANTS[name]
            make_whole(
                folder / f"{name}-{seed}",
                partial(session.begin_from, earlier, way="finetune", **given),
            )


def measure_all(earlier, weight_bits, steps, folder, count):
    """Return the figures before any fine-tuning, and of every run in `folder`.

    Returns
    -------
    before : dict of dict
        Figures of the run in floats, of its weights rounded, and of rounding learned in as many
        steps.
    found, rows
        As of :func:`benchmarks.variants.measure`, PSNR among the figures; the rows begin with what
        was before.
    """
    reference = sprite_reference(count)
    config, generator = read_earlier(earlier)
    learned = learned_rounding.quantize(config, generator, weight_bits, steps)
    models = {
        "rounded": quantize(config, generator, weight_bits),
        "rounding learned": learned,
    }
    z = latents(config.latents, count, 0)
    made = {"in floats": of_generator(generator, config).sample(count, 0)}
    made |= {name: as_subject(name, model).pictures(z) for name, model in models.items()}
    before = {name: reference.measure(pictures) for name, pictures in made.items()}
    for name, model in models.items():
        before[name] |= {"psnr": model.metrics["psnr"]}

    def figures_of(run, pictures):
        model = IntegerGenerator.load(run, RunConfig.load(run).spec).model
        return reference.measure(pictures) | {"psnr": model.metrics["psnr"]}

    found, rows = measure(folder, VARIANTS, count, figures_of)
    return before, found, [*(Row(name, each[:SHOWN]) for name, each in made.items()), *rows]


def report(before, found, shown, steps, told, out):
    """Write the results; rounding was learned in `steps`."""
    names = (*FIGURES, "psnr")
    header = ["", *(name.replace("_", " ") for name in names)]
    first = [
        [name, *(f"{each[figure]:.2f}" if figure in each else "-" for figure in names)]
        for name, each in before.items()
    ]
    text = f"""\
# Fine-tuning in integers

    {NEXT_COMMAND.join(told)}

{captioned("finetuning", CAPTION)}

The generator in floats, and in integers without discriminators: its weights rounded, or their
rounding learned in {steps:,} steps (`avatar quantize --learn`; the shipped models take 2,000 to
6,000):

{table(header, first)}
And after training against them, one change of `avatar finetune` at a time.

{LEGEND}

{as_table(found, VARIANTS, "-", names)}"""
    results = {"command": " && ".join(told), "before": before, "runs": found}
    save_part(out, "finetuning", results, text, sheet(shown, scale=2))


def main(argv=None):
    """Train, measure, write finetuning.json, .md and .png."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="of `avatar train`, or a file of `avatar pack`")
    parser.add_argument("--weight-bits", type=int, default=5)
    parser.add_argument("--steps", type=int, default=800)
    options = options_of(parser, VARIANTS, "runs/finetuning", argv)
    torch.set_num_threads(1)
    bits, steps = options.weight_bits, options.steps
    train(options.names, options.seeds, options.run, bits, steps, options.folder)
    before, found, shown = measure_all(options.run, bits, steps, options.folder, options.count)
    told = commands(
        f"python -m benchmarks.finetuning {options.run}",
        found,
        f"--weight-bits {bits} --steps {steps} --count {options.count}",
    )
    report(before, found, shown, steps, told, options.out)


if __name__ == "__main__":
    sys.exit(program.run(main))
