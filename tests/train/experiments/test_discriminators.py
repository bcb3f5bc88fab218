# SPDX-License-Identifier: Apache-2.0
"""One discriminator beside two."""

import json
from pathlib import Path

import numpy as np

import cli
from tests.train.run.test_packed import CONFIGURATION, make_generator
from train.experiments import discriminators
from train.run import packed


def test_discriminators_say_what_is_missing(figures, model, monkeypatch, capsys):
    class Reference:
        fresh = np.zeros((4, 32, 32, 3), np.uint8)

    monkeypatch.setattr(discriminators, "reference", Reference)
    folder = Path("models/float")
    folder.mkdir(parents=True)
    for name in ("grey-only", "both"):
        packed.save(CONFIGURATION, make_generator(), folder / f"{name}.safetensors")
    assert cli.main(["experiment", "discriminators", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["best"]["re-render"] == "grey-only (float)"
    assert "Not there yet: colour-only." in Path("docs/results/discriminators.md").read_text()
