# SPDX-License-Identifier: Apache-2.0
"""Between two latents (the paper's figure 7): straight, along the sphere, and as a pixel blend.

``z(t) = (1 - t) z1 + t z2`` with ``t = k / (N + 1)``, N = 3. A straight line leaves the shell of
radius 10 that latents come from, half way by a factor of about sqrt(2); slerp stays on it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from golden.interpolation import lerp, slerp
from support.failures import InputError
from train.data.distance import rms
from train.data.sizes import comparable
from train.data.training_set import SPRITES
from train.evaluate import attribute_cnn, evaluation
from train.experiments.figure import Row, sheet
from train.experiments.measures import sharpness
from train.experiments.report import Report, table
from train.experiments.subject import open_subject

STEPS = 3  # pictures between two ends
SHOWN = 3
PAIRS = 100


def describe(pictures, blend, reader, shape):
    """Measure a way of :data:`PAIRS` pairs from one end to the other.

    Parameters
    ----------
    pictures, blend : uint8 arrays, shape (STEPS + 2, N, *shape)
        The way, and the blend of its ends' pixels.
    reader : train.evaluate.attribute_cnn.AttributeReader or None
        For drawn sprites.
    shape : (int, int, int)
        Height, width and colours of a picture.

    Returns
    -------
    dict
        Means over the pairs: ``steps``, ``path_over_ends`` and ``greatest_step_over_ends`` (over
        the distance of the ends); of the middle its ``sharpness`` (over the ends'), its distances
        ``to_blend`` and ``to_nearer_end``, and ``re_render``, that to the sprite that it is read
        as.
    """
    first, middle, last = pictures[0], pictures[(STEPS + 1) // 2], pictures[-1]
    ends = rms(first, last)
    if not ends.all():
        raise InputError("two latents give the same picture; train on, or give another --model")
    steps = np.stack([rms(a, b) for a, b in pairwise(pictures)])
    facts = {
        "steps": steps.mean(1),
        "path_over_ends": (steps.sum(0) / ends).mean(),
        "greatest_step_over_ends": (steps.max(0) / ends).mean(),
        "sharpness": sharpness(middle).mean() / sharpness(np.concatenate((first, last))).mean(),
        "to_blend": rms(middle, blend[(STEPS + 1) // 2]).mean(),
        "to_nearer_end": np.minimum(rms(middle, first), rms(middle, last)).mean(),
    }
    if reader is not None:
        seen = comparable(middle)
        facts["re_render"] = evaluation.re_render(seen, reader.read(seen)[1], shape)
    return facts


def run(settings):
    """Return the report; see the module.

    Raises
    ------
    InputError
        The generator gives the same picture for two latents.
    """
    subject = open_subject(settings.model)
    reader = attribute_cnn.load() if subject.training.get("data") == SPRITES else None
    z1, z2 = np.split(subject.draw(settings.seed, 2 * PAIRS), 2)
    t = np.arange(STEPS + 2) / (STEPS + 1)
    ways = {}
    for name, between in (("lerp", lerp), ("slerp", slerp)):
        z = between(z1, z2, t)
        made = subject.pictures(z.reshape(-1, z.shape[-1]))
        ways[name] = made.reshape(len(t), PAIRS, *made.shape[1:])
    first, last = ways["lerp"][0], ways["lerp"][-1]
    shares = t[:, None, None, None, None]
    ways["pixel blend"] = np.rint((1 - shares) * first + shares * last).astype(np.uint8)
    numbers = {
        name: describe(way, ways["pixel blend"], reader, subject.shape)
        for name, way in ways.items()
    }
    shown = {
        name: np.stack([rms(a[:SHOWN], b[:SHOWN]) for a, b in pairwise(way)], axis=1)
        for name, way in ways.items()
    }

    columns = {
        "path_over_ends": "their sum over the ends' distance",
        "sharpness": "sharpness half way over the ends'",
        "re_render": "half way to the sprite it is read as",
        "to_blend": "half way to the blend",
        "to_nearer_end": "half way to the nearer end",
    }
    rows = [
        (
            name,
            " ".join(f"{step:.1f}" for step in facts["steps"]),
            *(facts.get(column) for column in columns),
        )
        for name, facts in numbers.items()
    ]
    header = ("way", "four steps", *columns.values())
    pair_rows = [
        (f"{n + 1}, {name}", *(f"{step:.1f}" for step in steps[n]))
        for n in range(SHOWN)
        for name, steps in shown.items()
    ]
    straight, arc, mixed = (numbers[name] for name in ("lerp", "slerp", "pixel blend"))
    way, greatest = "path_over_ends", "greatest_step_over_ends"
    ends = rms(first, last).mean()
    norm = np.linalg.norm(lerp(z1, z2, t)[(STEPS + 1) // 2], axis=1).mean()
    findings = f"""\
{subject.label}, N = {STEPS}; distances are means over {PAIRS} pairs whose ends lie {ends:.1f}
apart.

{table(header, rows)}
Half way a blend of the pixels keeps {mixed["sharpness"]:.0%} of the ends' sharpness, the straight
line, where z is {norm:.1f} long, {straight["sharpness"]:.0%}, the arc {arc["sharpness"]:.0%}. Every
step of a blend is a quarter of the way; the generator's steps add up to {straight[way]:.2f} times
the way (slerp {arc[way]:.2f}), and the greatest of the four is {straight[greatest]:.0%} of it
(slerp {arc[greatest]:.0%}). {_verdict(straight["sharpness"], arc["sharpness"], mixed["sharpness"])}

The steps of the three pairs in the picture, in grey levels:

{table(("pair", "1", "2", "3", "4"), pair_rows)}
"""
    picture_rows = [
        Row(f"pair {n + 1}\n{name}", pictures[:, n])
        for n in range(SHOWN)
        for name, pictures in ways.items()
    ]
    return Report(
        title="Interpolation",
        findings=findings,
        numbers={
            "model": subject.id,
            "pairs": PAIRS,
            "ends_distance": ends,
            "length_of_z_half_way": norm,
            "ways": numbers,
            "steps_of_shown_pairs": shown,
        },
        picture=sheet(picture_rows),
        caption="Three pairs, none picked: lerp, slerp and the blend of the end pictures.",
    )


def _verdict(straight, arc, mixed):
    """Say in words whether the ways between latents stay sharper than a blend of the pixels."""
    if min(straight, arc) < mixed:
        return "So a way between latents is not always sharper than a blend."
    if straight - mixed < (1 - mixed) / 2 < arc - mixed:
        return (
            "The pictures on the arc stay sharp; those on the straight line, which leaves the "
            "shell that the generator knows, lose nearly as much as a blend."
        )
    return "Both ways between latents stay sharper than a blend."
