# SPDX-License-Identifier: Apache-2.0
"""Three ways to a small generator: trained directly, distilled from a large one, pruned from it.

The same recipe, pictures and number of steps of the small generator. Runs that are there already
are only measured, broken ones go on. A minute's trial, on a teacher of as little training:

    python benchmarks/small_from_large.py --teacher runs/teacher --preset tiny --steps 20 \\
        --count 50 --folder /tmp/small --out /tmp/small
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from benchmarks import program
from benchmarks.variants import steps_done
from golden.atomic import make_folder
from golden.spec import GeneratorSpec
from train import session
from train.data import SPRITES
from train.evaluate import sprite_reference
from train.experiments.report import save_part, table
from train.run import CONFIG, FloatGenerator, RunConfig
from train.samples import of_run

WEIGHT_BITS = 5  # for which the memory is counted
FIGURES = ("attribute_frechet", "re_render", "random_frechet", "coverage", "recall")


def train(teacher, channels, steps, seed, folder):
    """Train what is missing; return the runs by name, the teacher first."""
    config = RunConfig.load(teacher)

    def direct(run):
        session.begin(
            run,
            channels,
            recipe=config.recipe,
            data=config.data,
            count=config.pictures if config.data == SPRITES else None,
            steps=steps,
            seed=seed,
            smooth=config.real_label,
            latent=config.latents,
        )

    def begun(way):
        return lambda run: session.begin_from(
            teacher, run, way, channels=channels, steps=steps, seed=seed
        )

    runs = {"teacher": Path(teacher)}
    ways = {"direct": direct, "distilled": begun("distill"), "pruned": begun("prune")}
    make_folder(folder)
    for name, begin in ways.items():
        runs[name] = run = Path(folder) / name
        if not (run / CONFIG).exists():
            begin(run)
        elif steps_done(run) < steps:
            session.go_on(run, steps=steps)
    return runs


def measure(runs, count):
    """Return each run's size, training and metrics, by name."""
    reference = sprite_reference(count)
    facts = {}
    for name, run in runs.items():
        config = RunConfig.load(run)
        spec = GeneratorSpec(channels=config.channels, weight_bits=WEIGHT_BITS)
        facts[name] = {
            "channels": list(spec.channels),
            "weights": spec.weights,
            "useful_macs": spec.useful_macs,
            "weight_memory_bits": spec.weight_memory_bits,
            **FloatGenerator.load(run, spec).progress,
            **reference.measure(of_run(run).sample(count, 0)),
        }
    return facts


def as_markdown(facts, command):
    """Lay :func:`measure`'s dictionary out as a table under a heading."""
    header = ("", "channels", "weights", "useful MACs", f"kbit at {WEIGHT_BITS} bits", "steps")
    rows = [
        (
            name,
            "-".join(map(str, each["channels"])),
            each["weights"],
            each["useful_macs"],
            round(each["weight_memory_bits"] / 1000),
            each["steps"],
            *(each[figure] for figure in FIGURES),
        )
        for name, each in facts.items()
    ]
    header += tuple(figure.replace("_", " ") for figure in FIGURES)
    how = "One run each, the small ones in the same number of steps: small differences are noise."
    return f"## Small from large\n\n    {command}\n\n{how}\n\n{table(header, rows)}"


def main(argv=None):
    """Train, measure, write small-from-large.json and .md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teacher", default="runs/medium", help="run of a large generator")
    parser.add_argument("--preset", default="compact", help="size of the small ones")
    parser.add_argument("--steps", type=int, default=20_000, help="of each small one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1500, help="samples measured")
    parser.add_argument("--folder", default="runs/small-from-large", help="of the runs")
    parser.add_argument("--out", default="docs/results", help="folder of the tables")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    channels = GeneratorSpec.preset(options.preset).channels
    runs = train(options.teacher, channels, options.steps, options.seed, options.folder)
    facts = measure(runs, options.count)
    command = (
        f"python benchmarks/small_from_large.py --teacher {options.teacher} "
        f"--preset {options.preset} --steps {options.steps} --seed {options.seed} "
        f"--count {options.count}"
    )
    results = {"command": command, "runs": facts}
    save_part(options.out, "small-from-large", results, as_markdown(facts, command))


if __name__ == "__main__":
    sys.exit(program.run(main))
