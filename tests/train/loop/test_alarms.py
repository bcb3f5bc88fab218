# SPDX-License-Identifier: Apache-2.0
"""Alarms: each fires on what it is for, stays silent on what is well, and has hysteresis."""

import numpy as np
import pytest

from train.data.sprites import collection
from train.loop.alarms import WINDOW, Alarm, Reference, alarms, generator_climb


@pytest.fixture(scope="module")
def sprites():
    """200 to train on and 36 others."""
    pictures = collection(236, 0)[0]
    return pictures[:200], pictures[200:]


def noisy(pictures, deviation):
    noise = np.random.default_rng(0).normal(0, deviation, pictures.shape)
    return np.clip(pictures + noise, 0, 255).astype(np.uint8)


def rings(name, value):
    alarm = alarms()[name]
    alarm.update(value)
    return alarm.active


def test_mode_collapse(sprites):
    training, fresh = sprites
    reference = Reference(training)
    healthy = reference.diversity(fresh)
    assert healthy == pytest.approx(1, abs=0.15)
    assert not rings("diversity", healthy)
    # Nine pictures, each four times with a little noise: not one picture, and yet collapsed.
    collapsed = noisy(np.repeat(fresh[:9], 4, axis=0), 8)
    assert rings("diversity", reference.diversity(collapsed))
    assert not rings("diversity", reference.diversity(noisy(fresh, 8)))


def test_memorising(sprites):
    training, fresh = sprites
    reference = Reference(training)
    assert not rings("novelty", reference.novelty(fresh))
    assert rings("novelty", reference.novelty(noisy(training[:36], 8)))
    half = np.concatenate((training[:12], fresh[:24]))  # a third of the samples copied: not yet
    assert not rings("novelty", reference.novelty(half))


def test_leave_one_out_by_hand():
    # Flat greys 0, 10, 30 and 70: nearest others at 10, 10, 20, 40, their median is 15.
    greys = np.array([0, 10, 30, 70], np.uint8)
    pictures = np.broadcast_to(greys[:, None, None, None], (4, 32, 32, 3))
    reference = Reference(pictures)
    samples = np.full((1, 32, 32, 3), 36, np.uint8)
    assert reference.novelty(samples) == pytest.approx(6 / 15, rel=1e-4)
    assert reference.diversity(pictures[::-1]) == pytest.approx(1, rel=1e-4)


def test_pictures_that_are_no_scale(sprites):
    same = np.repeat(sprites[0][:1], 5, axis=0)
    assert Reference(same).diversity(sprites[1]) is None
    assert Reference(same).novelty(sprites[1]) is None
    assert Reference(same[:1]).diversity(sprites[1]) is None
    assert Reference(same[:1]).novelty(sprites[1]) is None


def history(losses, accuracies):
    return [
        {"step": 100 * n, "g": g, "d_grey_accuracy": 0.7, "d_colour_accuracy": a}
        for n, (g, a) in enumerate(zip(losses, accuracies), 1)
    ]


def test_discriminator_wins():
    count = 4 * WINDOW
    falling, climbing = np.linspace(3, 1.5, count), np.linspace(2, 8, count)
    sure, unsure = np.linspace(0.8, 0.999, count), np.full(count, 0.85)
    assert rings("climb", generator_climb(history(climbing, sure)))
    assert not rings("climb", generator_climb(history(climbing, unsure)))
    assert not rings("climb", generator_climb(history(falling, sure)))
    assert generator_climb(history(climbing, sure)[: 2 * WINDOW - 1]) is None
    # The lines of the other alarms lie between those of the losses.
    mixed = [part for line in history(climbing, sure) for part in (line, {"step": line["step"]})]
    assert generator_climb(mixed) == generator_climb(history(climbing, sure))


def test_a_loss_that_settles_above_its_lowest_is_no_win():
    """As in a good run of `fast`: down to 2.57 in 500 steps, back to 2.8, and there it stays."""
    losses = np.concatenate((np.linspace(4, 2.57, 5), np.full(195, 2.8)))
    assert not rings("climb", generator_climb(history(losses, np.full(200, 0.97))))


@pytest.mark.parametrize(("sign", "values"), [(1, (0.5, 0.7)), (-1, (-0.5, -0.7))])
def test_hysteresis(sign, values):
    alarm = Alarm("any", *values, "{value}")
    told = [
        (alarm.update(sign * value), alarm.active)
        for value in (0.6, 0.49, 0.3, 0.6, 0.69, 0.71, 0.6, 0.4)
    ]
    assert [changed for changed, _ in told] == [0, 1, 0, 0, 0, 1, 0, 1]
    assert [active for _, active in told] == [0, 1, 1, 1, 1, 0, 0, 1]
