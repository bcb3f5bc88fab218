# SPDX-License-Identifier: Apache-2.0
"""Latents narrower and wider than those of training: cleanness against variety."""

from __future__ import annotations

from tqdm import tqdm

from train import samples
from train.experiments.figure import Row, sheet
from train.experiments.measuring import COLUMNS, SAMPLES, cells, reference
from train.experiments.report import Report, number, table
from train.experiments.subject import open_subject

GAINS = (0.7, 0.8, 0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3)
SHOWN, SHOWN_GAINS = 10, (0.7, 1.0, 1.15, 1.3)


def run(settings):
    """Return the report; see the module."""
    subject = open_subject(settings.model)
    widened = subject.training.get("widened", 1.0)
    distribution = subject.training.get("latents", "normal")
    z = samples.latents(distribution, SAMPLES, settings.seed)
    known, figures, rows = reference(), {}, []
    for gain in tqdm(GAINS, desc="gains", unit="gain", delay=2, leave=False):
        pictures = subject.pictures(z * (gain / widened))
        figures[f"{gain:g}"] = known.measure(pictures)
        if gain in SHOWN_GAINS:
            rows.append(Row(f"{gain:g}", pictures[:SHOWN]))
    header = ("gain", *COLUMNS.values(), "diversity")
    lines = [[gain, *cells(each), number(each["diversity"])] for gain, each in figures.items()]
    findings = f"""\
{subject.label} was trained on latents of gain 1, and `--widen` has since put a gain of {widened:g}
into its first layer (1: none). The gain that gives real pictures' variety back costs re-render
distance; a smaller one, the usual truncation, makes pictures alike and hardly cleaner.

{table(header, lines)}"""
    return Report(
        title="Latents narrower and wider",
        findings=findings,
        numbers={"generator": subject.id, "widened": widened, "figures": figures},
        picture=sheet(rows, scale=2),
        caption=f"The same {SHOWN} latents, unpicked, times the gain at the left.",
    )
