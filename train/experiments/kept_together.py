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
from train.data.training_set import SPRITES_SEED
from train.evaluate import evaluation, samples
from train.experiments.measuring import COLUMNS, SAMPLES, cells
from train.experiments.report import table
from train.experiments.subject import GENERATORS, open_subject

GENERATOR = GENERATORS / "few-correlated.safetensors"  # of recipe `few`, from these sprites
OTHERS = 4  # draws of as many sprites; what they score in the mean is the set's own distance
OTHERS_SEED = 8_801  # of the first; no other set has these


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
    made, upper, lower = recombine(training, wanted, progress=progress)
    sets = {f"the {count} training sprites": training}
    for n in range(OTHERS):
        other, _ = sprites.collection(count, OTHERS_SEED + n, correlated=True)
        sets[f"others, draw {n + 1}"] = other
    loose = as_if_independent(training, wanted, progress=progress)
    sets[f"recombined as if all were independent, {len(loose):,}"] = loose
    sets[f"recombined, {len(made):,}"] = made
    few = open_subject(GENERATOR)
    sets[f"a generator of recipe few, {few.training['steps']:,} steps"] = few.pictures(
        few.draw(seed, SAMPLES)
    )
    reference = evaluation.sprite_reference(SAMPLES, correlated=True)
    figures, novelty = {}, {}
    for name, pictures in bar(sets.items(), desc="measure", unit="set"):
        measured = samples.resample(pictures, SAMPLES, seed)
        figures[name] = reference.measure(measured)
        novelty[name] = evaluation.novelty(measured, training, reference.fresh)
    own = np.mean([figures[f"others, draw {n + 1}"]["attribute_frechet"] for n in range(OTHERS)])
    ratios = {name: float(each["attribute_frechet"] / own) for name, each in figures.items()}
    kept = float(np.mean(upper == lower))
    rows = [
        [
            name,
            *cells(each),
            f"{ratios[name]:.2f}",
            f"{novelty[name]['samples']['median'] / novelty[name]['leave_one_out']['median']:.2f}",
            str(novelty[name]["samples"]["near_copies"]),
        ]
        for name, each in figures.items()
    ]
    header = ("set", *COLUMNS.values(), "over the others' mean", "novelty", "near copies")
    findings = f"""\
In a set drawn by hand parts go together: a cut of hair has its colours, a dress its ribbon. `avatar
data --correlated` draws such sprites. Of {count} of these {kept:.0%} of what is made keeps its own
body, because few heads are on bodies of others as they are in the set; and colours are drawn as
often as like pictures have them. {SAMPLES:,} of each are measured against
{evaluation.REFERENCE_COUNT:,} other correlated sprites:

{table(header, rows)}"""
    numbers = {"figures": figures, "novelty": novelty, "to_others": ratios, "own_body": kept}
    return findings, numbers
