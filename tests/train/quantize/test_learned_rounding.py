# SPDX-License-Identifier: Apache-2.0
"""Learned rounding: what it may choose from, what drives it to choose, and that it pays."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cli import main
from golden import model_file
from golden.generator import generate
from golden.latents import quantize_latents
from golden.spec import GeneratorSpec
from tests.train.runs import float_generator
from train.quantize import learned_rounding, pipeline
from train.quantize.learned_rounding import UndecidedGenerator
from train.run import packed
from train.run.config import RunConfig
from train.run.float_generator import IntegerGenerator

SPEC = GeneratorSpec.avatars(channels=(12, 10, 7), weight_bits=(4, 3, 3, 5))
CONFIG = RunConfig(spec=SPEC, recipe="fast", steps=5, seed=1)


@pytest.fixture(autouse=True)
def few_latents(monkeypatch):
    monkeypatch.setattr(pipeline, "CALIBRATION", 32)
    monkeypatch.setattr(pipeline, "EVALUATION", 64)


@pytest.fixture(scope="module")
def floats():
    return float_generator(SPEC)


@pytest.fixture
def undecided(floats):
    _, rounded = pipeline.round_generator(CONFIG, floats, SPEC)
    return UndecidedGenerator(SPEC, rounded, floats), rounded


@pytest.fixture
def run(tmp_path, floats):
    folder = tmp_path / "run"
    folder.mkdir()
    CONFIG.save(folder)
    floats.save(folder)
    return folder


def test_it_begins_with_the_float_weights_and_chooses_between_their_neighbours(undecided, floats):
    network, rounded = undecided
    begun = [facts.weight.numpy(force=True) for facts in network.integers()]
    network.decide()
    for n, layer in enumerate(SPEC.shapes):
        limit = layer.weight_max
        steps = (floats.weight[n] / rounded.step[n][:, None, None]).clip(-limit, limit)
        assert np.abs(steps).max() == limit  # some are cut off
        np.testing.assert_allclose(begun[n], steps, atol=1e-4)
        decided = network.integers()[n].weight.numpy(force=True)
        np.testing.assert_array_equal(decided, np.rint(decided))
        clear = np.abs(steps - np.floor(steps) - 0.5) > 1e-3
        np.testing.assert_array_equal(decided[clear], np.rint(steps)[clear])


@pytest.mark.parametrize("sharpness", [2.0, 20.0])
def test_what_is_undecided_counts_by_the_square_of_its_step(undecided, sharpness):
    network, _ = undecided
    total, count = 0.0, 0
    for layer, share in zip(SPEC.shapes, network.shares()):
        share = share.numpy(force=True).astype(np.float64)
        total += (1 - np.abs(2 * share - 1) ** sharpness).sum() / layer.weight_max**2
        count += share.size
    torch.testing.assert_close(
        network.undecided(sharpness).item(), total / count, rtol=1e-4, atol=0
    )
    network.undecided(sharpness).backward()
    for choice, share in zip(network.choice, network.shares()):
        inside = (share > 0.01) & (share < 0.99) & ((share - 0.5).abs() > 0.01)
        # downhill is away from the middle
        uphill = torch.where(share < 0.5, 1.0, -1.0)
        if sharpness == 2:
            assert torch.equal(choice.grad.sign()[inside], uphill[inside])
        assert not (choice.grad.sign() == -uphill)[inside].any()
    network.decide()
    assert network.undecided(sharpness).item() == 0


def test_learning_draws_nearer_to_the_float_generator(floats):
    at_once = pipeline.quantize(CONFIG, floats, SPEC.weight_bits)
    learned = learned_rounding.quantize(CONFIG, floats, SPEC.weight_bits, 300)
    assert learned.spec == SPEC
    assert learned.metrics["psnr"] > at_once.metrics["psnr"] + 1
    assert learned.training == at_once.training | {"rounding_steps": 300}


def test_learning_repeats(floats):
    models = [learned_rounding.quantize(CONFIG, floats, SPEC.weight_bits, 9) for _ in range(2)]
    assert models[0].digest == models[1].digest


def test_the_model_draws_what_the_network_learned_to_draw(undecided, floats):
    network, _ = undecided
    teacher = pipeline.as_network(floats, SPEC)
    offsets = [torch.from_numpy(v) for v in floats.offsets]
    rng = torch.Generator().manual_seed(0)
    learned_rounding.learn(
        network, teacher, lambda: torch.randn(8, 100, generator=rng), offsets, 30
    )
    z = torch.randn(20, 100, generator=rng)
    with torch.no_grad():
        planes = network.colour(z, *offsets, dtype=torch.float64)
    model = network.model([quantize_latents(v) for v in floats.offsets])
    pictures = ((planes + 1) * 127.5).round().permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(pictures, generate(model, quantize_latents(z.numpy())))


def test_a_folder_and_a_packed_file_from_the_command_line(tmp_path, run, floats, capsys):
    small, file = tmp_path / "packed.safetensors", tmp_path / "m.safetensors"
    packed.save(CONFIG, floats, small)
    for source in (run, small):
        arguments = ["quantize", str(source), "--weight-bits", "4", "--learn", "3"]
        assert main([*arguments, "--out", str(file)]) == 0
        model = model_file.load(file)
        assert model.spec.weight_bits == (4, 4, 4, 4)
        assert model.training["rounding_steps"] == 3
        file.unlink()
    assert main(["quantize", str(small), "--weight-bits", "4", "--out", str(file)]) == 0
    assert "rounding_steps" not in model_file.load(file).training


def test_widening_keeps_what_was_learned(tmp_path, run, capsys, monkeypatch):
    monkeypatch.setattr("train.quantize.widening.find_gain", lambda *_: 1.2)
    monkeypatch.setattr(
        "train.quantize.widening.check_known", lambda *_: None
    )  # the run has no pictures
    kept = []
    for widen in ([], ["--widen"]):
        file = tmp_path / f"m{len(widen)}.safetensors"
        arguments = ["quantize", str(run), "--weight-bits", "4", "--learn", "3", *widen]
        assert main([*arguments, "--out", str(file)]) == 0
        kept.append(model_file.load(file))
    for before, after in zip(kept[0].weight, kept[1].weight):
        np.testing.assert_array_equal(before, after)
    assert kept[1].training["widened"] == 1.2


@pytest.mark.parametrize("steps", ["0", "-5"])
def test_no_steps(tmp_path, run, capsys, steps):
    out = tmp_path / "m.safetensors"
    assert main(["quantize", str(run), f"--learn={steps}", "--out", str(out)]) == 2
    assert f"--learn is {steps}" in capsys.readouterr().err
    assert not out.exists()


def test_a_run_in_integers_has_nothing_left_to_learn(tmp_path, floats, capsys):
    integers, out = tmp_path / "integers", tmp_path / "m.safetensors"
    integers.mkdir()
    replace(CONFIG, spec=CONFIG.spec.with_weight_bits(4), integers=True).save(integers)
    IntegerGenerator(pipeline.quantize(CONFIG, floats, 4)).save(integers)
    assert main(["quantize", str(integers), "--learn", "3", "--out", str(out)]) == 2
    assert f"{integers}: was trained in integers; leave --learn out" in capsys.readouterr().err
    assert main(["quantize", str(integers), "--out", str(out)]) == 0
