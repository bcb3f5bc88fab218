# SPDX-License-Identifier: Apache-2.0
"""Between two latents (the paper's figure 7): straight, along the sphere, and as a pixel blend.

``z(t) = (1 - t) z1 + t z2`` with ``t = k / (N + 1)``, N = 3. A straight line leaves the shell of
radius 10 that latents come from, half way by a factor of about sqrt(2); slerp stays on it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from train.experiments.figure import Row, sheet
from train.experiments.measures import sharpness
from train.experiments.report import Report, table
from train.experiments.subject import open_subject
from train.metrics import rms

STEPS = 3  # pictures between two ends
SHOWN = 3
PAIRS = 100


def lerp(z1, z2, t):
    """Points ``(1 - t) z1 + t z2`` for latents (N, D) and shares (T,): (T, N, D)."""
    t = np.asarray(t)[:, None, None]
    return (1 - t) * z1 + t * z2


def slerp(z1, z2, t):
    """Points on the arc from `z1` to `z2`, (N, D) each, at shares (T,): (T, N, D).

    ``(sin((1 - t) a) z1 + sin(t a) z2) / sin(a)``, a the angle between the two, which must not lie
    on one line. Source: Shoemake, Animating rotation with quaternion curves, 1985, equation 2.
    """
    t = np.asarray(t)[:, None, None]
    norms = np.linalg.norm(z1, axis=1) * np.linalg.norm(z2, axis=1)
    angle = np.arccos(np.clip((z1 * z2).sum(1) / norms, -1, 1))[:, None]
    return (np.sin((1 - t) * angle) * z1 + np.sin(t * angle) * z2) / np.sin(angle)


def run(settings):
    """Return the report; see the module."""
    subject = open_subject(settings.model)
    z1, z2 = np.split(subject.draw(settings.seed, 2 * PAIRS), 2)
    t = np.arange(STEPS + 2) / (STEPS + 1)
    ways = {}
    latents = {"lerp": lerp(z1, z2, t), "slerp": slerp(z1, z2, t)}
    for name, z in latents.items():
        made = subject.pictures(z.reshape(-1, z.shape[-1]))
        ways[name] = made.reshape(len(t), PAIRS, *made.shape[1:])
    first, last = ways["lerp"][0], ways["lerp"][-1]
    shares = t[:, None, None, None, None]
    blend = (1 - shares) * first + shares * last
    ways["pixel blend"] = np.rint(blend).astype(np.uint8)

    ends = rms(first, last)
    middle = (STEPS + 1) // 2
    end_sharpness = float(np.mean([sharpness(first), sharpness(last)]))
    numbers = {}
    for name, pictures in ways.items():
        steps = np.stack([rms(a, b) for a, b in pairwise(pictures)])
        half_way = pictures[middle]
        numbers[name] = {
            "steps": steps.mean(1),
            "path_over_ends": (steps.sum(0) / ends).mean(),
            "greatest_step_over_ends": (steps.max(0) / ends).mean(),
            "midpoint_sharpness_over_ends": sharpness(half_way).mean() / end_sharpness,
            "midpoint_to_blend": rms(half_way, ways["pixel blend"][middle]).mean(),
            "midpoint_to_nearer_end": np.minimum(rms(half_way, first), rms(half_way, last)).mean(),
        }
        if name in latents:
            norms = np.linalg.norm(latents[name][middle], axis=1)
            numbers[name]["midpoint_norm"] = norms.mean()
    shown = {
        name: [
            [float(rms(a[n : n + 1], b[n : n + 1])[0]) for a, b in pairwise(p)]
            for n in range(SHOWN)
        ]
        for name, p in ways.items()
    }

    rows = [
        (
            name,
            " ".join(f"{step:.1f}" for step in facts["steps"]),
            facts["path_over_ends"],
            facts["midpoint_sharpness_over_ends"],
            facts["midpoint_to_blend"],
            facts["midpoint_to_nearer_end"],
            facts.get("midpoint_norm"),
        )
        for name, facts in numbers.items()
    ]
    header = (
        "way",
        "four steps",
        "their sum over the ends' distance",
        "sharpness half way over the ends'",
        "half way to the blend",
        "half way to the nearer end",
        "length of z half way",
    )
    pair_rows = [
        (f"{n + 1}, {name}", *(f"{step:.1f}" for step in steps[n]))
        for n in range(SHOWN)
        for name, steps in shown.items()
    ]
    straight, arc, mixed = (numbers[name] for name in ("lerp", "slerp", "pixel blend"))
    sharp = "midpoint_sharpness_over_ends"
    way, greatest = "path_over_ends", "greatest_step_over_ends"
    findings = f"""\
{subject.label}, N = {STEPS}; distances are means over {PAIRS} pairs whose ends lie
{ends.mean():.1f} apart.

{table(header, rows)}
Half way a blend of the pixels keeps {mixed[sharp]:.0%} of the ends' sharpness, the straight line
{straight[sharp]:.0%}, the arc {arc[sharp]:.0%}. Every step of a blend is a quarter of the way; the
generator's steps add up to {straight[way]:.2f} times the way (slerp {arc[way]:.2f}), and the
greatest of the four is {straight[greatest]:.0%} of it (slerp {arc[greatest]:.0%}).
{_verdict(straight[sharp], arc[sharp], mixed[sharp])}

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
            "ends_distance": ends.mean(),
            "ends_sharpness": end_sharpness,
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
