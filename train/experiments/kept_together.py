# SPDX-License-Identifier: Apache-2.0
"""Recombination of sprites whose attributes go together, as those of a set drawn by hand do."""

from __future__ import annotations

from functools import partial

import numpy as np

from support.progress import bar
from train.data import sprites
from train.data.recolouring import find_palettes
from train.data.recombination import (
    JOINED,
    choose,
    in_other_colours,
    join,
    joinable,
    recombine,
)
from train.data.training_set import SPRITES, SPRITES_SEED
from train.evaluate import evaluation, samples
from train.experiments.measuring import COLUMNS, SAMPLES, cells
from train.experiments.report import number, table
from train.experiments.subject import GENERATORS, open_subject

GENERATOR = GENERATORS / "few-correlated.safetensors"  # of recipe `few`, from these sprites
OTHERS = 4  # draws of as many sprites; what they score in the mean is the set's own distance
OTHERS_SEED = 8_801  # of the first; no other set has these
FRECHET = ("attribute_frechet", "random_frechet")


def as_if_independent(pictures, count, *, progress=iter):
    """Return up to `count` pictures joined and coloured without regard to what goes together."""
    palettes, indices = find_palettes(pictures)
    alike = palettes.in_common_colours(indices)
    pairs = joinable(palettes.rgb[alike], progress=progress)
    chosen = choose(pairs, JOINED * len(pictures))
    turns = np.arange(count) % len(chosen.cost)
    parents = chosen.upper[turns], chosen.lower[turns]
    made, new = in_other_colours(
        join(alike, chosen), turns, palettes, pictures, *parents, progress=progress
    )
    return made[new]


def measure(wanted, seed):
    """Measure what recombination makes of correlated sprites.

    Parameters
    ----------
    wanted : int
        Pictures to make.
    seed : int
        Of the samples measured.

    Returns
    -------
    findings : str
        Markdown.
    numbers : dict
    """
    count, progress = evaluation.TRAINING_COUNT, partial(bar, desc="recombine", unit="block")
    training, _ = sprites.collection(count, SPRITES_SEED, correlated=True)
    recombined, upper, lower = recombine(training, wanted, progress=progress)
    loose = as_if_independent(training, wanted, progress=progress)
    few = open_subject(GENERATOR)
    others = {
        f"others, draw {n + 1}": sprites.collection(count, OTHERS_SEED + n, correlated=True)[0]
        for n in range(OTHERS)
    }
    made = {
        f"recombined as if all were independent, {len(loose):,}": loose,
        f"recombined, {len(recombined):,}": recombined,
        f"a generator of recipe few, {few.training['steps']:,} steps": few.pictures(
            few.draw(seed, SAMPLES)
        ),
    }
    held_out = evaluation.sprite_reference(SAMPLES, correlated=True)
    from_held_out = _from_held_out(held_out, training, others, made, seed)
    from_the_set = _from_the_set(held_out.reader, training, others, made, seed)
    kept = float(np.mean(upper == lower))
    findings = f"""\
In a set drawn by hand parts go together: a cut of hair has its colours, a dress its ribbon. `avatar
data --correlated` draws such sprites. Of {count} of these {kept:.0%} of what is made keeps its own
body, because few heads are on bodies of others as they are in the set; and colours are drawn as
often as like pictures have them. {SAMPLES:,} of each are measured against
{evaluation.REFERENCE_COUNT:,} other correlated sprites:

{_held_out_table(from_held_out)}
Against the {count} themselves. Other draws have {count} pictures, so what is made has as many, or
{SAMPLES:,}:

{_set_table(from_the_set)}"""
    numbers = from_held_out | {"from_the_set": from_the_set, "own_body": kept}
    return findings, numbers


def _from_held_out(reference, training, others, made, seed):
    """Return the figures of sets against held-out sprites, and over the others' mean."""
    sets = {f"the {len(training)} training sprites": training} | others | made
    figures, novelty = {}, {}
    for name, pictures in bar(sets.items(), desc="measure", unit="set"):
        measured = samples.resample(pictures, SAMPLES, seed)
        figures[name] = reference.measure(measured)
        novelty[name] = evaluation.novelty(measured, training, reference.fresh)
    own = np.mean([figures[name]["attribute_frechet"] for name in others])
    ratios = {name: float(each["attribute_frechet"] / own) for name, each in figures.items()}
    return {"figures": figures, "novelty": novelty, "to_others": ratios}


def _held_out_table(numbers):
    rows = [
        [
            name,
            *cells(figures),
            f"{numbers['to_others'][name]:.2f}",
            f"{novelty['samples']['median'] / novelty['leave_one_out']['median']:.2f}",
            str(novelty["samples"]["near_copies"]),
        ]
        for (name, figures), novelty in zip(
            numbers["figures"].items(), numbers["novelty"].values(), strict=True
        )
    ]
    return table(
        ("set", *COLUMNS.values(), "over the others' mean", "novelty", "near copies"), rows
    )


def _from_the_set(reader, training, others, made, seed):
    """Return both Frechet distances of sets to the training set, and each over the others' mean.

    The others have as many pictures as the training set; what is made has as many, and more.
    """
    itself = evaluation.Reference(SPRITES, training, training, reader)
    count = len(training)
    sizes = [(name, count) for name in others]
    sizes += [(name, size) for name in made for size in (count, SAMPLES)]
    figures = {}
    for name, size in bar(sizes, desc="measure from the set", unit="set"):
        measured = samples.resample((others | made)[name], size, seed)
        figures[f"{name}: {size:,}"] = itself.measure(measured)
    of_others = list(figures.values())[: len(others)]
    own = {key: np.mean([each[key] for each in of_others]) for key in FRECHET}
    return {
        name: {
            key: {"distance": float(each[key]), "to_others": float(each[key] / own[key])}
            for key in FRECHET
        }
        for name, each in figures.items()
    }


def _set_table(numbers):
    header = ["set: pictures"]
    for key in FRECHET:
        header += [COLUMNS[key], "over the others' mean"]
    rows = []
    for name, figures in numbers.items():
        rows.append([name])
        for each in figures.values():
            rows[-1] += [number(each["distance"]), f"{each['to_others']:.2f}"]
    return table(header, rows)
