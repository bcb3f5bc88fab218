# SPDX-License-Identifier: Apache-2.0
"""Wider latents put into the files: the same function, the gain that gives variety back."""

import dataclasses
import json

import numpy as np
import pytest

from cli import main
from golden import model_file
from golden.generator import generate
from golden.latents import quantize_latents
from golden.spec import GeneratorSpec
from pictures import save_png
from support.failures import InputError
from tests.models import random_model
from tests.train.run.test_packed import CONFIGURATION, make_generator
from train.data.training_set import TrainingSet, load
from train.networks.float_generator import as_network, float_pictures
from train.quantize import pipeline, widening
from train.quantize.widening import find_gain, widen_float, with_gain
from train.run.config import RunConfig
from train.run.float_generator import IntegerGenerator

SPEC = CONFIGURATION.spec


@pytest.fixture
def few_samples(monkeypatch):
    monkeypatch.setattr(widening, "SAMPLES", 128)
    monkeypatch.setattr(pipeline, "CALIBRATION", 32)
    monkeypatch.setattr(pipeline, "EVALUATION", 32)


@pytest.fixture
def calm():
    """A generator whose pictures are neither black nor white all over."""
    generator = make_generator()
    return dataclasses.replace(
        generator, weight=tuple(weight * np.float32(0.3) for weight in generator.weight)
    )


def draw(generator, z):
    return float_pictures(as_network(generator, SPEC), z, generator.offsets)


def latents(count, seed):
    return np.random.default_rng(seed).standard_normal((count, 100), np.float32)


def test_a_wider_float_generator_draws_what_wider_latents_drew(calm):
    z, wider = latents(8, 0), with_gain(calm, 1.25)
    np.testing.assert_allclose(draw(wider, z), draw(calm, 1.25 * z), atol=1e-2)
    assert np.abs(draw(wider, z) - draw(calm, z)).max() > 1
    assert wider.progress == calm.progress | {"widened": 1.25}


