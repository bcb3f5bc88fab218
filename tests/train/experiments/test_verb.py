# SPDX-License-Identifier: Apache-2.0
"""`avatar experiment`: what it runs, leaves out and refuses."""

import dataclasses
import json
from pathlib import Path

import pytest

import cli
from golden import model_file
from golden.spec import GeneratorSpec
from tests.models import random_model
from tests.train.experiments.conftest import SPEC
from tests.train.run.test_packed import CONFIGURATION, make_generator
from train.data.training_set import load
from train.evaluate import evaluation
from train.experiments import (
    augmentation,
    interpolation,
    latent_gain,
    measuring,
    new_latents,
    offsets,
    registry,
    report,
)
from train.experiments.registry import EXPERIMENTS, find
from train.experiments.subject import open_subject
from train.run import packed


def test_every_experiment_has_its_module():
    folder = Path(report.__file__).parent
    for name in EXPERIMENTS:
        assert (folder / f"{name.replace('-', '_')}.py").is_file()


def test_the_list_names_all(capsys):
    assert cli.main(["experiment", "list", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(EXPERIMENTS)


def test_the_verb_repeats_byte_for_byte(model, capsys, monkeypatch):
    monkeypatch.setattr(interpolation, "PAIRS", 4)
    arguments = ["experiment", "interpolation", "--model", model, "--seed", "5", "--json"]
    for out in ("a", "b"):
        assert cli.main([*arguments, "--out", out]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first == second
    assert first["model"] == model_file.load(model).digest
    for suffix in ("json", "md", "png"):
        a, b = (Path(out, f"interpolation.{suffix}").read_bytes() for out in "ab")
        assert a == b


def test_a_model_that_tells_of_its_training_in_another_way(model, capsys):
    odd = {"data": ["a"], "pictures": "many", "steps": "lots"}
    model_file.save(dataclasses.replace(random_model(SPEC), training=odd), model)
    assert open_subject(model).made_from == "0 pictures, 0 steps"
    assert cli.main(["experiment", "new-latents", "--model", model, "--out", "out"]) == 2
    assert "does not say what it was trained on" in capsys.readouterr().err


def test_bad_input_is_one_line(model, capsys, tmp_path):
    packed.save(CONFIGURATION, make_generator(), "float.safetensors")
    for arguments, complaint in (
        (["nothing"], "experiment 'nothing' is unknown; choose from quality"),
        (["offsets", "--seed", "-1"], "--seed is -1"),
        (["offsets", "--model", "absent"], "absent: there is no such file"),
        (["new-latents", "--model", model], "does not say what it was trained on"),
        (["discriminators"], "has none of grey-only, colour-only, both"),
        (["transposed-convolution", "--model", "float.safetensors"], "holds floats"),
    ):
        assert cli.main(["experiment", *arguments, "--out", "out"]) == 2
        error = capsys.readouterr().err
        assert error.startswith("avatar: error: ")
        assert error.count("\n") == 1
        assert complaint in error
    assert not Path("out").exists()


SHAPES = {
    "64-planes": GeneratorSpec.avatars((6, 5, 4, 3), latent=40),
    "28-grey": GeneratorSpec.avatars((6, 5), head="grey", base=7),
}


@pytest.mark.parametrize("spec", SHAPES.values(), ids=SHAPES)
def test_experiments_take_generators_of_other_shapes(spec, model, capsys, monkeypatch):
    for module, name, small in (
        (interpolation, "PAIRS", 3),
        (latent_gain, "GAINS", (1.0,)),
        (latent_gain, "SAMPLES", 20),
        (measuring, "SAMPLES", 20),
        (new_latents, "SAMPLES", 8),
        (offsets, "DRAWS", 20_000),
        (offsets, "PICTURES", 9),
        (augmentation, "STEPS", 3),
        (augmentation, "TEST_SPRITES", 20),
        (augmentation, "ADDED", 9),
        (evaluation, "REFERENCE_COUNT", 30),
    ):
        monkeypatch.setattr(module, name, small)
    small = {name: GeneratorSpec.PRESETS[name] for name in ("compact", "tiny")}
    monkeypatch.setattr(GeneratorSpec, "PRESETS", small)
    for kept in (measuring.reference, measuring.calibration):
        kept.cache_clear()
    data = load("sprites", 30, 0, shape=spec.picture_shape)
    training = {"data": "sprites", "pictures": 30, "data_digest": data.digest}
    model_file.save(dataclasses.replace(random_model(spec), training=training), model)
    for name in (each.name for each in EXPERIMENTS.values() if each.takes_model):
        status = cli.main(["experiment", name, "--model", model, "--out", "out", "--json"])
        out, err = capsys.readouterr()
        if name == "offsets" and spec.planes == 1:
            assert status == 2
            assert "makes its picture in one pass, without v1 and v2" in err
        else:
            assert status == 0, (name, err)
            assert json.loads(out)["experiment"] == name
    kept = json.loads(Path("out/new-latents.json").read_text())
    assert kept["training_pictures"] == 30
    facts = json.loads(Path("out/transposed-convolution.json").read_text())
    assert facts["outputs_that_differ"] == 0
    for kept in (measuring.reference, measuring.calibration):
        kept.cache_clear()


def test_all_leaves_out_what_has_no_generators(model, capsys, monkeypatch):
    monkeypatch.setattr(interpolation, "PAIRS", 4)
    two = {name: find(name) for name in ("discriminators", "interpolation")}
    monkeypatch.setattr(registry, "EXPERIMENTS", two)
    assert cli.main(["experiment", "all", "--model", model, "--out", "out"]) == 0
    out, err = capsys.readouterr()
    assert out == "out/interpolation.md\n"
    assert "discriminators is left out" in err
    assert "## [Interpolation](interpolation.md)" in Path("out/README.md").read_text()


def test_all_leaves_out_what_a_float_generator_cannot_show(model, capsys, monkeypatch):
    monkeypatch.setattr(interpolation, "PAIRS", 4)
    packed.save(CONFIGURATION, make_generator(), "float.safetensors")
    two = {name: find(name) for name in ("interpolation", "transposed-convolution")}
    monkeypatch.setattr(registry, "EXPERIMENTS", two)
    assert cli.main(["experiment", "all", "--model", "float.safetensors", "--out", "out"]) == 0
    assert "transposed-convolution is left out: float.safetensors: holds" in capsys.readouterr().err
    assert "## [Interpolation](interpolation.md)" in Path("out/README.md").read_text()
