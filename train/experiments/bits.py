# SPDX-License-Identifier: Apache-2.0
"""What narrower weights cost: the shipped models of every width beside their float generators."""

from __future__ import annotations

from train.experiments.figure import Row, sheet
from train.experiments.measuring import (
    BIT_GOALS,
    as_percentages,
    changes,
    comparison,
    integer_columns,
    measure_all,
)
from train.experiments.quality import subjects
from train.experiments.report import Report
from train.experiments.subject import Missing

SHOWN = 10


def family(subject):
    """Return what models of one float generator have in common with it.

    Those that were trained in integers have it for their teacher: they began later.
    """
    told = (subject.training.get(name) for name in ("recipe", "data_digest"))
    network, widened = subject.spec.with_weight_bits(8), "widened" in subject.training
    start = subject.training.get("start") or {"way": "finetune"}
    begun = None if start["way"] == "finetune" else (start["way"], start["teacher"])
    return network, *told, subject.distribution, widened, begun


def run(settings):
    """Return the report; see the module.

    Raises
    ------
    Missing
        There is no model file.
    """
    found = subjects()
    models = [subject for subject in found if subject.is_integer]
    if not models:
        raise Missing("models/: has no model file; make one with `avatar quantize`")
    models.sort(key=lambda s: (-s.spec.weights, -s.spec.weight_memory_bits))
    families = {}  # each with its float generator first, or else its widest model
    for subject in found:
        if not subject.is_integer:
            families.setdefault(family(subject), [subject])
    families = {key: rest for key, rest in families.items() if key in map(family, models)}
    for model in models:
        families.setdefault(family(model), []).append(model)

    compared = [subject for members in families.values() for subject in members]
    figures = measure_all(compared, settings.seed)
    psnr = {s.label: s.network.metrics.get("psnr") for s in models}
    changed = {
        model.label: changes(figures, model.label, first.label) | {"against": first.label}
        for first, *members in families.values()
        for model in members
    }
    bits = {s.label: s.spec.weight_bits for s in models}
    sentences = [
        f"- {label} against {change['against']}: {as_percentages(change, bits[label])}"
        for label, change in changed.items()
    ]
    findings = comparison(figures, integer_columns(compared))
    if any({"start", "rounding_steps"} & s.training.keys() for s in models):
        findings += (
            "\nThe PSNR of integers that were trained, or learned their rounding, is to their "
            "teacher, before\nthe gain.\n"
        )
    if sentences:
        findings += f"\n{BIT_GOALS}Against the float generator, or else the widest model:\n\n"
        findings += "\n".join(sentences)
    pictures = [Row(s.label, s.pictures(s.draw(settings.seed, SHOWN))) for s in compared]
    return Report(
        title="Weight bits",
        findings=findings,
        numbers={
            "ids": {s.label: s.id for s in compared},
            "weight_bits": bits,
            "psnr": psnr,
            "figures": figures,
            "changes": changed,
        },
        picture=sheet(pictures, scale=2),
        caption=f"The same {SHOWN} latents, unpicked; categorical ones of the same draws.",
    )
