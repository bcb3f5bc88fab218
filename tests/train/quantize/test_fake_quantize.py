# SPDX-License-Identifier: Apache-2.0
"""Fake quantisation: golden's integers layer by layer, its start, its gradients, its export."""

import numpy as np
import pytest
import torch

from golden.spec import GeneratorSpec
from tests.train.quantize.goldens import assert_goldens
from tests.train.runs import float_generator
from train.networks.outputs import OUTPUTS
from train.quantize import pipeline
from train.quantize.fake_quantize import FakeQuantizedGenerator, _Activate, _Lookup, _shift
from train.run.config import RunConfig

SPECS = {
    "mixed bits, odd widths": GeneratorSpec.avatars(channels=(7, 5, 3), weight_bits=(8, 5, 4, 3)),
    "two bits": GeneratorSpec.avatars(channels=(12, 10, 7), weight_bits=2),
    "eight bits": GeneratorSpec.avatars(channels=(33, 16, 9), weight_bits=8),
    "one channel": GeneratorSpec.avatars(channels=(1, 1, 1), weight_bits=6),
}


@pytest.fixture(autouse=True)
def few_latents(monkeypatch):
    monkeypatch.setattr(pipeline, "CALIBRATION", 32)


def started(spec):
    """A network as fine-tuning begins it, the model it began from and its v1, v2."""
    config = RunConfig(spec=spec, recipe="fast", steps=5, seed=1)
    generator = float_generator(spec)
    model, rounded = pipeline.round_generator(config, generator, spec)
    network = FakeQuantizedGenerator(spec)
    network.start_from(rounded)
    return network, model, generator


def disturb(network, seed=0):
    """Move every parameter as training would, so that clips and ties come into play."""
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            noise = torch.randn(parameter.shape, generator=rng)
            parameter += 0.3 * parameter.abs().mean().clamp(max=1) * noise


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("disturbed", [False, True])
def test_every_layer_and_picture_is_goldens(spec, disturbed):
    network, model, _ = started(spec)
    if disturbed:
        disturb(network)
    spread = assert_goldens(network, (model.v1, model.v2), 9, seed=3)
    assert max(spread) > 50  # not all of it clipped


def test_float32_differs_by_few_single_steps():
    network, *_ = started(SPECS["eight bits"])
    inputs = np.random.default_rng(0).integers(-128, 128, (60, 100))
    pairs = zip(
        *(network.trace(torch.from_numpy(inputs).to(t)) for t in (torch.float32, torch.float64))
    )
    for (acc, outputs), (exact_acc, exact_outputs) in pairs:
        assert torch.equal(acc.double(), exact_acc)
        difference = (outputs - exact_outputs).abs()
        assert difference.max() <= 1
        assert difference.mean() < 1e-3


def test_training_starts_from_the_rounded_network():
    network, model, _ = started(SPECS["eight bits"])
    own = network.model((model.v1, model.v2))
    for name in ("weight1", "weight2", "weight3", "weight4", "shift", "table"):
        differ = np.mean(own.arrays[name] != model.arrays[name])
        assert differ < 1e-3, name
    for n in range(4):
        assert np.abs(own.bias[n] - model.bias[n]).max() <= 1
        np.testing.assert_allclose(own.mul[n].astype(int), model.mul[n], atol=1)


def test_gradients_lead_a_disturbed_network_back_to_the_float_one():
    spec = SPECS["mixed bits, odd widths"]
    network, _, generator = started(spec)
    disturb(network)
    v1, v2 = (torch.from_numpy(v) for v in generator.offsets)
    z = torch.randn(64, 100, generator=torch.Generator().manual_seed(0))
    wanted = pipeline.as_network(generator, spec).colour(z, v1, v2)

    def error():
        return (network.colour(z, v1, v2) - wanted).square().mean()

    before = error()
    adam = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(60):
        adam.zero_grad()
        error().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
        adam.step()
    assert error() < 0.5 * before


def test_gradients_of_steps_are_those_of_lsq():
    """``d(s * clip(round(w / s)))/ds`` is ``round(w / s) - w / s``, or the end of the range."""
    spec = SPECS["mixed bits, odd widths"]
    network, *_ = started(spec)
    n, layer = 1, spec.shapes[1]
    with torch.no_grad():
        network.weight[n][0] *= 3  # beyond the range
    step = network.log_step[n].exp()[:, None, None]
    (network.integers()[n].weight * step).sum().backward()
    ratio = (network.weight[n] / step).detach()
    inside = ratio.abs() <= layer.weight_max
    wanted = torch.where(inside, ratio.round() - ratio, layer.weight_max * ratio.sign())
    found = network.log_step[n].grad / network.log_step[n].detach().exp()
    torch.testing.assert_close(found, wanted.sum((0, 2, 3)), rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(network.weight[n].grad, inside.float())


def test_activations_pass_on_the_gradient_of_what_is_inside_the_range():
    rng = torch.Generator().manual_seed(0)
    acc = torch.randn(3, 4, 5, 5, generator=rng, dtype=torch.float64) * 200
    bias, factors = (torch.rand(4, 1, 1, generator=rng, dtype=torch.float64) for _ in range(2))
    upstream = torch.randn(acc.shape, generator=rng, dtype=torch.float64)

    def straight_through(acc, bias, factors):
        x = (acc + bias) * factors + 0.5
        return (x + (x.floor() - x).detach()).clamp(0, 255)

    results = []
    for function in (_Activate.apply, straight_through):
        inputs = [x.clone().requires_grad_() for x in (acc, bias, factors)]
        maps = function(*inputs)
        results.append([maps, *torch.autograd.grad(maps, inputs, upstream)])
    assert {0.0, 255.0} < set(results[0][0].unique().tolist())
    for found, wanted in zip(*results):
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("output", [OUTPUTS["tanh"], OUTPUTS["sigmoid"]])
def test_pixels_pass_on_the_slope_of_the_table(output):
    index = torch.arange(-500.0, 500.0, 50).requires_grad_()
    table = torch.from_numpy(output.table())
    (slope,) = torch.autograd.grad(_Lookup.apply(index, table, output).sum(), index)
    at = index.detach().long() + 512
    rise = (table[at + 10].float() - table[at - 10].float()) / 20
    torch.testing.assert_close(slope, rise, rtol=0.02, atol=0.05)


@pytest.mark.parametrize("factor", [1e-12, 3e-4, 0.7, 0.999999, 2.0**-9, 65535 / 2**20, 200.0])
def test_shift_is_that_of_quantize(factor):
    assert (
        int(_shift(torch.tensor(factor, dtype=torch.float64)))
        == (pipeline.requantizer(np.array([factor]))[1])
    )


def test_an_average_of_networks_is_a_network():
    one, model, _ = started(SPECS["two bits"])
    other, *_ = started(SPECS["two bits"])
    disturb(other)
    with torch.no_grad():
        for a, b in zip(one.parameters(), other.parameters()):
            a.lerp_(b, 0.5)
    assert np.abs(one.model((model.v1, model.v2)).weight[1]).max() == 1
