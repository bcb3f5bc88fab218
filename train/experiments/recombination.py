# SPDX-License-Identifier: Apache-2.0
"""Sprites of the parts of 275 others: how many of them are how good."""

from __future__ import annotations

import numpy as np

from train import evaluate, samples
from train.data import SPRITES
from train.experiments.figure import Row, sheet
from train.experiments.measuring import SAMPLES, comparison, reference
from train.experiments.report import Report
from train.recipes import RECIPES
from train.recombination import choose, join

COUNTS = (2048, 8192, 32768)
SHOWN = 10


def run(settings):
    """Return the report; see the module."""
    wanted = RECIPES["few"].recombined
    sprites = evaluate.training_of(SPRITES)
    figures, novelty = {}, {}
    for count in COUNTS:
        upper, lower, rows = choose(sprites, count)
        joined = join(sprites[upper], sprites[lower], rows)
        measured = samples.resample(joined, SAMPLES, settings.seed)
        label = f"{len(joined):,} recombined"
        figures[label] = reference().measure(measured)
        novelty[label] = evaluate.novelty(measured, sprites, reference().fresh)
        if count == wanted:
            chosen = samples.resample(np.arange(len(joined)), SHOWN, settings.seed)
            shown = [
                Row("head of", sprites[upper[chosen]]),
                Row("body of", sprites[lower[chosen]]),
                Row("together", joined[chosen]),
            ]
    medians = {
        label: each["samples"]["median"] / each["leave_one_out"]["median"]
        for label, each in novelty.items()
    }
    extra = {
        "novelty": {label: f"{median:.2f}" for label, median in medians.items()},
        "near copies": {
            label: str(each["samples"]["near_copies"]) for label, each in novelty.items()
        },
    }
    findings = f"""\
The head of one of {len(sprites)} training sprites on the body of another, along the seam that shows
least; the more, the worse their seams. Recipe `few` trains on {wanted:,} of them. {SAMPLES:,} of
each are measured against {evaluate.REFERENCE_COUNT:,} held-out sprites.

{comparison(figures, extra)}
A Frechet distance below that of the sprites they are made of: heads and bodies meet as freely as in
sprites that nobody has drawn yet. Re-render counts each seam that shows.
"""
    return Report(
        title="Recombined sprites",
        findings=findings,
        numbers={"figures": figures, "novelty": novelty},
        picture=sheet(shown),
        caption=f"{SHOWN} of {wanted:,}, unpicked, with what they are made of.",
    )
