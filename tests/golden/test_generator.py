# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest
import torch

from golden import model_file
from golden.generator import BATCH, generate, trace
from golden.latents import draw_latents
from golden.spec import GeneratorSpec, Layer
from tests.models import random_model

LEAKY = GeneratorSpec(
    17,
    1,
    (
        Layer(6, 3, 1, 0, 0, "leaky_relu"),
        Layer(5, 5, 2, 2, 1, "leaky_relu"),
        Layer(4, 3, 1, 1),
        Layer(3, 6, 2, 2, 1, "table"),
    ),
)
CONFORMANCE = sorted(Path(__file__).parents[1].glob("conformance/*.safetensors"))


@pytest.mark.parametrize("path", CONFORMANCE, ids=lambda path: path.stem)
def test_conformance_pictures(path):
    latents = np.load(path.with_suffix(".latents.npy"))
    wanted = np.load(path.with_suffix(".pictures.npy"))
    found = generate(model_file.load(path), latents)
    assert (found.dtype, found.shape) == (np.uint8, (len(latents), *wanted.shape[1:]))
    np.testing.assert_array_equal(found, wanted)


def in_torch(model, z):
    """Return what modules of torch make of latents `z`, in float64 and torch's own rounding."""
    x = torch.from_numpy(z).double()[:, :, None, None]
    for n, layer in enumerate(model.spec.shapes):
        conv = torch.nn.ConvTranspose2d(
            layer.in_channels, layer.out_channels, layer.kernel_size, **layer.geometry
        ).double()
        conv.weight.data = torch.from_numpy(model.weight[n].copy()).double()
        conv.bias.data = torch.from_numpy(model.bias[n].copy()).double()
        acc = conv(x).detach()
        factor = torch.from_numpy(model.mul[n].astype(np.float64))[:, None, None].expand(acc.shape)
        low, high = (-512, 511) if layer.is_last else (0, 255)
        if model.neg[n] is not None:
            neg = torch.from_numpy(model.neg[n].astype(np.float64))[:, None, None]
            factor = torch.where(acc < 0, neg, factor)
            low, high = -128, 127
        x = (acc * factor / 2.0 ** int(model.shift[n]) + 0.5).floor().clamp(low, high)
    return model.table[x.numpy().astype(int) + 512]


@pytest.mark.parametrize("bits", [2, 5, 8, (8, 5, 4, 3)])
@pytest.mark.parametrize("spec", [GeneratorSpec.avatars((6, 5, 4)), LEAKY], ids=["relu", "leaky"])
def test_equals_a_generator_built_of_torch_layers(spec, bits):
    model = random_model(spec.with_weight_bits(bits), seed=1)
    latents = draw_latents(2, 3, latent=spec.latent)
    offsets = (0, model.v1, model.v2)[: spec.planes]
    planes = [in_torch(model, latents.astype(np.int64) + v) for v in offsets]
    wanted = np.concatenate(planes, axis=1).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(generate(model, latents), wanted)


def test_a_picture_does_not_depend_on_its_batch():
    model = random_model(GeneratorSpec.preset("tiny"))
    latents = draw_latents(3, BATCH + 2)
    whole = generate(model, latents)
    for n in (0, BATCH - 1, BATCH, BATCH + 1):
        np.testing.assert_array_equal(generate(model, latents[n : n + 1])[0], whole[n])


def test_trace_links_the_layers_and_ends_in_the_picture():
    spec = GeneratorSpec.avatars(channels=(6, 5, 4))
    model = random_model(spec)
    latents = draw_latents(4, 2)
    layers = trace(model, latents)
    for n, (values, layer) in enumerate(zip(layers, spec.shapes)):
        sizes = (layer.in_channels, layer.in_size, layer.in_size)
        assert values.inputs.shape == (2, 3, *sizes)
        sizes = (layer.out_channels, layer.out_size, layer.out_size)
        assert values.accumulators.shape == values.activations.shape == (2, 3, *sizes)
        assert abs(values.accumulators).max() <= layer.acc_max
        if n:
            np.testing.assert_array_equal(values.inputs, layers[n - 1].activations)
    pictures = generate(model, latents)
    np.testing.assert_array_equal(layers[-1].activations[:, 1, 0], pictures[..., 1])


def test_layer_1_is_linear_in_the_latent():
    model = random_model(GeneratorSpec.avatars(channels=(6, 5, 4)))
    acc = trace(model, draw_latents(5, 4))[0].accumulators
    difference = acc[:, 1] - acc[:, 0]  # acc(z + v1) - acc(z) = acc(v1), whatever z is
    np.testing.assert_array_equal(difference, np.broadcast_to(difference[:1], difference.shape))
