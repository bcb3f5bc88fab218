# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from golden.interpolation import hops, lerp, slerp, walk
from golden.latents import CHOICES, draw_latents
from support.failures import InputError


def test_ways_between_latents():
    rng = np.random.default_rng(0)
    z1, z2 = rng.standard_normal((2, 3, 100))
    t = np.array([0, 0.25, 0.5, 1])
    for way in (lerp, slerp):
        points = way(z1, z2, t)
        np.testing.assert_allclose(points[0], z1, atol=1e-12)
        np.testing.assert_allclose(points[-1], z2, atol=1e-12)
    np.testing.assert_allclose(lerp(z1, z2, t)[1], 0.75 * z1 + 0.25 * z2)
    e1, e2 = np.eye(100)[:1], np.eye(100)[1:2]
    quarter = slerp(e1, e2, t)[1, 0, :2]
    np.testing.assert_allclose(quarter, [math.cos(math.pi / 8), math.sin(math.pi / 8)])


@pytest.mark.parametrize("factor", [1, -2])
def test_an_arc_between_latents_on_one_line_is_the_line(factor):
    z = np.random.default_rng(1).standard_normal((2, 5))
    t = np.array([0, 0.25, 1])
    np.testing.assert_allclose(slerp(z, factor * z, t), lerp(z, factor * z, t))


@pytest.mark.parametrize("distribution", ["normal", "tanh"])
def test_a_walk_of_two_seeds_has_both_ends(distribution):
    found = walk([3, 8], 24, 40, distribution)
    assert (found.shape, found.dtype) == ((24, 40), np.int8)
    ends = [draw_latents(seed, 1, distribution, 40)[0] for seed in (3, 8)]
    np.testing.assert_array_equal(found[[0, -1]], ends)
    steps = np.abs(np.diff(found.astype(int), axis=0)).sum(1)
    assert steps.max() < 2 * np.median(steps)  # nowhere a jump


def test_a_round_trip_meets_every_seed_and_stops_before_the_first():
    found = walk([3, 8, 5], 6, 40, way=lerp)
    assert len(found) == 18
    np.testing.assert_array_equal(found[::6], [draw_latents(s, 1, latent=40)[0] for s in (3, 8, 5)])
    np.testing.assert_array_equal(walk([3, 8, 5, 3], 6, 40, way=lerp), found)


def test_there_and_back_is_the_same_way():
    found = walk([3, 8, 3], 6, 40)
    assert len(found) == 12
    np.testing.assert_array_equal(found[1:6], found[:6:-1])


def differing(latents):
    choices = latents.reshape(len(latents), CHOICES, -1).argmax(-1)
    return (choices[1:] != choices[:-1]).sum(1)


def test_hops_change_one_choice_at_a_time():
    found = hops([3, 8], 100)
    ends = np.concatenate([draw_latents(seed, 1, "categorical") for seed in (3, 8)])
    np.testing.assert_array_equal(found[[0, -1]], ends)
    assert (differing(found) == 1).all()
    assert len(found) == differing(ends)[0] + 1
    values, counts = np.unique(found, return_counts=True)
    assert list(values) == [0, 127]
    assert counts[1] == CHOICES * len(found)


def test_hops_of_a_round_trip():
    found = hops([3, 8, 5], 100)
    assert (differing(np.concatenate([found, found[:1]])) == 1).all()


def test_hops_between_equal_latents_are_one():
    assert hops([1, 2], CHOICES).tolist() == [[127] * CHOICES]  # one option a choice
    assert hops([1, 2, 1], CHOICES).tolist() == [[127] * CHOICES]


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ([3], "one seed"),
        ([3, 3], "twice in a row"),
        ([3, 8, 8], "twice in a row"),
        ([3, 3, 3], "twice in a row"),
        ([3, -1], "has -1"),
    ],
)
def test_seeds_that_lead_nowhere_are_refused(seeds, words):
    for way in (lambda: walk(seeds, 5, 10), lambda: hops(seeds, 10)):
        with pytest.raises(InputError, match=words):
            way()


@pytest.mark.parametrize("frames", [1, 1001])
def test_frames_out_of_range(frames):
    with pytest.raises(InputError, match="--frames"):
        walk([1, 2], frames, 10)


def test_there_are_no_categorical_latents_of_every_size():
    with pytest.raises(InputError, match="multiple of 5"):
        hops([1, 2], 12)
