# SPDX-License-Identifier: Apache-2.0
"""What narrower weights cost: the shipped models of every width, and the float generators."""

from __future__ import annotations

from golden.spec import InputError
from train.experiments.figure import Row, sheet
from train.experiments.measuring import comparison, measure_all
from train.experiments.quality import subjects
from train.experiments.report import Report

SHOWN = 10


def run(settings):
    """Return the report; see the module.

    Raises
    ------
    InputError
        There is no model file.
    """
    models = [subject for subject in subjects() if subject.is_integer]
    if not models:
        raise InputError("models/: has no model file; make one with `avatar quantize`")
    models.sort(key=lambda s: (-s.spec.weights, -s.spec.weight_memory_bits))
    figures = measure_all(models, settings.seed)
    psnr = {s.label: s.network.metrics.get("psnr") for s in models}
    extra = {
        "PSNR to the float, dB": {
            name: f"{value:.1f}" if value else "-" for name, value in psnr.items()
        },
        "weight memory, kbit": {
            s.label: f"{s.spec.weight_memory_bits / 1000:,.0f}" for s in models
        },
    }
    widest = {}
    changes = []
    for subject in models:
        first = widest.setdefault(subject.spec.channels, subject)
        if subject is not first:
            ratios = {
                name: figures[subject.label][name] / figures[first.label][name] - 1
                for name in ("re_render", "attribute_frechet", "random_frechet")
            }
            words = ", ".join(f"{name.replace('_', ' ')} {r:+.0%}" for name, r in ratios.items())
            changes.append(f"- {subject.label} against {first.label}: {words}")
    findings = f"""\
{comparison(figures, extra)}
"""
    if changes:
        findings += "Against the widest model of the same channels:\n\n" + "\n".join(changes) + "\n"
    return Report(
        title="Weight bits",
        findings=findings,
        numbers={
            "ids": {s.label: s.id for s in models},
            "weight_bits": {s.label: s.spec.weight_bits for s in models},
            "psnr": psnr,
            "figures": figures,
        },
        picture=sheet(
            [Row(s.label, s.pictures(s.draw(settings.seed, SHOWN))) for s in models], scale=2
        ),
        caption=f"The same {SHOWN} latents, unpicked.",
    )
