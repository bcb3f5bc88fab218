# SPDX-License-Identifier: Apache-2.0
"""Avatars as training data where labels are scarce (the paper's chapter 2).

A small classifier learns the hair style of sprites from a few labelled ones: as they are, turned,
shifted and mirrored, with avatars of the generator added, with both. The generator knows no
classes, so the classifier that learned from the same few sprites as they are labels the avatars
(pseudo-labels), and only those it is sure of are taken. Two controls tell where a gain comes from:
as many real unlabelled sprites in place of the avatars, and avatars with the labels of the shipped
attribute CNN, which has seen many labelled sprites and is an upper bound.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from support.progress import bar
from train.data import sprites
from train.data.sizes import comparable
from train.evaluate import attribute_cnn, evaluation
from train.evaluate.attribute_cnn import to_tensor
from train.experiments.figure import as_picture, charts
from train.experiments.over_seeds import interval
from train.experiments.report import Report, table
from train.experiments.subject import open_subject
from train.networks.torch_tools import half_cosine

ATTRIBUTE = "hair"
CLASSES = sprites.CHOICES[ATTRIBUTE]
LABELLED = (2, 5)  # sprites a class
SEEDS = 5
ADDED = 1_000  # avatars, before the unsure ones go
SURE = 0.9  # least probability of a pseudo-label
TEST_SPRITES = 1_000
SPRITES_SEED = 8_701  # of all sprites here; no training set has it
STEPS = 300
BATCH = 32
TURN = 5  # degrees that a picture is turned by, at most
REACH = 1  # pixels that it is shifted by
CHANNELS = (16, 32)
LEARNING_RATE = 2e-3

WAYS = (
    "none",
    "geometric",
    "GAN",
    "geometric and GAN",
    "control: real unlabelled sprites",
    "upper bound: GAN, labels of the attribute CNN",
)
# Ways whose difference is told, paired by seed.
COMPARED = (
    ("geometric", "none"),
    ("GAN", "none"),
    ("geometric and GAN", "geometric"),
    ("GAN", "control: real unlabelled sprites"),
)


class Classifier(nn.Sequential):
    """Two convolutions 4/2/1 and a linear layer: pictures (N, 3, 32, 32) to logits (N, classes)."""

    def __init__(self):
        first, second = CHANNELS
        super().__init__(
            nn.Conv2d(3, first, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(first, second, 4, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(second * 8 * 8, len(CLASSES)),
        )


def fit(pictures, labels, seed, *, geometric):
    """Train a :class:`Classifier`.

    Parameters
    ----------
    pictures : float32 tensor, shape (N, 3, 32, 32), in [-1, 1]
    labels : int64 tensor, shape (N,)
    seed : sequence of int
        Of the first weights, the batches and the changes.
    geometric : bool
        Whether every picture of a batch goes through :func:`moved`.
    """
    rng = np.random.default_rng(seed)
    network = _first_weights(Classifier(), rng)
    adam = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    for step in range(STEPS):
        adam.param_groups[0]["lr"] = LEARNING_RATE * half_cosine(step, STEPS)
        chosen = torch.from_numpy(rng.integers(len(pictures), size=BATCH))
        batch = pictures[chosen]
        if geometric:
            batch = moved(batch, rng)
        loss = functional.cross_entropy(network(batch), labels[chosen])
        adam.zero_grad()
        loss.backward()
        adam.step()
    return network


def moved(pictures, rng):
    """Turn, shift and mirror pictures (N, 3, H, W) in [-1, 1], each in its own way, over black.

    By up to :data:`TURN` degrees and :data:`REACH` pixels; half of them are mirrored. Bilinear.
    """
    count, size = len(pictures), pictures.shape[-1]
    angle = np.radians(rng.uniform(-TURN, TURN, count))
    mirror = rng.choice((-1, 1), count)
    right, down = rng.integers(-REACH, REACH, (2, count), endpoint=True) * 2 / size
    cosine, sine = np.cos(angle), np.sin(angle)
    rows = [[mirror * cosine, -sine, right], [mirror * sine, cosine, down]]
    theta = torch.from_numpy(np.array(rows, np.float32).transpose(2, 0, 1).copy())
    places = functional.affine_grid(theta, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures + 1, places, align_corners=False) - 1


def _first_weights(network, rng):
    """Give every layer weights from He's normal distribution, drawn by NumPy."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.zero_()
            else:
                deviation = math.sqrt(2 / parameter[0].numel())
                drawn = rng.standard_normal(tuple(parameter.shape), np.float32)
                parameter.copy_(torch.from_numpy(drawn) * deviation)
    return network


