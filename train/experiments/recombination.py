# SPDX-License-Identifier: Apache-2.0
"""Sprites of the parts and colours of 275 others: how many of them are how good."""

from __future__ import annotations

from functools import partial

import numpy as np

from support.progress import bar
from train.data.recolouring import find_palettes
from train.data.recombination import choose, in_other_colours, join, joinable, recombine
from train.data.training_set import SPRITES
from train.evaluate import evaluation, samples
from train.experiments import kept_together
from train.experiments.figure import Row, sheet
from train.experiments.measuring import SAMPLES, comparison, reference
from train.experiments.report import Report
from train.loop.recipes import RECIPES

ONLY_JOINED = (2_048, 8_192)
SHOWN = 10


def run(settings):
    """Return the report; see the module."""
    wanted = RECIPES["few"].recombine
    sprites = evaluation.training_of(SPRITES)
    progress = partial(bar, desc="recombine", unit="block")
    palettes, indices = find_palettes(sprites)
    turns = np.arange(wanted) % len(indices)
    recoloured, new = in_other_colours(
        indices, turns, palettes, sprites, turns, turns, progress=progress
    )
    pairs = joinable(sprites, progress=progress)
    made, upper, lower = recombine(sprites, wanted, progress=progress)
    sets = {f"{np.count_nonzero(new):,} in other colours": recoloured[new]}
    for count in ONLY_JOINED:
        joined = palettes.rgb[join(indices, choose(pairs, count))]
        sets[f"{count:,} heads on other bodies"] = joined
    sets[f"{len(made):,} of both"] = made
    figures, novelty = {}, {}
    for label, pictures in sets.items():
        measured = samples.resample(pictures, SAMPLES, settings.seed)
        figures[label] = reference().measure(measured)
        novelty[label] = evaluation.novelty(measured, sprites, reference().fresh)
    extra = {
        "novelty": {
            label: f"{each['samples']['median'] / each['leave_one_out']['median']:.2f}"
            for label, each in novelty.items()
        },
        "near copies": {
            label: str(each["samples"]["near_copies"]) for label, each in novelty.items()
        },
    }
    found = ", ".join(str(len(palette.table)) for palette in palettes.palettes)
    findings = f"""\
Of {len(sprites)} training sprites: in other colours of theirs, the head of one on the body of
another along the seam that shows least, and both. Recipe `few` trains on the last. Which colours
can stand for which others the pictures tell by themselves: palettes of {found} colours were
found (`train/data/recolouring.py`). {SAMPLES:,} of each are measured against
{evaluation.REFERENCE_COUNT:,} held-out sprites.

{comparison(figures, extra)}
Where a Frechet distance is below that of the {len(sprites)}, what meets anew brings more than the
seams take. Re-render counts each seam that shows: between pictures in the same colours fewer do.
"""
    told, together = kept_together.measure(wanted, settings.seed)
    findings += f"\n{told}"
    some = samples.resample(np.arange(len(made)), SHOWN, settings.seed)
    shown = [
        Row("head of", sprites[upper[some]]),
        Row("body of", sprites[lower[some]]),
        Row("made", made[some]),
    ]
    return Report(
        title="Recombined sprites",
        findings=findings,
        numbers={"figures": figures, "novelty": novelty, "correlated": together},
        picture=sheet(shown),
        caption=f"{SHOWN} of {len(made):,}, unpicked, with what they are made of.",
    )
