# SPDX-License-Identifier: Apache-2.0
"""Pruning: which channels go, and what the others make up for."""

import itertools

import numpy as np
import pytest
import torch

from golden.spec import GeneratorSpec
from train.networks.generator import Generator
from train.quantize import pipeline
from train.quantize.pruning import eliminate, prune
from train.run.config import RunConfig, Start
from train.run.float_generator import FloatGenerator

WIDE = (12, 10, 8)


@pytest.fixture(autouse=True)
def few_latents(monkeypatch):
    monkeypatch.setattr(pipeline, "CALIBRATION", 64)


def config(channels):
    start = Start("prune", "", GeneratorSpec.avatars(WIDE), 1.0, 0.0)
    return RunConfig(
        spec=GeneratorSpec.avatars(channels), recipe="fast", steps=1, seed=3, start=start
    )


def wide_generator(rank=None):
    """He's weights; each layer's channels beyond `rank` are mixtures of the first ones, halved."""
    rng = np.random.default_rng(0)
    weight = []
    for layer in config(WIDE).start.spec.shapes:
        std = (2 / layer.in_channels / (1 if layer.stride == 1 else 4)) ** 0.5
        w = rng.normal(0, std, layer.weight_shape)
        if rank and layer.out_channels > rank:
            w[:, rank:] = w[:, : layer.out_channels - rank] / 2
        weight.append(w.astype(np.float32))
    v1, v2 = rng.standard_normal((2, 100), np.float32)
    zeros = tuple(np.zeros(w.shape[1], np.float32) for w in weight)
    return FloatGenerator(tuple(weight), zeros, (v1, v2), {"steps": 5, "seconds": 2})


def pictures(weights, channels):
    network = Generator(config(channels).spec)
    for layer, weight in zip(network.layers, weights):
        layer.weight.data.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
    with torch.no_grad():
        return network(torch.randn(50, 100, generator=torch.Generator().manual_seed(0)))


def test_channels_that_repeat_others_cost_nothing():
    generator, narrow = wide_generator(rank=6), (6, 6, 6)
    weights = prune(config(narrow), generator)
    assert [w.shape[:2] for w in weights] == [(100, 6), (6, 6), (6, 6), (6, 1)]
    error = (pictures(weights, narrow) - pictures(generator.weight, WIDE)).abs()
    assert error.mean() < 0.003


def test_refitting_beats_leaving_out():
    generator, narrow = wide_generator(), (9, 8, 6)
    pruned = pictures(prune(config(narrow), generator), narrow)
    wanted = pictures(generator.weight, WIDE)
    kept = (range(100), *(range(n) for n in narrow), range(1))
    cut = [w[np.ix_(kept[n], kept[n + 1])] for n, w in enumerate(generator.weight)]
    error, of_cut = ((made - wanted).square().mean() for made in (pruned, pictures(cut, narrow)))
    assert error < 0.6 * of_cut


def test_eliminate_takes_the_best_and_refits():
    """Against least squares on every subset, for one channel out of six."""
    rng = np.random.default_rng(1)
    taps, channels = 2, 6
    x = rng.standard_normal((2, 400, channels * taps)) @ rng.standard_normal((12, 12))
    w = rng.standard_normal((2, channels * taps, 3))
    kept, found = eliminate(w.copy(), np.linalg.inv(x.swapaxes(1, 2) @ x), channels, channels - 1)

    def fit(subset):
        rows = [c * taps + t for c in subset for t in range(taps)]
        solutions = [np.linalg.lstsq(x[p][:, rows], x[p] @ w[p], rcond=None)[0] for p in (0, 1)]
        residues = [x[p][:, rows] @ solutions[p] - x[p] @ w[p] for p in (0, 1)]
        return sum(np.square(r).sum() for r in residues), rows, solutions

    fits = {subset: fit(subset) for subset in itertools.combinations(range(channels), 5)}
    best = min(fits, key=lambda subset: fits[subset][0])
    assert tuple(kept) == best
    _, rows, solutions = fits[best]
    np.testing.assert_allclose(found[:, rows], solutions, rtol=1e-6, atol=1e-9)
    assert not np.delete(found, rows, axis=1).any()
