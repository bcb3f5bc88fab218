# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest
import torch

from golden import model_file
from golden.generator import BATCH, generate, trace
from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from tests.models import random_model

CONFORMANCE = sorted(Path(__file__).parents[1].glob("conformance/*.safetensors"))


@pytest.mark.parametrize("path", CONFORMANCE, ids=lambda path: path.stem)
def test_conformance_pictures(path):
    latents = np.load(path.with_suffix(".latents.npy"))
    wanted = np.load(path.with_suffix(".pictures.npy"))
    found = generate(model_file.load(path), latents)
    assert (found.dtype, found.shape) == (np.uint8, (len(latents), 32, 32, 3))
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("bits", [2, 5, 8, (8, 5, 4, 3)])
def test_equals_a_generator_built_of_torch_layers(bits):
    """The same integers through float64 ConvTranspose2d modules and torch's own rounding."""
    spec = GeneratorSpec(channels=(6, 5, 4), weight_bits=bits)
    model = random_model(spec, seed=1)
    latents = draw_latents(2, 3)
    planes = []
    for v in (0, model.v1, model.v2):
        x = torch.from_numpy(latents.astype(np.int64) + v).double()[:, :, None, None]
        for n, layer in enumerate(spec.layers):
            conv = torch.nn.ConvTranspose2d(
                layer.in_channels, layer.out_channels, 4, layer.stride, layer.padding
            ).double()
            conv.weight.data = torch.from_numpy(model.weight[n].copy()).double()
            conv.bias.data = torch.from_numpy(model.bias[n].copy()).double()
            factor = torch.from_numpy(model.mul[n].astype(np.float64))[:, None, None]
            scaled = conv(x).detach() * factor / 2.0 ** int(model.shift[n]) + 0.5
            low, high = (0, 255) if n < 3 else (-512, 511)
            x = scaled.floor().clamp(low, high)
        planes.append(model.table[x.numpy().astype(int)[:, 0] + 512])
    np.testing.assert_array_equal(generate(model, latents), np.stack(planes, axis=-1))


def test_a_picture_does_not_depend_on_its_batch():
    model = random_model(GeneratorSpec.preset("tiny"))
    latents = draw_latents(3, BATCH + 2)
    whole = generate(model, latents)
    for n in (0, BATCH - 1, BATCH, BATCH + 1):
        np.testing.assert_array_equal(generate(model, latents[n : n + 1])[0], whole[n])


def test_trace_links_the_layers_and_ends_in_the_picture():
    spec = GeneratorSpec(channels=(6, 5, 4))
    model = random_model(spec)
    latents = draw_latents(4, 2)
    layers = trace(model, latents)
    for n, (values, layer) in enumerate(zip(layers, spec.layers)):
        sizes = (layer.in_channels, layer.in_size, layer.in_size)
        assert values.inputs.shape == (2, 3, *sizes)
        sizes = (layer.out_channels, layer.out_size, layer.out_size)
        assert values.accumulators.shape == values.activations.shape == (2, 3, *sizes)
        assert abs(values.accumulators).max() <= layer.acc_max
        if n:
            assert values.inputs is layers[n - 1].activations
    pictures = generate(model, latents)
    np.testing.assert_array_equal(layers[-1].activations[:, 1, 0], pictures[..., 1])


def test_layer_1_is_linear_in_the_latent():
    model = random_model(GeneratorSpec(channels=(6, 5, 4)))
    acc = trace(model, draw_latents(5, 4))[0].accumulators
    difference = acc[:, 1] - acc[:, 0]  # acc(z + v1) - acc(z) = acc(v1), whatever z is
    np.testing.assert_array_equal(difference, np.broadcast_to(difference[:1], difference.shape))
