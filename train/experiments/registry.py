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
        What it shows, one line.
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
        Experiment("quality", "every committed generator and shipped model, measured", False),
        Experiment("bits", "what narrower weights cost", False),
        Experiment("mixed-bits", "which layer needs its weight bits", False),
        Experiment("latent-gain", "latents narrower and wider than in training", True),
        Experiment("recombination", "heads on others' bodies, in others' colours, measured", False),
        Experiment("new-latents", "new latents beside their nearest training pictures", True),
        Experiment("interpolation", "between two latents, beside a blend of the pixels", True),
        Experiment("offsets", "how robust the offsets v1 and v2 are", True),
        Experiment("discriminators", "grey discriminator, colour discriminator, both", False),
        Experiment("three-channel-head", "one plane three times, or three planes at once", False),
        Experiment("augmentation", "avatars as training data where labels are scarce", True),
        Experiment("transposed-convolution", "three forms, equal, and their cost", True),
    )
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
