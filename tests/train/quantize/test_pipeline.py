# SPDX-License-Identifier: Apache-2.0
"""Quantisation: phases, rounding, scales, and how near the integers come to the floats."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from golden import model_file
from golden.conv_transpose import conv_transpose2d_scatter
from golden.generator import generate
from golden.latents import quantize_latents
from golden.spec import GeneratorSpec
from tests.train.runs import float_generator
from train.networks.outputs import OUTPUTS
from train.quantize import pipeline as q
from train.quantize.least_squares import phases
from train.quantize.rounding import compensate, round_weights, search_steps
from train.run.config import RunConfig

CONFIG = RunConfig(spec=GeneratorSpec.avatars((12, 10, 7)), recipe="fast", steps=5, seed=1)


@pytest.fixture(scope="module")
def generator():
    return float_generator(CONFIG.spec, bias_deviation=0.3)


@pytest.fixture(autouse=True)
def few_latents(monkeypatch):
    monkeypatch.setattr(q, "CALIBRATION", 64)
    monkeypatch.setattr(q, "EVALUATION", 64)


@pytest.mark.parametrize("number", range(4))
def test_phases_are_the_transposed_convolution(number):
    layer = GeneratorSpec.avatars(channels=(4, 3, 2)).shapes[number]
    rng = np.random.default_rng(number)
    maps = rng.integers(-9, 10, (2, layer.in_channels, layer.in_size, layer.in_size))
    weight = rng.integers(-9, 10, layer.weight_shape)
    wanted = conv_transpose2d_scatter(maps, weight, stride=layer.stride, padding=layer.padding)
    split = phases(layer)
    taps = [tap for phase in split for tap, _ in phase.taps]
    assert sorted(taps) == [(kh, kw) for kh in range(4) for kw in range(4)]
    copy = np.zeros_like(weight)
    for phase in split:
        matrix = phase.weights(weight)
        np.testing.assert_array_equal(phase.inputs(maps) @ matrix, phase.outputs(wanted))
        phase.put(matrix, copy)
    np.testing.assert_array_equal(copy, weight)


def test_rounding_against_the_outputs_beats_the_nearest_integer():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 24)) @ rng.standard_normal((24, 24))  # correlated inputs
    w = rng.standard_normal((24, 6))
    hessian, limit = x.T @ x, 7
    steps = search_steps(w, np.diag(hessian), limit)
    rounded, refitted = round_weights(w, steps, limit, hessian)
    np.testing.assert_array_equal(rounded, np.rint(refitted / steps).clip(-limit, limit))
    nearest = np.rint(w / steps).clip(-limit, limit)
    assert np.abs(rounded).max() <= limit
    error = np.square(x @ (rounded * steps - w)).sum()
    assert error < 0.5 * np.square(x @ (nearest * steps - w)).sum()


def test_steps_of_zero_weights_and_of_an_outlier():
    w = np.zeros((50, 2))
    w[:, 1] = np.r_[np.linspace(-1, 1, 49), 1.6]
    steps = search_steps(w, np.ones(50), 3)
    assert 0 < steps[0] <= 1.6 / 3  # no outlier among the requantizer's factors
    assert 0 < steps[1] < 1.6 / 3  # clips the outlier


def test_compensation_undoes_a_gain_of_the_inputs():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((4000, 5)), rng.standard_normal((5, 3))
    changed = 1.1 * x
    found = compensate(w, changed.T @ changed, changed.T @ (x @ w))
    np.testing.assert_allclose(found, w / 1.1, atol=0.005)


@pytest.mark.parametrize("factor", [1e-9, 3e-4, 0.7, 200.0])
def test_requantizer_uses_its_16_bits(factor):
    mul, shift = q.requantizer(np.array([factor, factor / 3]))
    assert mul.dtype == np.uint16
    assert 1 <= shift <= 40
    np.testing.assert_allclose(mul / 2.0**shift, [factor, factor / 3], rtol=1e-4, atol=2**-40)
    assert mul.max() >= 2**15 or shift == 40


@pytest.mark.parametrize("output", OUTPUTS.values(), ids=OUTPUTS)
def test_tables_rise_from_black_to_white(output):
    table = output.table()
    assert (table.dtype, table.shape) == (np.uint8, (1024,))
    assert (table[0], table[-1]) == (0, 255)
    assert table[512] in (127, 128)  # 0 is 127.5
    assert (np.diff(table.astype(int)) >= 0).all()
    x = torch.arange(-512, 512) / output.steps
    np.testing.assert_allclose(table, (output(x).numpy() + 1) * 127.5, atol=0.51)
    inner = slice(1, -1)
    rise = np.gradient(output(x.double()).numpy(), 1 / output.steps)[inner]
    np.testing.assert_allclose(output.slope(x.double()).numpy()[inner], rise, atol=0.51)


@pytest.mark.parametrize(("bits", "least"), [(8, 40), (6, 31), (5, 26), ((8, 6, 5, 4), 22)])
def test_integers_come_near_the_floats(generator, bits, least):
    model = q.quantize(CONFIG, generator, bits)
    assert model.metrics["psnr"] > least
    assert model.training["recipe"] == "fast"
    assert model.training["steps"] == 5
    z = np.random.default_rng(7).standard_normal((40, 100), np.float32)
    network = q.as_network(generator, CONFIG.spec)
    wanted = q.float_pictures(network, z, generator.offsets)
    own = q.psnr(generate(model, quantize_latents(z)), wanted)
    assert own == pytest.approx(model.metrics["psnr"], abs=1)


def test_same_run_same_bytes(generator, tmp_path):
    for name in "ab":
        model_file.save(q.quantize(CONFIG, generator, 3), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_dead_channels_and_layers_do_no_harm(generator):
    weight = [w.copy() for w in generator.weight]
    bias = [b.copy() for b in generator.bias]
    weight[0][:, 3], bias[0][3] = 0, -1  # never active
    weight[1][:, 2], bias[1][2] = 0, 0.5  # always the same
    dead = dataclasses.replace(generator, weight=tuple(weight), bias=tuple(bias))
    assert q.quantize(CONFIG, dead, 8).metrics["psnr"] > 40
    black = dataclasses.replace(
        generator, weight=tuple(0 * w for w in weight), bias=(*(0 * b for b in bias[:3]), bias[3])
    )
    model = q.quantize(CONFIG, black, 8)
    picture = generate(model, np.zeros((1, 100), np.int8))
    assert np.unique(picture).size == 1


def test_psnr():
    assert q.psnr([[0, 255]], [[0.0, 255.0]]) == math.inf
    assert q.psnr([[0, 25.5]], [[25.5, 0.0]]) == pytest.approx(20)
