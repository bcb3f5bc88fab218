# SPDX-License-Identifier: Apache-2.0
"""Our training step beside plain ones: the same work, and what is reported."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import program, train_speed
from golden.spec import GeneratorSpec
from train.loop.trainer import Trainer
from train.run.config import RunConfig

SPEC = GeneratorSpec.preset("tiny")


@pytest.fixture(autouse=True)
def few(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train_speed, "PICTURES", 64)


@pytest.mark.parametrize("same_work", [False, True])
def test_the_plain_loop_trains_both_sides(same_work):
    torch.manual_seed(0)
    pictures = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), np.uint8)
    loop = train_speed.PlainLoop(SPEC, pictures, same_work)
    networks = {"g": loop.g, "grey": loop.judges[0], "colour": loop.judges[1]}
    before = {name: [p.clone() for p in net.parameters()] for name, net in networks.items()}
    average = [p.clone() for p in loop.average.parameters()]
    loop.step()
    for name, network in networks.items():
        assert not any(map(torch.equal, before[name], network.parameters())), name
    assert all(map(torch.equal, average, loop.average.parameters())) is not same_work
    assert np.isfinite(loop.losses).all()


def test_the_plain_networks_are_as_large_as_ours():
    pictures = np.zeros((64, 32, 32, 3), np.uint8)
    plain = train_speed.PlainLoop(SPEC, pictures, same_work=True)
    config = RunConfig(spec=SPEC, recipe=train_speed.RECIPE_NAME, steps=1, seed=0)
    ours = Trainer(config, pictures)

    def sizes(network):
        return sorted(parameter.numel() for parameter in network.parameters())

    for one, other in zip((plain.g, *plain.judges), (ours.g, ours.d_grey, ours.d_colour)):
        assert sizes(one) == sizes(other)


@pytest.mark.parametrize("option", ["--rounds", "--threads"])
def test_numbers_out_of_range(capsys, option):
    assert program.run(train_speed.main, [option, "0"]) == 2
    assert f"{option} is 0; give a positive number" in capsys.readouterr().err


def test_a_report_holds_the_ratios_of_one_run(capsys):
    arguments = ["--preset", "tiny", "--rounds", "1", "--out", "out", "--json"]
    assert program.run(train_speed.main, arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    results = json.loads(Path("out/train-speed.json").read_text())
    assert results["same_work"] == printed["same_work"]
    assert results["ours"]["ours_faster_by"] == 1
    text = Path("out/train-speed.md").read_text()
    for name in ("tutorial", "same_work"):
        ratio = results[name]["steps_per_second"] / results["ours"]["steps_per_second"]
        assert results[name]["ours_faster_by"] == pytest.approx(1 / ratio, rel=0.02)
        assert f"| `{name}` | {results[name]['ours_faster_by']:.2f} |" in text
