# SPDX-License-Identifier: Apache-2.0
"""How robust the offsets v1 and v2 are (the paper's 7.1, which it leaves blank).

Latents of 100 normal numbers lie on a shell of radius 10; the three inputs z, z + v1 and z + v2 are
centred 10, 10 and 14 apart, so that the generator can tell them apart. And what the pictures do
when v is scaled, disturbed, stored in fewer bits, or another.
"""

from __future__ import annotations

import math

import numpy as np

from train.data.distance import rms
from train.experiments.figure import Row, as_picture, charts, sheet, stack
from train.experiments.measures import colourfulness
from train.experiments.report import Report, table
from train.experiments.subject import Missing, open_subject

DRAWS = 200_000  # of the Monte Carlo figures
PART = 20_000  # of them at a time
PICTURES = 100  # of every change of v
SHOWN = 9
SCALES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
DISTURBANCES = (0.05, 0.1, 0.2, 0.5, 1.0)
BITS = (8, 6, 5, 4, 3, 2)
OTHERS = 4
LENGTHS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
SHOWN_CHANGES = (
    "x 0",
    "x 0.5",
    "x 1",
    "x 1.5",
    "noise 0.2",
    "noise 1",
    "4 bits",
    "2 bits",
    "other 1",
)


def gaussian_tail(x):
    """``Q(x)``, the probability that a standard normal number exceeds `x`."""
    return math.erfc(x / math.sqrt(2)) / 2


def chi_density(x, degrees):
    """Density of the length of a vector of `degrees` standard normal numbers, at x > 0."""
    half = degrees / 2
    x = np.asarray(x, np.float64)
    return np.exp(
        (degrees - 1) * np.log(x) - x**2 / 2 - (half - 1) * math.log(2) - math.lgamma(half)
    )


def reduced(v, bits):
    """Round a vector to `bits` bits: symmetric integers times one step, the greatest unclipped."""
    greatest = 2 ** (bits - 1) - 1
    step = np.abs(v).max() / greatest
    return np.rint(v / step) * step


