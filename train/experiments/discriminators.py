# SPDX-License-Identifier: Apache-2.0
"""A grey discriminator alone, a colour one alone, both: is the division of work worth it?

The paper lets D_grey judge shape and D_colour colour. Three generators, trained alike but for the
weights of the two discriminators, lie in models/float.
"""

from __future__ import annotations

from train.experiments.figure import Row, sheet
from train.experiments.measures import colourfulness, sharpness
from train.experiments.measuring import comparison, measure_all, reference
from train.experiments.report import Report, number
from train.experiments.subject import GENERATORS, Missing, open_named

NAMES = ("grey-only", "colour-only", "both")
SHOWN = 10
PICTURES = 300  # whose colourfulness and sharpness are averaged


def run(settings):
    """Return the report; see the module.

    Raises
    ------
    Missing
        None of the three generators is there.
    """
    found = open_named(NAMES)
    if not found:
        raise Missing(
            f"{GENERATORS}: has none of {', '.join(NAMES)}; run from the repository's root, or "
            "train them and `avatar pack` them there"
        )
    figures = measure_all(found, settings.seed)
    made = {s.label: s.pictures(s.draw(settings.seed, PICTURES)) for s in found}
    looks = {
        name: {
            "colourfulness": colourfulness(pictures).mean(),
            "sharpness": sharpness(pictures).mean(),
        }
        for name, pictures in (made | {"real sprites": reference().fresh[:PICTURES]}).items()
    }
    extra = {
        look: {name: number(each[look]) for name, each in looks.items()}
        for look in ("colourfulness", "sharpness")
    }
    real = looks["real sprites"]
    best = {
        "shape and colour together (attribute Frechet)": min(
            figures, key=lambda n: figures[n]["attribute_frechet"]
        ),
        "re-render": min(figures, key=lambda n: figures[n]["re_render"]),
        "random Frechet": min(figures, key=lambda n: figures[n]["random_frechet"]),
        "colourfulness nearest to the sprites'": min(
            made, key=lambda n: abs(looks[n]["colourfulness"] - real["colourfulness"])
        ),
    }
    ranks = "; ".join(f"{what}: {name}" for what, name in best.items())
    made_from = "; ".join(f"{s.label}: {s.made_from}" for s in found)
    missing = set(NAMES) - {s.name for s in found}
    findings = f"""\
{comparison(figures, extra)}
Real sprites have colourfulness {real["colourfulness"]:.1f} and sharpness
{real["sharpness"]:.1f}. Best in {ranks}. One training run each ({made_from}): for about
the same processor time, by a few steps timed before. Small differences are noise.
"""
    if missing:
        findings += f"Not there yet: {', '.join(sorted(missing))}.\n"
    return Report(
        title="Grey discriminator, colour discriminator, both",
        findings=findings,
        numbers={
            "ids": {s.label: s.id for s in found},
            "figures": figures,
            "looks": looks,
            "best": best,
        },
        picture=sheet([Row(name, pictures[:SHOWN]) for name, pictures in made.items()]),
        caption=f"The same {SHOWN} latents, unpicked.",
    )
