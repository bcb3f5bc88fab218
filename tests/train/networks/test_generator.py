# SPDX-License-Identifier: Apache-2.0
"""Shapes of the published Table 1, and the last layer's own form."""

import pytest
import torch
from torch.nn import functional

from golden.spec import GeneratorSpec, Layer
from train.networks.generator import Discriminator, Generator


def test_generator_shapes_of_table_1():
    spec = GeneratorSpec.preset("contest")
    network = Generator(spec)
    assert sum(p.numel() for p in network.parameters()) == 3_442_688
    x = torch.zeros(1, 100, 1, 1)
    shapes = []
    for layer in network.layers:
        x = layer(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(512, 4, 4), (256, 8, 8), (128, 16, 16), (1, 32, 32)]


@pytest.mark.parametrize("planes", [1, 3])
def test_discriminator_shapes_of_table_1(planes):
    network = Discriminator(planes)
    x = torch.zeros(2, planes, 32, 32)
    shapes = []
    for module in network.features:
        x = module(x)
        if isinstance(module, torch.nn.Conv2d):
            shapes.append(tuple(x.shape[1:]))
    assert shapes == [(64, 16, 16), (128, 8, 8), (256, 4, 4)]
    assert sum(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules()) == 3
    assert network(torch.zeros(2, planes, 32, 32)).shape == (2,)


@pytest.mark.parametrize(("hidden", "together"), [(0, False), (32, True)])
def test_only_a_hidden_layer_sees_both_sides_together(hidden, together):
    """What five columns at each edge add to a logit, and what they add where both are there."""
    torch.manual_seed(0)
    network = Discriminator(3, (4, 5, 6), batch_norm=False, hidden=hidden).double()
    ground, sides = 10 * torch.randn(2, 1, 3, 32, 32, dtype=torch.double)
    pictures = ground.repeat(4, 1, 1, 1)
    pictures[[1, 3], :, :, :5] = sides[..., :5]
    pictures[[2, 3], :, :, -5:] = sides[..., -5:]
    neither, left, right, both = network(pictures).tolist()
    assert min(abs(left - neither), abs(right - neither)) > 1e-6
    assert (abs(both - left - right + neither) > 1e-9) == together


def test_hidden_layer():
    torch.manual_seed(0)
    network = Discriminator(1, (4, 5, 6), hidden=7).eval().to(memory_format=torch.channels_last)
    x = torch.randn(3, 1, 32, 32)
    hidden = network.hidden(network.features(x).flatten(1))
    assert hidden.shape == (3, 7)
    expected = network.classify(torch.where(hidden > 0, hidden, 0.2 * hidden))[:, 0]
    torch.testing.assert_close(network(x), expected)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("bias", [False, True])
def test_first_and_last_layer_are_transposed_convolutions(bias, layout):
    torch.manual_seed(0)
    network = Generator(GeneratorSpec.avatars(channels=(5, 4, 3)), bias=bias).to(
        memory_format=layout
    )
    z = torch.randn(2, 100, requires_grad=True)
    x = z[:, :, None, None]
    for layer in network.layers[:-1]:
        x = torch.relu(layer(x))
    planes, expected = network(z), torch.tanh(network.layers[-1](x))
    torch.testing.assert_close(planes, expected)

    toward, inputs = torch.randn_like(planes), [z, *network.parameters()]
    gradients = [torch.autograd.grad(output, inputs, toward) for output in (planes, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


def test_bfloat16_generator_trains():
    torch.manual_seed(0)
    network = Generator(GeneratorSpec.avatars(channels=(5, 4, 3)))
    z = torch.randn(2, 100)
    with torch.autocast("cpu", torch.bfloat16):
        planes = network(z)
    torch.testing.assert_close(planes.float(), network(z), rtol=0.1, atol=0.1)
    planes.sum().backward()
    assert all(p.grad.isfinite().all() for p in network.parameters())


def test_colour_is_three_planes_of_one_generator():
    torch.manual_seed(0)
    network = Generator(GeneratorSpec.avatars(channels=(5, 4, 3)))
    z, v1, v2 = torch.randn(4, 100), torch.randn(100), torch.randn(100)
    colour = network.colour(z, v1, v2)
    for plane, shifted in enumerate((z, z + v1, z + v2)):
        torch.testing.assert_close(colour[:, plane : plane + 1], network(shifted))


def test_three_planes_in_one_pass():
    """PyTorch's own layers, one after another, are the reference."""
    spec = GeneratorSpec.avatars(channels=(6, 5, 4), head="rgb")
    network = Generator(spec, bias=True)
    z = torch.randn(2, 100, generator=torch.Generator().manual_seed(0))
    x = z[:, :, None, None]
    for layer in network.layers[:-1]:
        x = torch.relu(layer(x))
    wanted = torch.tanh(network.layers[-1](x))
    assert wanted.shape == (2, 3, 32, 32)
    torch.testing.assert_close(network.colour(z), wanted)


@pytest.mark.parametrize("output", ["tanh", "sigmoid", "none"])
def test_other_shapes_and_activations(output):
    """PyTorch's own layers, one after another, are the reference."""
    spec = GeneratorSpec(
        17,
        1,
        (
            Layer(6, 3, 1, 0, 0, "leaky_relu"),
            Layer(5, 5, 2, 2, 1),
            Layer(4, 3, 1, 1, 0, "leaky_relu"),
            Layer(1, 4, 2, 1, 0, "table"),
        ),
    )
    torch.manual_seed(0)
    network = Generator(spec, bias=True, slopes=(0.2, 0.0, 1.0), output=output)
    z = torch.randn(2, 17)
    x = z[:, :, None, None]
    for layer, shape, slope in zip(network.layers, spec.shapes, (0.2, 0.0, 1.0, None)):
        x = functional.conv_transpose2d(x, layer.weight, layer.bias, **shape.geometry)
        if slope is not None:
            x = functional.leaky_relu(x, slope)
    wanted = {"tanh": x.tanh(), "sigmoid": 2 * x.sigmoid() - 1, "none": x.clamp(-1, 1)}[output]
    assert wanted.shape == (2, 1, 12, 12)
    torch.testing.assert_close(network.colour(z), wanted)
