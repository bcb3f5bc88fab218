# SPDX-License-Identifier: Apache-2.0
"""Wider generators that draw the same pictures."""

import numpy as np
import pytest
import torch

from golden.spec import GeneratorSpec
from support.failures import InputError
from train.networks.generator import Generator
from train.networks.growing import grow

NARROW = (6, 5, 4)


def weights():
    network = Generator(GeneratorSpec.avatars(NARROW))
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.2, layer.weight.shape).astype(np.float32) for layer in network.layers]


def network_of(weights):
    network = Generator(GeneratorSpec.avatars([w.shape[1] for w in weights[:-1]]))
    for layer, weight in zip(network.layers, weights, strict=True):
        layer.weight.data.copy_(torch.from_numpy(weight))
    return network


def planes(network):
    return network(torch.randn(50, 100, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("channels", [(24, 20, 16), (15, 5, 9), NARROW])
def test_the_pictures_stay(channels):
    narrow = weights()
    wide = grow(narrow, channels, np.random.default_rng(1))
    assert [w.shape for w in wide] == [
        tuple(layer.weight.shape) for layer in Generator(GeneratorSpec.avatars(channels)).layers
    ]
    assert all(w.dtype == np.float32 for w in wide)
    wanted, found = planes(network_of(narrow)), planes(network_of(wide))
    assert wanted.std() > 0.1  # no empty pictures
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)
    if channels == NARROW:
        for before, after in zip(narrow, wide):
            np.testing.assert_array_equal(before, after)


def test_copies_learn_different_things():
    """Their gradients point elsewhere: of mere shares they would be multiples of each other."""
    network = network_of(grow(weights(), (12, 5, 4), np.random.default_rng(1)))
    planes(network).square().mean().backward()
    gradients = network.layers[0].weight.grad.transpose(0, 1).flatten(1)
    alike = torch.cosine_similarity(gradients[:6], gradients[6:])
    assert alike.max() < 0.98


def test_the_seed_draws_the_noise():
    first, again, other = (
        grow(weights(), (12, 10, 8), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    for n in range(4):
        np.testing.assert_array_equal(first[n], again[n])
    np.testing.assert_array_equal(first[0], other[0])  # latents are no copies
    assert not np.array_equal(first[1], other[1])


def test_a_generator_does_not_grow_smaller():
    with pytest.raises(InputError, match="--channels: 12-4-8 is narrower than the run's 6-5-4"):
        grow(weights(), (12, 4, 8), np.random.default_rng(1))
