# SPDX-License-Identifier: Apache-2.0
"""Latents drawn narrower or wider than in training."""

import dataclasses
import json

import pytest

import cli
from golden import model_file
from tests.models import random_model
from tests.train.experiments.conftest import SPEC
from train.evaluate import samples
from train.experiments import latent_gain, measuring
from train.experiments.subject import open_subject


def test_gains_are_those_of_training(model, capsys, monkeypatch):
    widened = dataclasses.replace(random_model(SPEC), training={"widened": 1.25, "data": "sprites"})
    model_file.save(widened, "widened.safetensors")
    monkeypatch.setattr(latent_gain, "SAMPLES", 20)

    class Told:
        def __init__(self, shape):
            assert shape == (32, 32, 3)

        def measure(self, pictures):
            return dict.fromkeys(measuring.COLUMNS, 1.0) | {"diversity": float(pictures.mean())}

    monkeypatch.setattr(latent_gain, "reference", Told)
    monkeypatch.setattr(latent_gain, "calibration", lambda shape: {"real": {"diversity": 70.0}})
    monkeypatch.setattr(latent_gain, "comparison", lambda figures, extra, shape: "a table")
    assert cli.main(["experiment", "latent-gain", "--model", model, "--out", "o"]) == 2
    assert "was not trained on drawn sprites" in capsys.readouterr().err
    assert (
        cli.main(
            ["experiment", "latent-gain", "--model", "widened.safetensors", "--out", "o", "--json"]
        )
        == 0
    )
    facts = json.loads(capsys.readouterr().out)
    assert facts["widened"] == 1.25
    assert list(facts["figures"]) == [f"{gain:g}" for gain in latent_gain.GAINS]
    z = samples.latents("normal", 20, 0) * (0.8 / 1.25)
    expected = open_subject("widened.safetensors").pictures(z).mean()
    assert facts["figures"]["0.8"]["diversity"] == pytest.approx(expected, rel=1e-4)
