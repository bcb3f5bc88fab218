# SPDX-License-Identifier: Apache-2.0
"""Sprites of the parts of 275 others: how many of them are how good."""

from __future__ import annotations

from functools import partial

import numpy as np
from tqdm import tqdm

from train import evaluate, samples
from train.data import SPRITES
from train.experiments.figure import Row, sheet
from train.experiments.measuring import SAMPLES, comparison, reference
from train.experiments.report import Report
from train.recipes import RECIPES
from train.recombination import choose, join, joinable

SHARES = (0.25, 1, 4)  # of what recipe `few` trains on
SHOWN = 10


def run(settings):
    """Return the report; see the module."""
    wanted = RECIPES["few"].recombine
    sprites = evaluate.training_of(SPRITES)
    figures, novelty = {}, {}
    bar = partial(tqdm, desc="recombine", unit="block", delay=2, leave=False)
    pairs = joinable(sprites, progress=bar)
    for share in SHARES:
        count = round(share * wanted)
        chosen = choose(pairs, count)
        joined = join(sprites[chosen.upper], sprites[chosen.lower], chosen.rows)
        measured = samples.resample(joined, SAMPLES, settings.seed)
        label = f"{count:,} recombined"
        figures[label] = reference().measure(measured)
        novelty[label] = evaluate.novelty(measured, sprites, reference().fresh)
        if share == 1:
            some = samples.resample(np.arange(len(joined)), SHOWN, settings.seed)
            shown = [
                Row("head of", sprites[chosen.upper[some]]),
                Row("body of", sprites[chosen.lower[some]]),
                Row("together", joined[some]),
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
Where a Frechet distance is below that of the {len(sprites)}, heads and bodies that meet anew bring
more than the seams take. Re-render counts each seam that shows.
"""
    return Report(
        title="Recombined sprites",
        findings=findings,
        numbers={"figures": figures, "novelty": novelty},
        picture=sheet(shown),
        caption=f"{SHOWN} of {wanted:,}, unpicked, with what they are made of.",
    )