def confusion(lengths, latent, rng):
    """Share of latents z that lie nearer to v than to 0, by Monte Carlo.

    Parameters
    ----------
    lengths : sequence of float
        Of v; its direction is drawn anew for every part of the draws.
    latent : int
        Numbers in a latent.
    rng : numpy.random.Generator

    Returns
    -------
    shares : float array, shape of `lengths`
    norms : float array, shape (DRAWS,)
        Lengths of the latents drawn.
    """
    counts, norms = np.zeros(len(lengths)), []
    for _ in range(DRAWS // PART):
        z = rng.standard_normal((PART, latent))
        direction = rng.standard_normal(latent)
        direction /= np.linalg.norm(direction)
        norms.append(np.linalg.norm(z, axis=1))
        for n, length in enumerate(lengths):
            near_v = np.linalg.norm(z - length * direction, axis=1)
            counts[n] += (near_v < norms[-1]).sum()
    return counts / DRAWS, np.concatenate(norms)


def changes(v1, v2, rng):
    """Return pairs of changed offsets by a short name."""
    pairs = {f"x {scale:g}": (scale * v1, scale * v2) for scale in SCALES}
    for spread in DISTURBANCES:
        noise = spread * rng.standard_normal((2, len(v1)))
        pairs[f"noise {spread:g}"] = v1 + noise[0], v2 + noise[1]
    pairs |= {f"{bits} bits": (reduced(v1, bits), reduced(v2, bits)) for bits in BITS}
    for n in range(1, OTHERS + 1):
        pairs[f"other {n}"] = tuple(rng.standard_normal((2, len(v1))))
    return pairs


def run(settings):
    """Return the report; see the module.

    Raises
    ------
    Missing
        The generator has no offsets.
    """
    subject = open_subject(settings.model)
    if not subject.offsets:
        raise Missing(
            f"{settings.model}: makes its picture in one pass, without v1 and v2; give another "
            "--model"
        )
    latent = subject.spec.latent
    rng = np.random.default_rng(settings.seed)
    shares, norms = confusion(LENGTHS, latent, rng)
    expected = [gaussian_tail(length / 2) for length in LENGTHS]
    deviation = [math.sqrt(p * (1 - p) / DRAWS) for p in expected]
    v1, v2 = (v.astype(np.float64) for v in subject.offsets)
    lengths = {
        name: np.linalg.norm(v) for name, v in (("v1", v1), ("v2", v2), ("v2 - v1", v2 - v1))
    }
    drawn = np.linalg.norm(rng.standard_normal((DRAWS // 5, latent)), axis=1)

    z = subject.draw(settings.seed, PICTURES)
    own = subject.pictures(z)
    made = {name: subject.pictures(z, pair) for name, pair in changes(v1, v2, rng).items()}
    effects = {
        name: {
            "distance": rms(own, pictures).mean(),
            "colourfulness": colourfulness(pictures).mean(),
        }
        for name, pictures in made.items()
    }

    off = max(abs(a - b) / d for a, b, d in zip(shares, expected, deviation))
    rows = zip((f"{length:g}" for length in LENGTHS), expected, shares, deviation)
    length_rows = [
        (name, f"{length:.2f}", gaussian_tail(length / 2)) for name, length in lengths.items()
    ]
    effect_rows = [
        (name, facts["distance"], facts["colourfulness"]) for name, facts in effects.items()
    ]
    grey, full = (effects[name]["colourfulness"] for name in ("x 0", "x 1"))
    four, three, noise = (effects[n]["distance"] for n in ("4 bits", "3 bits", "noise 0.1"))
    other = np.mean([effects[f"other {n}"]["distance"] for n in range(1, OTHERS + 1)])
    findings = f"""\
Latents of {latent} normal numbers have length {norms.mean():.2f} with a deviation of
{norms.std():.2f} ({DRAWS:,} drawn): a shell. Offsets drawn alike are never short: the least of
{len(drawn):,} is {drawn.min():.2f} long.

Who knows v takes z for z + v with probability Q(|v| / 2). Monte Carlo agrees within {off:.1f} of
its standard deviations:

{table(("length of v", "Q(length / 2)", "Monte Carlo", "its standard deviation"), rows)}
The offsets of {subject.label}, between whose inputs the generator has to tell red from green from
blue:

{table(("", "length", "Q(length / 2)"), length_rows)}
What a change of v1 and v2 does to {PICTURES} avatars: how far the pictures move, and how colourful
they are. `noise s` adds normal numbers of deviation s, `b bits` keeps that many bits of v, `other`
is v drawn anew.

{table(("v", "distance to the unchanged avatar", "colourfulness"), effect_rows)}
With v at 0 the three planes are one and colourfulness is {grey:.3g} (unchanged {full:.3g}). Four
bits of v move the pictures by {four:.2g} grey levels, three by {three:.2g}, noise of deviation 0.1
by {noise:.2g}, another v by {other:.2g}: a trained network is bound to its own v.
"""
    shown = [Row(name, made[name][:SHOWN]) for name in SHOWN_CHANGES]
    return Report(
        title="Robustness of the offsets",
        findings=findings,
        numbers={
            "model": subject.id,
            "draws": DRAWS,
            "latent_length": {"mean": norms.mean(), "deviation": norms.std()},
            "least_of_drawn_offsets": drawn.min(),
            "confusion": [
                {"length": length, "q": q, "monte_carlo": share, "deviation": d}
                for length, q, share, d in zip(LENGTHS, expected, shares, deviation)
            ],
            "lengths": lengths,
            "pictures": PICTURES,
            "changes": effects,
        },
        picture=stack([_charts(latent, norms, shares, expected, effects), sheet(shown)]),
        caption=f"Lengths, confusion, colourfulness; the same {SHOWN} avatars with v changed.",
    )


def _charts(latent, norms, shares, expected, effects):
    figure, (shell, tail, colour) = charts(3, width=3.4)
    shell.hist(norms, 80, density=True, alpha=0.5, label="drawn")
    x = np.linspace(norms.min(), norms.max(), 200)
    shell.plot(x, chi_density(x, latent), label=f"chi, {latent} degrees")
    shell.set_xlabel("length of z")
    shell.legend(frameon=False, fontsize=8)
    tail.semilogy(LENGTHS, expected, label="Q(|v| / 2)")
    tail.semilogy(LENGTHS, shares, "o", label="Monte Carlo")
    tail.set_xlabel("length of v")
    tail.legend(frameon=False, fontsize=8)
    colour.plot(SCALES, [effects[f"x {scale:g}"]["colourfulness"] for scale in SCALES], "o-")
    colour.set_xlabel("v scaled by")
    colour.set_ylabel("colourfulness")
    return as_picture(figure)