@torch.no_grad()
def probabilities(network, pictures):
    """Return the classifier's probabilities (N, classes)."""
    return torch.cat([network(part) for part in pictures.split(500)]).softmax(1)


def accuracy(network, pictures, labels):
    """Share of pictures that the classifier names rightly."""
    return float((probabilities(network, pictures).argmax(1) == labels).float().mean())


def pseudo_labels(network, pictures):
    """Return which pictures (N, ...) the classifier is sure of, bool (N,), and its labels (N,)."""
    sure, labels = probabilities(network, pictures).max(1)
    return sure >= SURE, labels


def scarce(attributes, count, rng):
    """Choose `count` sprites of every class: their indices."""
    classes = np.array([CLASSES.index(getattr(each, ATTRIBUTE)) for each in attributes])
    chosen = [rng.choice(np.flatnonzero(classes == n), count, False) for n in range(len(CLASSES))]
    return np.concatenate(chosen)


def one_seed(count, seed, pool, avatars, expert_labels):
    """Train a classifier in each of :data:`WAYS` on the same few labelled sprites.

    Parameters
    ----------
    count : int
        Labelled sprites a class.
    seed : sequence of int
    pool : Pool
    avatars : float32 tensor, shape (N, 3, 32, 32)
    expert_labels : int64 tensor, shape (N,)
        What the attribute CNN calls them.

    Returns
    -------
    accuracies : list of float, one for each of :data:`WAYS`
    kept : float
        Share of the avatars that the pseudo-labeller was sure of.
    right : float
        Share of those on which it agrees with the attribute CNN.
    """
    rng = np.random.default_rng([SPRITES_SEED, count, *seed])
    indices = torch.from_numpy(scarce(pool.attributes, count, rng))
    few = pool.pictures[indices], pool.labels[indices]

    def score(pictures, labels, geometric):
        return accuracy(fit(pictures, labels, seed, geometric=geometric), *pool.test)

    def with_few(pictures, labels):
        # as many of the few as of the others, so that the exact labels keep their weight
        times = max(1, len(pictures) // len(few[0]))
        parts = zip(few, (pictures, labels))
        return tuple(
            torch.cat([own.repeat(times, *[1] * (own.ndim - 1)), new]) for own, new in parts
        )

    labeller = fit(*few, seed, geometric=False)
    kept, names = pseudo_labels(labeller, avatars)
    made = avatars[kept], names[kept]
    sure, labels = pseudo_labels(labeller, pool.unlabelled)
    unlabelled = pool.unlabelled[sure], labels[sure]
    results = [
        accuracy(labeller, *pool.test),
        score(*few, True),
        score(*with_few(*made), False),
        score(*with_few(*made), True),
        score(*with_few(*unlabelled), False),
        score(*with_few(avatars, expert_labels), False),
    ]
    agree = float((made[1] == expert_labels[kept]).float().mean()) if kept.any() else 0.0
    return results, float(kept.float().mean()), agree


class Pool:
    """The sprites of the experiment, drawn with a seed of their own.

    Parameters
    ----------
    shape : (int, int, int)
        Height, width and colours that they go through, as the generator's pictures have.

    Attributes
    ----------
    pictures, labels : tensors, (N, 3, 32, 32) and (N,)
        Those that the few labelled ones are chosen from.
    attributes : list of N train.data.sprites.Attributes
    unlabelled : tensor, shape (ADDED, 3, 32, 32)
    test : (tensor, tensor)
        Pictures and labels, :data:`TEST_SPRITES` of them.
    """

    def __init__(self, shape):
        labelled = 5 * max(LABELLED) * len(CLASSES)
        drawn, attributes = sprites.collection(TEST_SPRITES + ADDED + labelled, SPRITES_SEED)
        pictures = to_tensor(evaluation.through(drawn, shape))
        labels = torch.tensor([CLASSES.index(getattr(each, ATTRIBUTE)) for each in attributes])
        self.test = pictures[:TEST_SPRITES], labels[:TEST_SPRITES]
        self.unlabelled = pictures[TEST_SPRITES : TEST_SPRITES + ADDED]
        self.pictures, self.labels = (
            pictures[TEST_SPRITES + ADDED :],
            labels[TEST_SPRITES + ADDED :],
        )
        self.attributes = attributes[TEST_SPRITES + ADDED :]


def run(settings):
    """Return the report; see the module."""
    subject = open_subject(settings.model)
    pool = Pool(subject.shape)
    made = comparable(subject.pictures(subject.draw(settings.seed, ADDED)))
    _, read = attribute_cnn.load().read(made)
    expert_labels = torch.tensor([CLASSES.index(getattr(each, ATTRIBUTE)) for each in read])
    avatars = to_tensor(made)
    trials = [(count, n) for count in LABELLED for n in range(SEEDS)]
    found = {
        (count, n): one_seed(count, (settings.seed, n), pool, avatars, expert_labels)
        for count, n in bar(trials, desc="classifiers", unit="seed")
    }

    numbers, sentences = {}, []
    for count in LABELLED:
        trials = [found[count, n] for n in range(SEEDS)]
        scores = np.array([trial[0] for trial in trials])  # (seeds, ways)
        kept, right = (np.mean([trial[n] for trial in trials]) for n in (1, 2))
        ways = {}
        for way, each in zip(WAYS, scores.T):
            mean, half = interval(each)
            ways[way] = {"accuracy": mean, "interval": half, "seeds": each}
        gains = {
            f"{a} against {b}": interval(scores[:, WAYS.index(a)] - scores[:, WAYS.index(b)])
            for a, b in COMPARED
        }
        numbers[count] = {
            "ways": ways,
            "share_kept": kept,
            "share_agreeing": right,
            "gains": {pair: dict(zip(("mean", "interval"), gain)) for pair, gain in gains.items()},
        }
        differences = "; ".join(f"{pair} {_points(*gain)}" for pair, gain in gains.items())
        sentences.append(
            f"- {count} labelled sprites a class: the labeller was sure of {kept:.0%} of the "
            f"avatars and agreed with the attribute CNN on {right:.0%} of those. {differences}."
        )
    rows = [
        (
            way,
            *(
                f"{100 * facts['accuracy']:.1f} ± {100 * facts['interval']:.1f}"
                for facts in (numbers[count]["ways"][way] for count in LABELLED)
            ),
        )
        for way in WAYS
    ]
    header = ("training data", *(f"{count} a class: accuracy, %" for count in LABELLED))
    summary = "\n".join(sentences)
    findings = f"""\
Hair style ({len(CLASSES)} classes) of {TEST_SPRITES:,} held-out sprites, learned from few labelled
ones by a classifier of two convolutions in {STEPS} steps of {BATCH}, whatever the data. Means and
95 % intervals over {SEEDS} seeds, each with its own labelled sprites and first weights.

{table(header, rows)}
The generator, {subject.label}, trained on {subject.made_from}, has no classes: its avatars carry
pseudo-labels of the classifier in row "none", and are kept where its probability is at least
{SURE}. It was trained on unlabelled sprites, far more than are labelled here; what those bring by
themselves shows in the control row. Differences in points are paired by seed:

{summary}
"""
    return Report(
        title="Avatars as training data",
        findings=findings,
        numbers={
            "model": subject.id,
            "attribute_cnn": attribute_cnn.load().digest,
            "classes": len(CLASSES),
            "test_sprites": TEST_SPRITES,
            "avatars": ADDED,
            "labelled_a_class": numbers,
        },
        picture=_chart(numbers),
        caption="Accuracy on held-out sprites, mean and 95 % interval over seeds.",
    )


def _points(mean, half):
    verdict = "" if abs(mean) > half else " (no difference that five seeds show)"
    return f"{100 * mean:+.1f} ± {100 * half:.1f} points{verdict}"


def _chart(numbers):
    figure, (axes,) = charts(1, width=7.5, height=3)
    places = np.arange(len(WAYS))[::-1]
    for n, (count, facts) in enumerate(numbers.items()):
        means = [100 * facts["ways"][way]["accuracy"] for way in WAYS]
        halves = [100 * facts["ways"][way]["interval"] for way in WAYS]
        axes.errorbar(
            means, places + 0.12 - 0.24 * n, xerr=halves, fmt="o", label=f"{count} labelled a class"
        )
    axes.set_yticks(places, WAYS)
    axes.set_xlabel("accuracy, %")
    axes.legend(frameon=False, fontsize=8)
    return as_picture(figure)
