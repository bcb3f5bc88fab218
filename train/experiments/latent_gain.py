# SPDX-License-Identifier: Apache-2.0
"""Latents narrower and wider than those of training: cleanness against variety."""

from __future__ import annotations

from support.progress import bar
from train.data.sizes import comparable
from train.data.training_set import SPRITES
from train.evaluate import samples
from train.experiments.figure import Row, sheet
from train.experiments.measuring import SAMPLES, calibration, comparison, reference
from train.experiments.report import Report, number
from train.experiments.subject import Missing, open_subject

GAINS = (0.7, 0.8, 0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3)
SHOWN, SHOWN_GAINS = 10, (0.7, 1.0, 1.15, 1.3)


def run(settings):
    """Return the report; see the module.

    Raises
    ------
    Missing
        The generator was not trained on drawn sprites, which it would be measured against.
    """
    subject = open_subject(settings.model)
    if subject.training.get("data") != SPRITES:
        raise Missing(f"{settings.model}: was not trained on drawn sprites; give another --model")
    widened = subject.widened
    z = samples.latents(subject.distribution, SAMPLES, settings.seed, subject.spec.latent)
    known, figures, rows = reference(subject.shape), {}, []
    for gain in bar(GAINS, desc="gains", unit="gain"):
        pictures = subject.pictures(z * (gain / widened))
        figures[f"{gain:g}"] = known.measure(comparable(pictures))
        if gain in SHOWN_GAINS:
            rows.append(Row(f"{gain:g}", pictures[:SHOWN]))
    labelled = {f"gain {gain}": each for gain, each in figures.items()}
    diversity = {label: number(each["diversity"]) for label, each in labelled.items()}
    real = number(calibration(subject.shape)["real"]["diversity"])
    findings = f"""\
{subject.label}: gain 1 is what it was trained with, {widened:g} what the file holds (`avatar
quantize --widen`). A smaller gain is the usual truncation of latents. Diversity is the mean
distance of two samples; of two real sprites it is {real}.

{comparison(labelled, {"diversity": diversity}, subject.shape)}"""
    return Report(
        title="Latents narrower and wider",
        findings=findings,
        numbers={"generator": subject.id, "widened": widened, "figures": figures},
        picture=sheet(rows, scale=2),
        caption=f"The same {SHOWN} latents, unpicked, times the gain at the left.",
    )
