# SPDX-License-Identifier: Apache-2.0
"""Convolutions with our own weight gradient against PyTorch's."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from train.networks.convolution import Conv2d, ConvTranspose2d, Double, Halve, WeightGradient


def arrays(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
        for shape in shapes
    ]


@pytest.mark.parametrize(("function", "shape"), [(Halve, (2, 3, 4, 6)), (Double, (2, 2, 2, 3))])
def test_gradients_are_those_of_differences(function, shape):
    given = arrays(shape, (2, 3, 4, 4), (2 if function is Halve else 3,))
    assert torch.autograd.gradcheck(function.apply, given)
    assert torch.autograd.gradgradcheck(function.apply, given)


def test_the_weights_gradient_is_differentiable():
    x, y = arrays((2, 3, 4, 4), (2, 2, 2, 2))
    assert torch.autograd.gradcheck(WeightGradient.apply, (x, y))


@pytest.mark.parametrize("rows", [4, 2])
@pytest.mark.parametrize(
    ("ours", "plain"), [(Conv2d, nn.Conv2d), (ConvTranspose2d, nn.ConvTranspose2d)]
)
def test_bfloat16_is_as_near_to_the_truth_as_pytorch(ours, plain, rows):
    halving = ours is Conv2d
    size = 2 * rows if halving else rows
    x, wanted = arrays((8, 24, size, size), (8, 40, *[rows if halving else 2 * rows] * 2))
    layers = [ours(24, 40), plain(24, 40, 4, 2, 1)]
    layers[1].load_state_dict(layers[0].state_dict())
    found = []
    for layer in layers:
        maps = x.detach().float().contiguous(memory_format=torch.channels_last).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            y = layer(maps)
        assert y.dtype == torch.bfloat16
        assert y.is_contiguous(memory_format=torch.channels_last)
        ((y.float() - wanted.detach().float()) ** 2).sum().backward()
        found.append([y, maps.grad, layer.weight.grad, layer.bias.grad])
        assert [each.dtype for each in found[-1][1:]] == [torch.float32] * 3

    weight, bias = (each.detach().double().requires_grad_() for each in layers[0].parameters())
    convolve = functional.conv2d if halving else functional.conv_transpose2d
    y = convolve(x, weight, bias, 2, 1)
    ((y - wanted.detach()) ** 2).sum().backward()
    truth = [y, x.grad, weight.grad, bias.grad]
    for own, pytorch, true in zip(*found, truth):
        errors = [(each.double() - true).norm() / true.norm() for each in (own, pytorch)]
        assert errors[0] < 0.01
        assert errors[0] < 1.5 * errors[1]


@pytest.mark.parametrize(("channels", "size", "ours"), [(8, 8, True), (8, 16, False)])
def test_small_maps_alone_take_our_gradient(monkeypatch, channels, size, ours):
    calls = []
    forward = WeightGradient.forward
    monkeypatch.setattr(
        WeightGradient, "forward", lambda ctx, *given: calls.append(1) or forward(ctx, *given)
    )
    layer = Conv2d(channels, channels)
    x = torch.randn(2, channels, size, size)
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            layer(x).sum().backward()
        assert bool(calls) is (ours and enabled)


def test_in_float32_they_are_pytorchs():
    layer, plain = Conv2d(3, 5), nn.Conv2d(3, 5, 4, 2, 1)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(layer(x), plain(x))
