# SPDX-License-Identifier: Apache-2.0
"""An evaluation's distances in the file that was measured: the model stays the same."""

from dataclasses import replace

import numpy as np
import pytest

from cli import main
from golden import model_file
from golden.spec import GeneratorSpec
from support.failures import InputError
from tests.models import random_model
from train.evaluate import evaluation, recording
from train.run import packed
from train.run.config import RunConfig
from train.run.float_generator import FloatGenerator

OLD = {"psnr": 30.5, "psnr_pictures": 256, "attribute_frechet": 9.0}


@pytest.fixture
def path(tmp_path):
    model = random_model(GeneratorSpec.avatars((4, 3, 2)))
    model_file.save(replace(model, metrics=OLD), tmp_path / "m.safetensors")
    return tmp_path / "m.safetensors"


def result(path, **figures):
    return {
        "source": {"id": model_file.load(path).digest},
        "reference": {"source": "/pictures/digits", "pictures": 2000},
        "count": 1500,
        "figures": figures,
    }


def test_the_verb_keeps_them_and_older_ones_go(path, monkeypatch):
    before, seen = model_file.load(path), []

    def evaluate(source, reference, **settings):
        seen.append((source.facts["id"], reference, settings["count"], settings["seed"]))
        return result(path, attribute_frechet=2.5, random_frechet=7.25, recall=0.5)

    monkeypatch.setattr(evaluation, "evaluate", evaluate)
    monkeypatch.setattr(evaluation, "reference_of", lambda *settings: settings[0])
    monkeypatch.setattr(evaluation, "as_text", lambda result: "")
    assert main(["evaluate", "--model", str(path), "--record"]) == 0
    assert seen == [(before.digest, "sprites", 1500, 0)]
    after = model_file.load(path)
    assert after.digest == before.digest
    assert after.metrics == {
        "psnr": 30.5,
        "psnr_pictures": 256,
        "attribute_frechet": 2.5,
        "random_frechet": 7.25,
        "distances_to": "digits",
        "distances_pictures": 1500,
    }


def test_what_was_left_out_is_not_kept_from_before(path):
    recording.record(path, result(path, random_frechet=7.25))
    assert model_file.load(path).metrics.keys() == {
        "psnr", "psnr_pictures", "random_frechet", "distances_to", "distances_pictures",
    }  # fmt: skip


def test_a_file_that_has_changed_is_left_alone(path):
    measured = result(path, random_frechet=7.25)
    model_file.save(random_model(GeneratorSpec.avatars((4, 3, 2)), 9), path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="has changed while it was measured; measure it again"):
        recording.record(path, measured)
    assert path.read_bytes() == before


def test_a_packed_generator_is_refused(tmp_path):
    spec = GeneratorSpec.avatars((4, 3, 2))
    shapes = spec.shapes
    generator = FloatGenerator(
        weight=tuple(np.zeros(shape.weight_shape, np.float32) for shape in shapes),
        bias=tuple(np.zeros(shape.out_channels, np.float32) for shape in shapes),
        offsets=tuple(np.zeros((2, 100), np.float32)),
        progress={"steps": 1, "seconds": 1},
    )
    out = tmp_path / "f.safetensors"
    packed.save(RunConfig(spec=spec, recipe="fast", steps=1, seed=1), generator, out)
    with pytest.raises(InputError, match="--record is for a model file; this is a packed"):
        recording.check(out)
