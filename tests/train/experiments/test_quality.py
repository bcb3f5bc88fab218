# SPDX-License-Identifier: Apache-2.0
"""Goals, and the generators that are held against them."""

import json
from pathlib import Path

import cli
from golden import model_file
from golden.spec import GeneratorSpec
from tests.models import random_model
from tests.train.run.test_packed import CONFIGURATION, RGB, make_generator
from train.experiments import quality
from train.run import packed


def test_goals_that_are_met_and_missed(monkeypatch):
    known = {"training_set": {"attribute_frechet": 2.0}, "blends": {"re_render": 20.0}}
    monkeypatch.setattr(quality, "calibration", lambda: known)
    names = ("attribute_frechet", "re_render", "novelty_to_leave_one_out", "near_copies")
    made_up = {
        "all": (3.0, 9.0, 0.9, 2),
        "none": (3.1, 9.2, 0.89, 3),
    }
    told = quality.goals(
        {
            name: dict(zip(names, each)) | {"near_copies_of_fresh": 2}
            for name, each in made_up.items()
        }
    )
    assert "| all | 1.50 | 0.45 | 0.90 | 2 |" in told
    missed = ("1.55", "0.46", "0.89", "3")
    assert f"| none | {' | '.join(each + ' (missed)' for each in missed)} |" in told


def test_quality_lists_what_there_is(figures, model, capsys):
    folder = Path("models/float")
    folder.mkdir(parents=True)
    packed.save(CONFIGURATION, make_generator(), folder / "best.safetensors")
    packed.save(RGB, make_generator(RGB), folder / "head-3.safetensors")
    grey = random_model(GeneratorSpec.of_size(28, (3, 2), head="grey"))
    model_file.save(grey, "models/grey.safetensors")
    assert cli.main(["experiment", "quality", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "not 32x32 in colour, so left out: models/grey.safetensors\n" in err
    facts = json.loads(out)
    assert list(facts["figures"]) == ["best (float)", "head-3 (float)"]
    text = Path("docs/results/quality.md").read_text()
    assert "| best (float) | 2.5 | 10 | 2.5 | 2.5 | 2.500 | 1.10 | 3 (1) | 4-3-2 |" in text
    missed = "1.10 | 3 (missed)"
    assert f"| best (float) | 1.00 | 4.00 (missed) | {missed} |" in text
    assert f"| head-3 (float) | 1.00 | 4.40 (missed) | {missed} |" in text
    assert cli.main(["experiment", "three-channel-head", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert list(facts["ids"]) == ["head-3 (float)"]
