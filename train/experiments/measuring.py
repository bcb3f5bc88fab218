# SPDX-License-Identifier: Apache-2.0
"""The figures of ``avatar evaluate`` for several generators, the reference measured once."""

from __future__ import annotations

import math
from functools import cache

from support.progress import bar
from train.data.sizes import SHAPE, comparable
from train.evaluate import evaluation, samples
from train.experiments.report import number, table

# Columns of the tables that compare generators; all but the last are better when smaller.
COLUMNS = {
    "attribute_frechet": "attribute Frechet",
    "re_render": "re-render",
    "random_frechet": "random Frechet",
    "sliced_wasserstein": "sliced Wasserstein",
    "recall": "recall",
}
SAMPLES = evaluation.COUNT
CHANGES = ("re_render", "attribute_frechet", "random_frechet")  # what fewer weight bits must keep
BIT_GOALS = """\
The goals: at 5 bits and more at most 10 % more re-render distance and 15 % more of both Frechet
distances, at 4 bits 30 % more of all three.
"""
_LIMITS = {  # by the narrowest layer's bits
    5: {"re_render": 0.1, "attribute_frechet": 0.15, "random_frechet": 0.15},
    4: dict.fromkeys(CHANGES, 0.3),
}


@cache
def reference(shape=SHAPE):
    """Return the held-out sprites as a :class:`train.evaluate.evaluation.Reference`."""
    return evaluation.sprite_reference(SAMPLES, shape=shape)


@cache
def calibration(shape=SHAPE):
    """Return the figures of the calibration sets by name."""
    sets = evaluation.calibration_sets(reference(shape), SAMPLES)
    return {
        name: reference(shape).measure(pictures)
        for name, pictures in bar(sets, desc="calibrate", unit="set")
    }


_measured = {}


def measure(subject, seed):
    """Return the figures of a :class:`train.experiments.subject.Subject`, as evaluate gives them.

    Its latents are those of ``avatar evaluate --seed SEED``. Asked twice, it is measured once.
    """
    key = subject.id, seed
    if key not in _measured:
        known = reference(subject.shape)
        z = samples.latents(subject.distribution, SAMPLES, seed, subject.spec.latent)
        pictures = comparable(subject.pictures(z))
        figures = known.measure(pictures)
        training = comparable(subject.training_pictures())
        novelty = evaluation.novelty(pictures, training, known.fresh)
        ratio = novelty["samples"]["median"] / novelty["leave_one_out"]["median"]
        _measured[key] = figures | {
            "novelty": novelty["samples"]["median"],
            "novelty_to_leave_one_out": ratio,
            "near_copies": novelty["samples"]["near_copies"],
            "near_copies_of_fresh": novelty["fresh"]["near_copies"],
        }
    return _measured[key]


def measure_all(subjects, seed):
    """Return the figures of several subjects by label, with a progress bar."""
    return {
        subject.label: measure(subject, seed)
        for subject in bar(subjects, desc="measure", unit="generator")
    }


def cells(figures):
    """Return a row's cells for :data:`COLUMNS`, one digit behind the point or two."""
    return [
        f"{figures[name]:.3f}" if name == "recall" else number(figures[name]) for name in COLUMNS
    ]


def calibration_rows(width, shape=SHAPE):
    """Return table rows of real pictures, the training set and blends, filled up to `width`."""
    shown = {"real": "real sprites", "training_set": "275 training sprites", "blends": "blends"}
    rows = [[label, *cells(calibration(shape)[name])] for name, label in shown.items()]
    return [row + [""] * (width - len(row)) for row in rows]


def comparison(figures, extra=None, shape=SHAPE):
    """Return a table of generators' figures over those of known sets.

    Parameters
    ----------
    figures : dict
        Figures by generator, as of :func:`measure_all`.
    extra : dict of dict, optional
        Further columns: by heading, a value by generator.
    shape : (int, int, int)
        Of the generators' pictures.
    """
    extra = extra or {}
    header = ("generator", *COLUMNS.values(), *extra)
    rows = [
        [name, *cells(each), *(column[name] for column in extra.values())]
        for name, each in figures.items()
    ]
    return table(header, rows + calibration_rows(len(header), shape))


def integer_columns(subjects):
    """Return columns for :func:`comparison`: what integers lose, and the weights' memory.

    The file holds each layer's weights at the layer's width, the hardware all at the widest.
    Generators in floats have dashes.
    """

    def column(value):
        return {s.label: value(s) if s.is_integer else "-" for s in subjects}

    def kbit(bits):
        return f"{bits / 1000:,.0f}"

    return {
        "PSNR to the float, dB": column(lambda s: number(s.network.metrics.get("psnr"))),
        "weights in the file, kbit": column(lambda s: kbit(s.spec.weight_memory_bits)),
        "at the widest layer's bits, kbit": column(
            lambda s: kbit(s.spec.weights * max(s.spec.weight_bits))
        ),
    }


def changes(figures, label, against):
    """Return by which share :data:`CHANGES` of one generator differ from those of another."""
    return {name: figures[label][name] / figures[against][name] - 1 for name in CHANGES}


def as_percentages(change, weight_bits):
    """Print what :func:`changes` gave of weights of so many bits, and which goals it misses."""
    limits = _LIMITS.get(min(*weight_bits, 5), {})
    return ", ".join(
        f"{COLUMNS[name]} {change[name]:+.0%}"
        + (" (missed)" if change[name] > limits.get(name, math.inf) else "")
        for name in CHANGES
    )