def test_wider_integers_draw_what_wider_latents_drew():
    model = random_model(GeneratorSpec.avatars(channels=(6, 5, 4)))
    # Even, so that half of them is a whole number, as is twice the factors that nearly fill mul.
    model = dataclasses.replace(
        model,
        v1=model.v1 // 2 * 2,
        v2=model.v2 // 2 * 2,
        bias=(model.bias[0] // 2 * 2, *model.bias[1:]),
        mul=(model.mul[0] // 2 * 2, *model.mul[1:]),
    )
    wider = with_gain(IntegerGenerator(model), 2.0).model
    z = np.random.default_rng(0).integers(-60, 61, (4, 100), np.int8)
    np.testing.assert_array_equal(generate(wider, z), generate(model, 2 * z))
    assert wider.training["widened"] == 2.0
    assert (wider.weight[0] == model.weight[0]).all()


def scaled(generator, gain):
    """What `with_gain` does, without telling."""
    wider = with_gain(generator, gain)
    return dataclasses.replace(wider, progress=generator.progress)


def own_pictures(monkeypatch, generator):
    """Let a generator's own pictures be those it was trained on; return its configuration."""
    real = np.rint(draw(generator, latents(500, 1))).astype(np.uint8)
    monkeypatch.setattr(widening, "load_again", lambda *_: TrainingSet("drawn", real))
    return dataclasses.replace(CONFIGURATION, latents="normal")


@pytest.mark.parametrize("lost", [1.1, 1.3, 1.42])
def test_the_gain_gives_back_the_variety_that_was_lost(calm, few_samples, monkeypatch, lost):
    config = own_pictures(monkeypatch, calm)
    found = find_gain(config, scaled(calm, 1 / lost), "run")
    assert found == pytest.approx(lost, abs=0.06)


def test_nothing_is_narrowed(calm, few_samples, monkeypatch):
    config = own_pictures(monkeypatch, calm)
    assert find_gain(config, scaled(calm, 1.4), "run") == 1.0


def test_gains_multiply(calm, few_samples, monkeypatch):
    config = own_pictures(monkeypatch, calm)
    wider = widen_float(config, with_gain(scaled(calm, 1 / 1.4), 1.2), "run")
    assert wider.progress["widened"] == pytest.approx(1.4, abs=0.07)


def test_integers_of_gain_1_stay_as_they_are():
    model = random_model(GeneratorSpec.avatars(channels=(6, 5, 4)))
    same = with_gain(IntegerGenerator(model), 1.0).model
    z = quantize_latents(latents(4, 0))
    np.testing.assert_array_equal(generate(same, z), generate(model, z))


@pytest.fixture
def run(tmp_path, calm):
    """A float run on a folder of 12 pictures."""
    pictures, run = tmp_path / "pictures", tmp_path / "run"
    pictures.mkdir()
    run.mkdir()
    for n in range(12):
        save_png(
            pictures / f"{n}.png", np.random.default_rng(n).integers(0, 256, (32, 32, 3), np.uint8)
        )
    known = load(str(pictures), 12, 0)
    config = dataclasses.replace(
        CONFIGURATION, data=str(pictures), data_digest=known.digest, pictures=12
    )
    config.save(run)
    calm.save(run)
    return run


def test_both_files_tell_of_the_gain(run, tmp_path, few_samples, capsys):
    assert main(["pack", str(run), "--widen", "--out", str(tmp_path / "g"), "--json"]) == 0
    gain = json.loads(capsys.readouterr().out)["widened"]
    out = tmp_path / "m"
    assert main(["quantize", str(run), "--widen", "--out", str(out), "--json"]) == 0
    model = model_file.load(out)
    assert model.training["widened"] == gain
    assert main(["evaluate", "--model", str(tmp_path / "g"), "--count", "20", "--json"]) == 0
    psnr = model.metrics["psnr"]
    assert main(["quantize", str(run), "--out", str(out), "--force"]) == 0
    plain = model_file.load(out)
    assert "widened" not in plain.training
    assert abs(psnr - plain.metrics["psnr"]) < 3  # each beside its own float generator
    z = quantize_latents(latents(4, 2))
    assert (generate(model, z) != generate(plain, z)).any()


@pytest.mark.parametrize(
    ("verb", "flags"), [("pack", []), ("quantize", []), ("quantize", ["--widen"])]
)
def test_a_gain_that_is_asked_for(run, tmp_path, few_samples, capsys, verb, flags):
    """Nothing is looked for, so that no training pictures are needed."""
    (tmp_path / "pictures" / "3.png").unlink()
    plain, wider = tmp_path / "plain", tmp_path / "wider"
    assert main([verb, str(run), "--out", str(plain)]) == 0
    assert main([verb, str(run), *flags, "--gain", "1.25", "--out", str(wider), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["widened"] == 1.25
    if verb == "quantize":
        assert "widened" not in model_file.load(plain).training
        assert model_file.load(wider).training["widened"] == 1.25
    assert plain.read_bytes() != wider.read_bytes()


@pytest.mark.parametrize("gain", ["0.9", "1.6", "nan"])
@pytest.mark.parametrize("verb", ["pack", "quantize"])
def test_a_gain_that_is_none(run, tmp_path, capsys, monkeypatch, verb, gain):
    monkeypatch.setattr("train.quantize.pipeline.quantize_run", None)  # refused before the work
    assert main([verb, str(run), "--gain", gain, "--out", str(tmp_path / "m")]) == 2
    assert f"--gain is {gain}; give 1 to 1.5" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("learn", [[], ["--learn", "5"]])
def test_pictures_that_have_changed(run, tmp_path, capsys, monkeypatch, learn):
    monkeypatch.setattr("train.quantize.pipeline.quantize_run", None)  # refused before the minutes
    (tmp_path / "pictures" / "3.png").unlink()
    assert main(["quantize", str(run), *learn, "--widen", "--out", str(tmp_path / "m")]) == 2
    assert "are not the pictures that it was trained on; name" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_an_imported_generator_has_no_training_pictures(calm):
    config = dataclasses.replace(CONFIGURATION, recipe="import", data="g.pt")
    with pytest.raises(InputError, match="was trained elsewhere; give a --gain"):
        find_gain(config, calm, "run")


def test_training_pictures_that_are_all_alike(calm, monkeypatch):
    black = TrainingSet("black", np.zeros((3, 32, 32, 3), np.uint8))
    monkeypatch.setattr(widening, "load_again", lambda *_: black)
    with pytest.raises(InputError, match="has 1 different picture"):
        find_gain(CONFIGURATION, calm, "run")


def test_a_run_in_integers_keeps_its_weights(run, tmp_path, few_samples, capsys, calm):
    config = dataclasses.replace(RunConfig.load(run), integers=True)
    config = dataclasses.replace(config, spec=config.spec.with_weight_bits(5))
    trained = pipeline.quantize(config, calm, 5)
    integers = tmp_path / "integers"
    integers.mkdir()
    config.save(integers)
    IntegerGenerator(trained).save(integers)
    out = tmp_path / "m"
    assert main(["quantize", str(integers), "--widen", "--out", str(out)]) == 0
    model = model_file.load(out)
    gain = model.training["widened"]
    assert f"gain of latents     {gain}\n" in capsys.readouterr().out
    for before, after in zip(trained.weight, model.weight):
        np.testing.assert_array_equal(before, after)
    assert model.metrics == trained.metrics
    assert main(["pack", str(integers), "--widen", "--out", str(out)]) == 2
