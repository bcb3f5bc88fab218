# SPDX-License-Identifier: Apache-2.0
"""New latents beside their nearest training pictures (the paper's figure 6).

What is new is measured against two yardsticks: how near the training pictures lie to each other
(each to its nearest other one), and how near pictures lie that were never trained on.
"""

from __future__ import annotations

import numpy as np

from support.failures import InputError
from train.data.distance import nearest
from train.data.sizes import comparable, sprites_of
from train.data.sprites import draw, sample
from train.data.training_set import SPRITES
from train.evaluate import attribute_cnn
from train.experiments.figure import Row, sheet
from train.experiments.report import Report, table
from train.experiments.subject import Missing, open_subject

SHOWN = 6
SAMPLES = 300
OTHERS = 500  # training pictures whose nearest other is looked for
FRESH_SEED = 8_606  # of newly drawn sprites; no training set has it


def differences(pictures, others):
    """Name the attributes in which the attribute CNN reads pictures differently, pair by pair.

    Parameters
    ----------
    pictures, others : uint8 arrays, shape (N, height, width, 3 or 1)

    Returns
    -------
    list of N str
    """
    reader = attribute_cnn.load()
    read, wanted = (reader.read(comparable(each))[1] for each in (pictures, others))
    return [
        ", ".join(
            name.replace("_", " ") for name in a._fields if getattr(a, name) != getattr(b, name)
        )
        for a, b in zip(read, wanted)
    ]


def run(settings):
    """Return the report; see the module.

    Raises
    ------
    Missing
        The file does not name its training pictures.
    InputError
        They are gone, or hardly any two of them differ.
    """
    subject = open_subject(settings.model)
    if "data" not in subject.training:
        raise Missing(f"{subject.name}: does not say what it was trained on; give another --model")
    training = subject.training_pictures()
    made = subject.pictures(subject.draw(settings.seed, SAMPLES))
    distances, indices = nearest(made, training)
    rng = np.random.default_rng(settings.seed)
    own = np.sort(rng.choice(len(training), min(OTHERS, len(training)), replace=False))
    sets = {"avatars of new latents": distances}
    sets["training pictures, each left out"], _ = nearest(training[own], training, own=own)
    between = sets["training pictures, each left out"]
    if not np.isfinite(between).all() or not np.median(between):
        raise InputError(
            f"{subject.training['data']}: most of its pictures are one; train on different ones"
        )
    differing = [""] * SHOWN
    if subject.training["data"] == SPRITES:
        differing = differences(made[:SHOWN], training[indices[:SHOWN]])
        fresh = np.random.default_rng(FRESH_SEED)
        sprites = np.stack([draw(sample(fresh)) for _ in range(SAMPLES)])
        sets["newly drawn sprites"], _ = nearest(sprites_of(sprites, subject.shape), training)

    shares = [float((between < distance).mean()) for distance in distances[:SHOWN]]
    rows = [
        (n + 1, int(indices[n]), distances[n], f"{share:.0%}", differing[n])
        for n, share in enumerate(shares)
    ]
    spread = {name: np.quantile(values, (0, 0.05, 0.5, 0.95)) for name, values in sets.items()}
    ratio = np.median(distances) / np.median(between)
    bound = np.quantile(between, 0.05)
    near = float((distances < bound).mean())
    baselines = [(name, len(sets[name]), *values) for name, values in spread.items()]
    table_of_six = table(
        (
            "avatar",
            "nearest training picture",
            "distance",
            "training pictures nearer to another",
            "reads differently in",
        ),
        rows,
    )
    table_of_sets = table(
        ("distance to the nearest training picture", "number", "least", "5 %", "median", "95 %"),
        baselines,
    )
    findings = f"""\
The six avatars are those of `avatar generate --seed {settings.seed} --count 6`, none picked, from
{subject.label}, trained on {subject.made_from}.

{table_of_six}
{table_of_sets}
Avatars lie {ratio:.2f} times as far from the training pictures as those lie from each other, at
the median. {near:.1%} of the avatars lie nearer than {bound:.1f} to a training picture, as 5 % of
the training pictures do to another: copies would make that share greater than 5 %.
"""
    captions = tuple(f"{distance:.1f}" for distance in distances[:SHOWN])
    return Report(
        title="New latents and their nearest training pictures",
        findings=findings,
        numbers={
            "model": subject.id,
            "shown": [
                {
                    "nearest": int(indices[n]),
                    "distance": distances[n],
                    "share_nearer": shares[n],
                    "differs_in": differing[n],
                }
                for n in range(SHOWN)
            ],
            "samples": SAMPLES,
            "training_pictures": len(training),
            "distance": {
                name: dict(zip(("least", "p5", "median", "p95"), values))
                for name, values in spread.items()
            },
            "median_ratio": ratio,
            "share_nearer_than_p5": near,
        },
        picture=sheet(
            [
                Row("avatar", made[:SHOWN]),
                Row("nearest\ntraining\npicture", training[indices[:SHOWN]], captions),
            ]
        ),
        caption="Six new latents, none picked, and the nearest training picture to each.",
    )
