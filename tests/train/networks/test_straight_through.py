# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest
import torch

from golden import model_file
from golden.generator import generate
from golden.latents import draw_latents
from golden.spec import GeneratorSpec, Layer
from tests.models import random_model
from train.networks.straight_through import StraightThroughGenerator

CONFORMANCE = sorted((Path(__file__).parents[2] / "conformance").glob("*.safetensors"))


@pytest.mark.parametrize("path", CONFORMANCE, ids=lambda path: path.stem)
def test_draws_as_golden(path):
    """Up to ties, in one value of a thousand: there a random table gives another pixel."""
    latents = np.load(path.with_suffix(".latents.npy"))[:4]
    with torch.no_grad():
        z = torch.from_numpy(latents.astype(np.float32))
        found = StraightThroughGenerator(model_file.load(path))(z).numpy().transpose(0, 2, 3, 1)
    wanted = np.load(path.with_suffix(".pictures.npy"))[:4]
    assert found.shape == wanted.shape
    assert (found != wanted).mean() < 1e-3


def test_draws_what_is_rounded():
    model = random_model(GeneratorSpec.avatars((5, 4), latent=7))
    latents = draw_latents(0, 2, latent=7)
    network = StraightThroughGenerator(model)
    with torch.no_grad():
        found = network(torch.from_numpy(latents + 0.3).float()).numpy().transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(found, generate(model, latents))


def test_gradients_pass_roundings_and_end_at_clips():
    """z, times 2 or below zero 1, over 4; times 3; a table that rises by one in four entries."""
    one = np.ones((1, 1, 1, 1), np.int8)
    model = model_file.Model(
        GeneratorSpec(1, 1, (Layer(1, 1, 1, 0, 0, "leaky_relu"), Layer(1, 1, 1, 0, 0, "table"))),
        weight=[one, one],
        bias=[np.zeros(1, np.int32)] * 2,
        mul=[np.array([8], np.uint16), np.array([6], np.uint16)],
        neg=[np.array([1], np.uint16), None],
        shift=np.array([2, 1], np.uint8),
        table=(np.arange(1024) // 4).astype(np.uint8),
    )
    z = torch.tensor([[10.0], [-40.0], [100.0]], requires_grad=True)
    network = StraightThroughGenerator(model)
    network(z).sum().backward()
    # 10 and -40: both factors and the table's slope; 100 is beyond the first layer's 127
    np.testing.assert_allclose(z.grad[:, 0], [2 * 3 / 4, 3 / 16, 0], rtol=1e-6)
