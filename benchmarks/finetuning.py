# SPDX-License-Identifier: Apache-2.0
"""One change of the fine-tuning in integers at a time, of one float run.

Trains each variant with each seed unless its run is there, measures every run there is beside the
float generator and writes finetuning.json, .md and .png. A minute's trial:

    python benchmarks/finetuning.py runs/first base no-noise --steps 5 --count 50 \\
        --folder /tmp/finetuning --out /tmp/finetuning
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks import program
from benchmarks.variants import (
    CAPTION,
    LEGEND,
    UNCHANGED,
    as_table,
    facts,
    make_whole,
    names_and_seeds,
    refuse_none,
    refuse_unknown,
    runs_of,
)
from golden import model_file
from golden.atomic import make_folder
from train import session
from train.evaluate import sprite_reference
from train.experiments.figure import Row, sheet
from train.experiments.report import captioned, save_part, table
from train.quantize import quantize_run
from train.run import IntegerGenerator, RunConfig
from train.samples import of_model, of_run

# name: what differs from `avatar finetune --steps STEPS`
VARIANTS = {
    UNCHANGED: {},
    "no-noise": {"noise": 0.0},
    "double-noise": {"noise": 80.0},
    "long": {"steps": 6000},
    "slow": {"rate": 0.15},
    "no-teacher": {"distillation": 0.0},
}
FIGURES = ("attribute_frechet", "re_render", "random_frechet", "sliced_wasserstein", "recall")
SHOWN = 10


def train(names, seeds, earlier, weight_bits, steps, folder):
    """Train what is missing of every variant in `names` with every seed."""
    make_folder(folder)
    for seed in seeds:
        for name in names:
            given = {"weight_bits": weight_bits, "steps": steps, "seed": seed} | VARIANTS[name]
            make_whole(
                folder / f"{name}-{seed}",
                partial(session.begin_from, earlier, way="finetune", **given),
            )


def measure(earlier, weight_bits, folder, count):
    """Return the figures before any training in integers, of every run in `folder`, and samples.

    A row of samples shows the first run of a variant.

    Returns
    -------
    before : dict of dict
        Figures of the run in floats, and of its weights rounded.
    found : list of dict
        Of :func:`benchmarks.variants.facts`.
    rows : list of train.experiments.figure.Row
    """
    reference = sprite_reference(count)
    with TemporaryDirectory() as aside:
        path = Path(aside) / "rounded.safetensors"
        model = quantize_run(earlier, weight_bits)
        model_file.save(model, path)
        sources = {"in floats": of_run(earlier), "rounded": of_model(path)}
        made = {name: source.sample(count, 0) for name, source in sources.items()}
    before = {name: reference.measure(pictures) for name, pictures in made.items()}
    before["rounded"]["psnr"] = model.metrics["psnr"]
    rows = {name: Row(name, pictures[:SHOWN]) for name, pictures in made.items()}
    found = []
    for name, seed, run in runs_of(folder, VARIANTS):
        pictures = of_run(run).sample(count, 0)
        model = IntegerGenerator.load(run, RunConfig.load(run).spec).model
        figures = reference.measure(pictures) | {"psnr": model.metrics["psnr"]}
        found.append(facts(name, seed, run, figures))
        rows.setdefault(name, Row(name, pictures[:SHOWN]))
    return before, found, list(rows.values())


def report(before, found, shown, command, out):
    """Write the results."""
    names = (*FIGURES, "psnr")
    header = ["", *(name.replace("_", " ") for name in names)]
    first = [
        [name, *(f"{each[figure]:.2f}" if figure in each else "-" for figure in names)]
        for name, each in before.items()
    ]
    text = f"""\
## Fine-tuning in integers

    {command}

{captioned("finetuning", CAPTION)}

The generator before any training in integers, its latents without a gain:

{table(header, first)}
And after it, one change of `avatar finetune` at a time.

{LEGEND}

{as_table(found, VARIANTS, "-", names)}"""
    results = {"command": command, "before": before, "runs": found}
    save_part(out, "finetuning", results, text, sheet(shown, scale=2))


def main(argv=None):
    """Train, measure, write finetuning.json, .md and .png."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="of `avatar train`")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(VARIANTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--weight-bits", type=int, default=5)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--count", type=int, default=1500, help="samples to measure")
    parser.add_argument("--folder", type=Path, default=Path("runs/finetuning"))
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    options = parser.parse_args(argv)
    refuse_unknown(options.names, VARIANTS)
    torch.set_num_threads(1)
    bits, steps = options.weight_bits, options.steps
    train(options.names, options.seeds, options.run, bits, steps, options.folder)
    before, found, shown = measure(options.run, bits, options.folder, options.count)
    refuse_none(found, options.folder)
    command = (
        f"python benchmarks/finetuning.py runs/best {names_and_seeds(found)} "
        f"--weight-bits {bits} --steps {steps}"
    )
    report(before, found, shown, command, options.out)


if __name__ == "__main__":
    sys.exit(program.run(main))
