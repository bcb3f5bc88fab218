# SPDX-License-Identifier: Apache-2.0
"""Variants of a training, one change each, with several seeds: their runs, and a table of means."""

from __future__ import annotations

import numpy as np

from golden.spec import InputError
from train import session
from train.experiments.over_seeds import differs
from train.experiments.report import table
from train.run import CONFIG, FloatGenerator, IntegerGenerator, RunConfig

UNCHANGED = "base"
DIFFERS = " †"
CAPTION = "The first samples of each variant, of its first seed."
LEGEND = f"""\
Mean and standard deviation over seeds.{DIFFERS} differs from the base by more than chance (95 %,
Student's t; of 20 such cells that only chance moved, one is marked). Differences between single
seeds are no claim."""


def runs_of(folder, variants):
    """Yield name, seed and folder of every run ``NAME-SEED`` in `folder` of the dict `variants`."""
    for name in variants:
        seeds = (run.name.removeprefix(f"{name}-") for run in folder.glob(f"{name}-[0-9]*"))
        for seed in sorted(int(seed) for seed in seeds if seed.isdigit()):
            yield name, seed, folder / f"{name}-{seed}"


def refuse_unknown(names, variants):
    """Raise InputError where one of `names` is not one of `variants`."""
    for name in names:
        if name not in variants:
            raise InputError(f"variant {name!r} is unknown; choose from {', '.join(variants)}")


def refuse_none(found, folder):
    """Raise InputError where `folder` holds no run."""
    if not found:
        raise InputError(f"{folder}: holds no run of a variant; name variants to train")


def make_whole(run, begin):
    """Begin the run in a folder that has none, or go on with one that was interrupted."""
    if not (run / CONFIG).exists():
        begin(run)
    elif steps_done(run) < RunConfig.load(run).steps:
        session.go_on(run)


def steps_done(run):
    """Return how many steps the generator in a run's folder has been trained."""
    config = RunConfig.load(run)
    if config.weight_bits is None:
        return FloatGenerator.load(run, config.spec).progress["steps"]
    return IntegerGenerator.load(run, config.spec).model.training["steps"]


def names_and_seeds(found):
    """Return the arguments that make what was found: names, and seeds."""
    names = list(dict.fromkeys(run["variant"] for run in found))
    seeds = sorted({run["seed"] for run in found})
    return " ".join([*names, "--seeds", *map(str, seeds)])


def facts(name, seed, run, figures):
    """Return what the results hold of one run."""
    return {"variant": name, "seed": seed, "steps": steps_done(run), "figures": figures}


def as_table(found, variants, base, names):
    """Return a Markdown table with a row for every variant that has runs.

    Parameters
    ----------
    found : list of dict
        Of :func:`facts`.
    variants : dict of dict
        What each changes.
    base : str
        What to say of a variant that changes nothing.
    names : sequence of str
        The figures to show.
    """
    of_base = _values(found, UNCHANGED, names)
    rows = []
    for variant, changes in variants.items():
        steps = [run["steps"] for run in found if run["variant"] == variant]
        if steps:
            told = ", ".join(f"{key} {value}" for key, value in changes.items()) or base
            cells = map(_cell, _values(found, variant, names), of_base)
            rows.append([variant, told, len(steps), round(np.mean(steps)), *cells])
    return table(
        ["variant", "change", "seeds", "steps", *(name.replace("_", " ") for name in names)], rows
    )


def _values(found, variant, names):
    """Return a list for each figure in `names`: its value for each seed of `variant`."""
    runs = [run["figures"] for run in found if run["variant"] == variant]
    return [[figures[name] for figures in runs] for name in names]


def _cell(values, of_base):
    spread = f" ± {np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{np.mean(values):.2f}{spread}{DIFFERS if differs(values, of_base) else ''}"
