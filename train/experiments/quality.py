# SPDX-License-Identifier: Apache-2.0
"""Every committed generator and every shipped model, measured on one scale."""

from __future__ import annotations

import sys

from train.data.sizes import SHAPE
from train.data.training_set import SPRITES
from train.evaluate import evaluation
from train.evaluate.attribute_cnn import SHIPPED as ATTRIBUTE_CNN
from train.experiments.figure import Row, sheet
from train.experiments.measuring import SAMPLES, calibration, comparison, measure_all
from train.experiments.report import Report, table
from train.experiments.subject import GENERATORS, MODELS, Missing, open_subject

SHOWN = 10
# What a float generator is to reach at most: the share of what a known set scores.
GOALS = {"attribute_frechet": ("training_set", 1.5), "re_render": ("blends", 0.45)}
NOVELTY = 0.9  # at least
GOALS_TOLD = ("attribute Frechet", "re-render", "novelty", "near copies")


def subjects():
    """Return all that draw sprites of 32x32 in colour, generators first, by path.

    Those of other shapes are passed, and a line on standard error names them.

    Raises
    ------
    Missing
        There is none.
    """
    paths = [*sorted(GENERATORS.glob("*.safetensors")), *sorted(MODELS.glob("*.safetensors"))]
    found, passed = [], []
    for path in paths:
        if path.name == ATTRIBUTE_CNN.name:
            continue
        subject = open_subject(path)
        if subject.shape == SHAPE:
            found.append(subject)
        else:
            passed.append(str(path))
    if passed:
        print(f"not 32x32 in colour, so left out: {', '.join(passed)}", file=sys.stderr)
    found = [subject for subject in found if subject.training.get("data") == SPRITES]
    if not found:
        raise Missing(f"{MODELS}: has no model; run from the repository's root")
    return found


def goals(figures):
    """Return a paragraph and a table: how far each generator of `figures` is from its goals."""
    known = calibration()
    rows = []
    for name, each in figures.items():
        shares = [each[goal] / known[beside][goal] for goal, (beside, _) in GOALS.items()]
        missed = [share > most for share, (_, most) in zip(shares, GOALS.values())]
        novelty, copies = each["novelty_to_leave_one_out"], each["near_copies"]
        missed += [novelty < NOVELTY, copies > each["near_copies_of_fresh"]]
        told = [*(f"{share:.2f}" for share in shares), f"{novelty:.2f}", str(copies)]
        rows.append([name, *(t + " (missed)" * m for t, m in zip(told, missed))])
    frechet, re_render = (most for _, most in GOALS.values())
    return f"""\
The goals for a float generator: an attribute Frechet distance of at most {frechet:g} times what 275
training sprites score, a re-render distance of at most {re_render:g} times what blends score, a
novelty of at least {NOVELTY:g}, and no more near copies than fresh sprites are.

{table(["generator", *GOALS_TOLD], rows)}"""


def _pictures(training):
    """How many pictures a generator saw, and whether more were made of them."""
    number = f"{training.get('pictures', 0):,}"
    return f"{number}, recombined" if training.get("recombined") else number


def run(settings):
    """Return the report; see the module."""
    found = subjects()
    figures = measure_all(found, settings.seed)
    extra = {
        "novelty": {
            name: f"{each['novelty_to_leave_one_out']:.2f}" for name, each in figures.items()
        },
        "near copies (fresh)": {
            name: f"{each['near_copies']} ({each['near_copies_of_fresh']})"
            for name, each in figures.items()
        },
        "channels": {s.label: "-".join(map(str, s.spec.channels)) for s in found},
        "latents": {s.label: s.distribution for s in found},
        "trained on": {s.label: _pictures(s.training) for s in found},
        "steps": {s.label: f"{s.training.get('steps', 0):,}" for s in found},
    }
    findings = f"""\
{SAMPLES:,} samples each, as `avatar evaluate --seed {settings.seed}` draws them, against
{evaluation.REFERENCE_COUNT:,} held-out sprites. Novelty is the median distance to the nearest
training picture over that of the training pictures among themselves; near copies are nearer than
{evaluation.NEAR_COPY:g} grey levels, beside them how many of as many fresh sprites are. The last
rows show what known pictures score.

{comparison(figures, extra)}
{goals({s.label: figures[s.label] for s in found if not s.is_integer})}"""
    z = {s.label: s.draw(settings.seed, SHOWN) for s in found}
    return Report(
        title="Quality of the generators",
        findings=findings,
        numbers={
            "samples": SAMPLES,
            "ids": {s.label: s.id for s in found},
            "figures": figures,
            "calibration": calibration(),
        },
        picture=sheet([Row(s.label, s.pictures(z[s.label])) for s in found], scale=2),
        caption=f"The same {SHOWN} latents, unpicked, through every generator; categorical ones of "
        "the same draws.",
    )
