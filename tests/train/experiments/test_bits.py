# SPDX-License-Identifier: Apache-2.0
"""Widths of weights beside the float generator that they come from."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import cli
from golden import model_file
from golden.spec import GeneratorSpec
from tests.models import random_model
from tests.train.run.test_packed import CONFIGURATION, RGB, make_generator
from train.experiments import measuring
from train.quantize import pipeline
from train.run import packed
from train.run.config import Start


def test_missed_goals_are_told():
    change = {"re_render": 0.11, "attribute_frechet": 0.14, "random_frechet": 0.31}
    told = "re-render +11%{}, attribute Frechet +14%{}, random Frechet +31%{}"
    missed = " (missed)"
    for widths, marks in (
        ((8, 8, 5, 8), (missed, "", missed)),
        ((8, 8, 8, 8), (missed, "", missed)),
        ((4, 4, 5, 5), ("", "", missed)),
        ((3, 8, 8, 8), ("", "", "")),
    ):
        assert measuring.as_percentages(change, widths) == told.format(*marks)


def provenance(weight_bits):
    """A model that says it comes from the packed generator of these tests."""
    spec = CONFIGURATION.spec.with_weight_bits(weight_bits)
    return dataclasses.replace(random_model(spec), training=CONFIGURATION.provenance)


def test_widths_are_compared_with_their_float_generator(figures, model, capsys):
    Path("models/float").mkdir(parents=True)

    def started(way):
        start = Start(way, "0" * 16, GeneratorSpec.avatars((8, 6, 4)), 1.0, 0.0)
        return dataclasses.replace(CONFIGURATION, start=start)

    for config, name in ((started("prune"), "a"), (CONFIGURATION, "b"), (started("grow"), "c")):
        packed.save(config, make_generator(), f"models/float/{name}.safetensors")
    for width in (8, 4):
        model_file.save(provenance(width), f"models/m{width}.safetensors")
    for way, width in (("grow", 5), ("finetune", 3)):
        of = dataclasses.replace(provenance(width), training=started(way).provenance)
        model_file.save(of, f"models/n{width}.safetensors")
    rgb = dataclasses.replace(random_model(RGB.spec), training=CONFIGURATION.provenance)
    model_file.save(rgb, "models/rgb.safetensors")  # a family of its own
    assert cli.main(["experiment", "bits", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    family = ["b (float)", "m8 (8 bits)", "m4 (4 bits)", "n3 (3 bits)"]
    grown = ["c (float)", "n5 (5 bits)"]
    assert list(facts["figures"]) == [*family, *grown, "rgb (5 bits)"]
    assert list(facts["changes"]) == [*family[1:], grown[1]]
    against = [change["against"] for change in facts["changes"].values()]
    assert against == ["b (float)"] * 3 + ["c (float)"]
    # re-render is 10, 11, 12 in this order
    assert facts["changes"]["m4 (4 bits)"]["re_render"] == pytest.approx(0.2)


def test_one_layer_is_narrow_and_one_is_spared(figures, model, capsys, monkeypatch):
    monkeypatch.setattr(pipeline, "CALIBRATION", 16)
    monkeypatch.setattr(pipeline, "EVALUATION", 16)
    folder = Path("models/float")
    folder.mkdir(parents=True)
    assert cli.main(["experiment", "mixed-bits", "--json"]) == 2
    assert "best-20000.safetensors: there is no such file" in capsys.readouterr().err
    generator = make_generator()
    generator.weight[2][:] *= np.where(np.arange(16).reshape(4, 4) == 0, 50, 1)  # no step fits it
    packed.save(CONFIGURATION, generator, folder / "best-20000.safetensors")
    assert cli.main(["experiment", "mixed-bits", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    # Five uniform widths; one layer narrow, one wide, at two widths; three mixes more.
    assert len(facts["psnr"]) == 5 + 2 * 2 * 4 + 3
    assert facts["weakest_layer"] == 3
    assert facts["psnr"]["8-8-5-8"] == min(
        facts["psnr"][f"{b}"] for b in ("5-8-8-8", "8-5-8-8", "8-8-5-8", "8-8-8-5")
    )
    assert list(facts["figures"]) == [
        f"best-20000 ({bits})"
        for bits in (
            "float", "6 bits", "5 bits", "5-5-6-5 bits", "5-5-8-5 bits", "4 bits", "4-4-5-4 bits",
            "4-4-6-4 bits", "3 bits",
        )
    ]  # fmt: skip
    # re-render is 10 for the float and one more for each after it
    assert facts["changes"]["best-20000 (5 bits)"]["re_render"] == pytest.approx(0.2)
