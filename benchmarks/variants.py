# SPDX-License-Identifier: Apache-2.0
"""Variants of a training, one change each, with several seeds: their runs, and a table of means."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks import program
from support.failures import InputError
from train.evaluate import evaluation
from train.evaluate.samples import of_run
from train.experiments.figure import Row
from train.experiments.over_seeds import differs
from train.experiments.report import table
from train.loop import session
from train.run.config import CONFIG, RunConfig
from train.run.float_generator import FloatGenerator, IntegerGenerator

UNCHANGED = "base"
DIFFERS = " †"
FIGURES = ("attribute_frechet", "re_render", "random_frechet", "sliced_wasserstein", "recall")
SHOWN = 10
NEXT_COMMAND = "\n    "  # between two lines of a Markdown code block
CAPTION = "The first samples of each variant with a run at hand, of its first seed."
LEGEND = f"""\
Mean and standard deviation over seeds.{DIFFERS} differs from the base in the same arithmetic by
more than chance (95 %, Student's t; of 20 such cells that only chance moved, one is marked).
Differences between single seeds are no claim."""


def runs_of(folder, variants):
    """Yield name, seed and folder of every run ``NAME-SEED`` in `folder` of the dict `variants`."""
    for name in variants:
        seeds = (run.name.removeprefix(f"{name}-") for run in folder.glob(f"{name}-[0-9]*"))
        for seed in sorted(int(seed) for seed in seeds if seed.isdigit()):
            yield name, seed, folder / f"{name}-{seed}"


def options_of(parser, variants, folder, argv):
    """Add the arguments that every comparison of variants has to a parser's own, and parse `argv`.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Has --steps.
    variants : dict of dict
    folder : str
        Where the runs lie by default.
    argv : list of str, or None for the process's

    Raises
    ------
    InputError
        A name is not one of `variants`, or a number is out of range.
    """
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(variants))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--count", type=int, default=1500, help="samples to measure")
    parser.add_argument("--folder", type=Path, default=Path(folder))
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    options = parser.parse_args(argv)
    for name in options.names:
        if name not in variants:
            raise InputError(f"variant {name!r} is unknown; choose from {', '.join(variants)}")
    program.check_positive(steps=options.steps)
    for seed in options.seeds:
        evaluation.check(options.count, seed)
    return options


def check_alike(run, **wanted):
    """Refuse a run that is there already but is not what was asked for.

    Parameters
    ----------
    run : Path
    wanted : dict
        Fields of its :class:`train.run.config.RunConfig`.

    Returns
    -------
    train.run.config.RunConfig

    Raises
    ------
    InputError
        One differs.
    """
    config = RunConfig.load(run)
    for name, value in wanted.items():
        found = getattr(config, name)
        if found != value:
            if name == "spec":
                alike = found.channels == value.channels
                name = "weight_bits" if alike else "channels"
                found, value = getattr(found, name), getattr(value, name)
            raise InputError(
                f"{run}: was trained with {name.replace('_', ' ')} {found}, not {value}; name "
                "another --folder"
            )
    return config


def make_whole(run, begin):
    """Begin the run in a folder that has none, or go on with one that was interrupted."""
    if not (run / CONFIG).exists():
        begin(run)
    elif not is_whole(run):
        session.go_on(run)


def steps_done(run):
    """Return how many steps the generator in a run's folder has been trained."""
    config = RunConfig.load(run)
    if not config.integers:
        return FloatGenerator.load(run, config.spec).progress["steps"]
    return IntegerGenerator.load(run, config.spec).model.training["steps"]


def is_whole(run):
    """Whether the run in a folder has come to its end."""
    return steps_done(run) >= RunConfig.load(run).steps


def commands(begin, found, arguments):
    """Return the command lines that make what was found: one for the variants of the same seeds.

    Parameters
    ----------
    begin : str
        The program, and what comes before the names.
    found : list of dict
        Of :func:`measure`.
    arguments : str
        What comes behind the seeds.
    """
    seeds = {}
    for run in found:
        seeds.setdefault(run["variant"], set()).add(run["seed"])
    names = {}
    for name, own in seeds.items():
        names.setdefault(tuple(sorted(own)), []).append(name)
    return [
        " ".join([begin, *alike, "--seeds", *map(str, own), arguments])
        for own, alike in names.items()
    ]


def measure(folder, variants, count, figures_of):
    """Measure every whole run in `folder` of the dict `variants`; one broken off tells nothing.

    Parameters
    ----------
    folder : Path
    variants : dict of dict
    count : int
        Samples a run.
    figures_of : callable
        Takes a run's folder and its samples, returns its figures by name.

    Returns
    -------
    found : list of dict
        ``variant``, ``seed``, ``steps``, ``precision`` and ``figures`` of each run.
    rows : list of train.experiments.figure.Row
        First samples of the first run of each variant.

    Raises
    ------
    InputError
        There are none.
    """
    found, rows = [], {}
    for name, seed, run in runs_of(folder, variants):
        if not is_whole(run):
            continue
        pictures = of_run(run).sample(count, 0)
        precision = RunConfig.load(run).precision
        facts = {"variant": name, "seed": seed, "steps": steps_done(run), "precision": precision}
        found.append(facts | {"figures": figures_of(run, pictures)})
        rows.setdefault(name, Row(name, pictures[:SHOWN]))
    if not found:
        raise InputError(f"{folder}: holds no whole run of a variant; name variants to train")
    return found, list(rows.values())


def as_table(found, variants, base, names):
    """Return a Markdown table with a row for every variant and arithmetic that has runs.

    Parameters
    ----------
    found : list of dict
        Of :func:`measure`.
    variants : dict of dict
        What each changes.
    base : str
        What to say of a variant that changes nothing.
    names : sequence of str
        The figures to show.
    """
    of_base = {each: _values(_of(found, UNCHANGED, each), names) for each in _precisions(found)}
    rows = []
    for variant, changes in variants.items():
        told = ", ".join(f"{key} {value}" for key, value in changes.items()) or base
        for precision in of_base:
            runs = _of(found, variant, precision)
            if runs:
                cells = map(_cell, _values(runs, names), of_base[precision])
                steps = round(np.mean([run["steps"] for run in runs]))
                rows.append([variant, told, precision, len(runs), steps, *cells])
    header = ["variant", "change", "arithmetic", "seeds", "steps"]
    return table([*header, *(name.replace("_", " ") for name in names)], rows)


def _precisions(found):
    return sorted({run["precision"] for run in found})


def _of(found, variant, precision):
    return [run for run in found if (run["variant"], run["precision"]) == (variant, precision)]


def _values(runs, names):
    """Return a list for each figure in `names`: its value in each run."""
    return [[run["figures"][name] for run in runs] for name in names]


def _cell(values, of_base):
    spread = f" ± {np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{np.mean(values):.2f}{spread}{DIFFERS if differs(values, of_base) else ''}"
