# SPDX-License-Identifier: Apache-2.0
"""Three ways in which a GAN goes wrong, each as one number, a threshold and what to try.

Pictures are compared by the root mean square of the differences of their bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

import numpy as np

from train.data.distance import typical_distance
from train.loop.schedule import EARLY

WINDOW = 10  # lines of metrics that are averaged before two times are compared
CERTAIN = 0.95  # a discriminator that judges this share rightly leaves G little to learn from
LEAVE_ONE_OUT = 64  # training pictures whose nearest neighbours stand for all
DRAWS = 8  # of training pictures, whose diversities are averaged


@dataclass
class Alarm:
    """One alarm with hysteresis: it rings once, and again only after it was over.

    Attributes
    ----------
    name : str
    raises, clears : float
        It rings where the value falls below `raises` and is over above `clears`; if `raises` is
        the greater one, the other way round.
    message : str
        What has happened and what to try, with ``{value}`` in it.
    active : bool
    """

    name: str
    raises: float
    clears: float
    message: str
    active: bool = False

    def update(self, value):
        """Take the next value; return whether the alarm began to ring or was over just now."""
        sign = 1 if self.raises < self.clears else -1
        before = self.active
        if sign * value < sign * self.raises:
            self.active = True
        elif sign * value > sign * self.clears:
            self.active = False
        return self.active != before


def alarms():
    """Return the three alarms, silent, by the name of the value that each takes.

    ``diversity`` is :meth:`Reference.diversity`, ``novelty`` :meth:`Reference.novelty`,
    ``climb`` :func:`generator_climb`.
    """
    return {
        "diversity": Alarm(
            "mode collapse",
            0.6,
            0.7,
            "samples lie {value:.2f} times as far apart as training pictures; try another "
            "--seed, more varied pictures, or the strongest gradient penalty (--recipe fast)",
        ),
        "novelty": Alarm(
            "memorising",
            0.8,
            0.9,
            "samples lie {value:.2f} times as far from the training pictures as those from each "
            "other; stop here, or try more pictures (--count, --data) or a smaller generator",
        ),
        "climb": Alarm(
            "discriminator wins",
            1.25,
            1.1,
            "a discriminator is nearly always right, and the generator's loss is {value:.2f} times "
            "its lowest; try the strongest gradient penalty (--recipe fast), or --smooth 0.9 with "
            "recipe paper or fast",
        ),
    }


class Reference:
    """The training pictures as a scale for samples.

    Parameters
    ----------
    pictures : uint8 array, shape (N, 32, 32, 3)
    """

    def __init__(self, pictures):
        self._pictures = pictures
        rng = np.random.default_rng(0)
        chosen = rng.choice(len(pictures), min(LEAVE_ONE_OUT, len(pictures)), replace=False)
        self._leave_one_out = 0.0
        if len(chosen) > 1:
            self._leave_one_out = typical_distance(pictures[chosen], pictures, own=chosen)
        self._rng = rng
        self._spread = {}

    def diversity(self, samples):
        """Return how far samples lie apart, as a share of what as many training pictures do.

        The distance is the median of each picture's to its nearest neighbour, so that a few
        pictures repeated show as much as one.

        Parameters
        ----------
        samples : uint8 array, shape (M, 32, 32, 3)

        Returns
        -------
        float, or None where the training pictures are all alike
        """
        count = min(len(samples), len(self._pictures))
        if count < 2:
            return None
        if count not in self._spread:
            draws = (
                self._pictures[self._rng.choice(len(self._pictures), count, replace=False)]
                for _ in range(DRAWS)
            )
            self._spread[count] = fmean(_apart(draw) for draw in draws)
        return _apart(samples[:count]) / self._spread[count] if self._spread[count] else None

    def novelty(self, samples):
        """Return how far samples lie from training pictures, as a share of leave-one-out.

        Both distances are medians over the distance to the nearest training picture; for a
        training picture, to the nearest other one.

        Parameters
        ----------
        samples : uint8 array, shape (M, 32, 32, 3)

        Returns
        -------
        float, or None where most training pictures have a double
        """
        if not self._leave_one_out:
            return None
        return typical_distance(samples, self._pictures) / self._leave_one_out


def _apart(pictures):
    """Median distance of each picture to the nearest other one."""
    return typical_distance(pictures, pictures, own=np.arange(len(pictures)))


def generator_climb(lines):
    """Return the generator's recent loss over its lowest, where a discriminator is nearly certain.

    Both are means of :data:`WINDOW` lines. While no discriminator has judged the share
    :data:`CERTAIN` rightly over the last of them, the loss counts as not climbing: 1.

    Parameters
    ----------
    lines : list of dict
        Lines of metrics.jsonl in the order of their steps; those without losses are skipped, and
        the early ones, which are means of fewer steps.

    Returns
    -------
    float, or None where there are fewer than two windows
    """
    lines = [line for line in lines if "g" in line and line.get("step") not in EARLY]
    if len(lines) < 2 * WINDOW:
        return None
    recent = lines[-WINDOW:]
    accuracies = [name for name in recent[-1] if name.endswith("_accuracy")]
    certain = max((_mean(recent, name) for name in accuracies), default=0.0)
    if certain < CERTAIN:
        return 1.0
    losses = np.convolve([line["g"] for line in lines], np.full(WINDOW, 1 / WINDOW), "valid")
    return float(losses[-1] / losses.min())


def _mean(lines, name):
    return sum(line.get(name, 0.0) for line in lines) / len(lines)
