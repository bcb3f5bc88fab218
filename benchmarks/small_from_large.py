# SPDX-License-Identifier: Apache-2.0
"""Three ways to a small generator: trained directly, distilled from a large one, pruned from it.

The same recipe, pictures and number of steps of the small generator. The teacher is a run or a file
packed from one, of which pruning begins its discriminators anew. Runs that are there already are
only measured, broken ones go on. A minute's trial:

    python -m benchmarks.small_from_large --preset tiny --steps 20 --count 50 \\
        --folder /tmp/small --out /tmp/small
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from benchmarks import program
from benchmarks.variants import check_alike, steps_done
from golden.spec import GeneratorSpec
from support.failures import InputError
from support.files import make_folder
from train.data.training_set import SPRITES
from train.evaluate import evaluation
from train.evaluate.evaluation import sprite_reference
from train.evaluate.samples import of_generator
from train.experiments.figure import Row, sheet
from train.experiments.report import captioned, save_part, table
from train.experiments.subject import GENERATORS
from train.loop import session
from train.loop.recipes import RECIPES
from train.run.config import CONFIG
from train.run.packed import read_earlier

WEIGHT_BITS = 5  # for which the memory is counted
SHOWN = 10
CAPTION = (
    "The first samples of each; the same latents, but only a student shares its teacher's faces."
)
FIGURES = ("attribute_frechet", "re_render", "random_frechet", "coverage", "recall")


def train(teacher, channels, steps, seed, folder):
    """Train what is missing; return the runs by name, the teacher first."""
    config, _ = read_earlier(teacher)

    def direct(run):
        session.begin(
            run,
            config.spec.with_channels(channels),
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
    if config.recipe not in RECIPES:
        raise InputError(
            f"{teacher}: has recipe {config.recipe}, of this program's own; give another --teacher"
        )
    make_folder(folder)
    for name, begin in ways.items():
        runs[name] = run = Path(folder) / name
        if not (run / CONFIG).exists():
            begin(run)
            continue
        check_alike(run, spec=config.spec.with_channels(channels), seed=seed, recipe=config.recipe)
        if steps_done(run) < steps:
            session.go_on(run, steps=steps)
    return runs


def measure(runs, count):
    """Return each run's size, training and metrics, by name, and a row of its first samples."""
    reference = sprite_reference(count)
    facts, rows = {}, []
    for name, run in runs.items():
        config, generator = read_earlier(run)
        spec = config.spec.with_weight_bits(WEIGHT_BITS)
        pictures = of_generator(generator, config).sample(count, 0)
        facts[name] = {
            "channels": list(spec.channels),
            "weights": spec.weights,
            "useful_macs": spec.useful_macs,
            "weight_memory_bits": spec.weight_memory_bits,
            **generator.progress,
            **reference.measure(pictures),
        }
        rows.append(Row(name, pictures[:SHOWN]))
    return facts, rows


def as_markdown(facts, command):
    """Lay :func:`measure`'s dictionary out as a table under a heading."""
    header = ("", "channels", "weights", "useful MACs", "kbit", "steps")
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
    return f"""\
# Small from large

    {command}

{captioned("small-from-large", CAPTION)}

One run each, the small ones in the same number of steps: small differences are noise. Weights are
counted at {WEIGHT_BITS} bits.

{table(header, rows)}"""


def main(argv=None):
    """Train, measure, write small-from-large.json and .md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--teacher", default=GENERATORS / "contest.safetensors", help="run or packed generator"
    )
    parser.add_argument("--preset", default="compact", help="size of the small ones")
    parser.add_argument("--steps", type=int, default=20_000, help="of each small one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1500, help="samples measured")
    parser.add_argument("--folder", default="runs/small-from-large", help="of the runs")
    parser.add_argument("--out", default="docs/results", help="folder of the tables")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    program.check_positive(steps=options.steps)
    evaluation.check(options.count, options.seed)
    channels = GeneratorSpec.preset(options.preset).channels
    runs = train(options.teacher, channels, options.steps, options.seed, options.folder)
    facts, rows = measure(runs, options.count)
    command = (
        f"python -m benchmarks.small_from_large --teacher {options.teacher} "
        f"--preset {options.preset} --steps {options.steps} --seed {options.seed} "
        f"--count {options.count}"
    )
    results = {"command": command, "runs": facts}
    picture = sheet(rows, scale=2)
    save_part(options.out, "small-from-large", results, as_markdown(facts, command), picture)


if __name__ == "__main__":
    sys.exit(program.run(main))
