# SPDX-License-Identifier: Apache-2.0
"""Every experiment by name, in the order in which docs/results shows them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from support.failures import InputError


@dataclass(frozen=True)
class Experiment:
    """One experiment.

    Attributes
    ----------
    name : str
        Its name on the command line and of its files.
    summary : str
        What it shows: a sentence of one line, without its full stop.
    takes_model : bool
        Whether it looks at the one generator that ``--model`` names; else at several, or at none.
    """

    name: str
    summary: str
    takes_model: bool

    def run(self, settings):
        """Do it; ``settings`` is a :class:`train.experiments.report.Settings`.

        Returns
        -------
        train.experiments.report.Report
        """
        module = importlib.import_module(f"train.experiments.{self.name.replace('-', '_')}")
        return module.run(settings)


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "quality",
            "Every committed generator and every shipped model is measured on one scale",
            False,
        ),
        Experiment("bits", "Weights of fewer bits cost quality: this says how much", False),
        Experiment(
            "mixed-bits",
            "One layer at a time gets other weight bits, to find the layer that needs them",
            False,
        ),
        Experiment(
            "latent-gain",
            "Latents narrower or wider than in training trade variety for cleanness",
            True,
        ),
        Experiment(
            "recombination",
            "Heads on others' bodies, in others' colours, are measured beside real sprites",
            False,
        ),
        Experiment(
            "new-latents",
            "New avatars stand beside the training pictures that are nearest to them",
            True,
        ),
        Experiment(
            "interpolation",
            "Avatars between two latents stand beside a blend of the two pictures",
            True,
        ),
        Experiment(
            "offsets",
            "The offsets v1 and v2 are scaled, disturbed and rounded, to see what pictures bear",
            True,
        ),
        Experiment(
            "discriminators",
            "Generators learned from the grey discriminator, the colour one, or both",
            False,
        ),
        Experiment(
            "three-channel-head",
            "One plane made three times is compared with three planes made at once",
            False,
        ),
        Experiment(
            "augmentation",
            "Avatars serve a classifier as training data where labels are scarce",
            True,
        ),
        Experiment(
            "transposed-convolution",
            "Three forms of transposed convolution give equal numbers at different cost",
            True,
        ),
    )
}

# Parts of docs/results that programs of benchmarks/ write, and a sentence on each.
BENCHMARKS = {
    "recipes": "Variants of a recipe get the same processor time, one change at a time",
    "capacity": "Generators that are told what to draw show what bounds the pictures",
    "finetuning": "Training in the hardware's integers is compared with rounding alone",
    "small-from-large": "Small generators made from large ones stand beside others of their size",
    "train-speed": "A training step is timed beside that of a plain PyTorch loop",
    "bench": "NumPy, PyTorch, ONNX Runtime and this hardware draw the same avatars",
}


def as_text():
    """Return the lines that ``avatar experiment list`` prints."""
    width = max(map(len, EXPERIMENTS))
    return "\n".join(f"{each.name:<{width}}  {each.summary}" for each in EXPERIMENTS.values())


def find(name):
    """Return the :class:`Experiment` called `name`.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in EXPERIMENTS:
        raise InputError(f"experiment {name!r} is unknown; choose from {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]
