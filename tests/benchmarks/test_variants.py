# SPDX-License-Identifier: Apache-2.0
"""Variants of a training: which runs there are, their table, and both programs on tiny networks."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import finetuning, program, recipes, variants
from cli import main
from train.loop import loop
from train.loop.recipes import RECIPES
from train.loop.trainer import Trainer
from train.quantize import pipeline
from train.run.config import RunConfig

VARIANTS = {"base": {}, "more": {"batch": 8}, "none": {"batch": 9}}


ALIKE = {"base_steps": 2, "channels": [32, 16, 8], "count": 20}


def found(name, *values, precision="float32"):
    return [
        {
            "variant": name,
            "seed": n,
            "steps": 5 + n,
            "precision": precision,
            "figures": {"recall": value},
        }
        for n, value in enumerate(values)
    ]


def test_a_table_of_means_marks_what_differs():
    runs = found("base", 1, 2, 3) + found("more", 11, 12, 13)
    lines = variants.as_table(runs, VARIANTS, "as it is", ["recall"]).splitlines()
    assert lines[2:] == [
        "| base | as it is | float32 | 3 | 6 | 2.00 ± 1.00 |",
        "| more | batch 8 | float32 | 3 | 6 | 12.00 ± 1.00 † |",
    ]
    assert "| more | batch 8 | float32 | 1 | 5 | 11.00 |" in variants.as_table(
        found("more", 11), VARIANTS, "", ["recall"]
    )


def test_each_arithmetic_stands_beside_its_own_base():
    runs = found("base", 1, 2, 3) + found("base", 11, 12, 13, precision="bfloat16")
    runs += found("more", 11, 12, 13, precision="bfloat16") + found("none", 11, 12, 13)
    lines = variants.as_table(runs, VARIANTS, "as it is", ["recall"]).splitlines()
    assert lines[2:] == [
        "| base | as it is | bfloat16 | 3 | 6 | 12.00 ± 1.00 |",
        "| base | as it is | float32 | 3 | 6 | 2.00 ± 1.00 |",
        "| more | batch 8 | bfloat16 | 3 | 6 | 12.00 ± 1.00 |",
        "| none | batch 9 | float32 | 3 | 6 | 12.00 ± 1.00 † |",
    ]


def test_runs_are_found_by_name_and_seed(tmp_path):
    for name in ("more-10", "more-2", "base-1", "more-x", "other-1", "more"):
        (tmp_path / name).mkdir()
    runs = [(name, seed) for name, seed, _ in variants.runs_of(tmp_path, VARIANTS)]
    assert runs == [("base", 1), ("more", 2), ("more", 10)]


@pytest.fixture
def cheap(monkeypatch, tmp_path):
    """Two small recipes in an empty folder, which becomes the current one."""
    monkeypatch.chdir(tmp_path)
    base = replace(RECIPES["fast"], sprites=18, batch=4, d_colour=(2, 2, 2), d_grey=(2, 2, 2))
    monkeypatch.setattr(recipes, "BASE", base)
    monkeypatch.setattr(
        recipes, "VARIANTS", {"base": {}, "tanh": {"latents": "tanh", "recombined": 2}}
    )
    for name in recipes.VARIANTS:
        monkeypatch.setitem(RECIPES, name, base)  # what training adds goes away again
    monkeypatch.setattr(recipes, "relative_cost", lambda *_: 0.5)
    for name in ("CALIBRATION", "EVALUATION"):
        monkeypatch.setattr(pipeline, name, 8)


def test_recipes_trains_what_is_missing_and_goes_on_with_what_was_broken_off(cheap, monkeypatch):
    step = Trainer.step

    def interrupted(self):
        if self.step_count == 2:
            monkeypatch.setattr(Trainer, "step", step)
            loop.signal.raise_signal(loop.signal.SIGINT)
        return step(self)

    arguments = ["base", "tanh", "--preset", "tiny", "--steps", "4", "--count", "20"]
    arguments += ["--folder", "runs", "--out", "out"]
    monkeypatch.setattr(Trainer, "step", interrupted)
    assert program.run(recipes.main, arguments) == 130
    assert program.run(recipes.main, arguments[2:]) == 2  # what is broken off is not measured
    assert program.run(recipes.main, arguments) == 0
    runs = json.loads(Path("out/recipes.json").read_text())["runs"]
    assert [(run["variant"], run["steps"]) for run in runs] == [("base", 4), ("tanh", 8)]
    tanh = RunConfig.load("runs/tanh-1")
    assert (tanh.latents, tanh.recombined) == ("tanh", 2)
    row = r"\| tanh \| latents tanh, recombined 2 \| \w+ \| 1 \| 8 \|"
    assert re.search(row, Path("out/recipes.md").read_text())


def test_recipes_keeps_what_an_earlier_table_tells(cheap):
    arguments = ["--preset", "tiny", "--steps", "2", "--count", "20", "--out", "out"]
    assert program.run(recipes.main, ["base", "tanh", *arguments, "--folder", "first"]) == 0
    first = json.loads(Path("out/recipes.json").read_text())["runs"]
    assert program.run(recipes.main, ["base", *arguments, "--seeds", "2", "--folder", "new"]) == 0
    both = json.loads(Path("out/recipes.json").read_text())["runs"]
    assert [(run["variant"], run["seed"]) for run in both] == [
        ("base", 1),
        ("base", 2),
        ("tanh", 1),
    ]
    assert [both[0], both[2]] == first
    assert program.run(recipes.main, ["base", *arguments, "--folder", "first"]) == 0
    assert json.loads(Path("out/recipes.json").read_text())["runs"] == both
    longer = ["base", *arguments[:3], "3", *arguments[4:], "--folder", "longer"]
    assert program.run(recipes.main, longer) == 0  # another table
    assert len(json.loads(Path("out/recipes.json").read_text())["runs"]) == 1
    table = Path("out/recipes.json")
    table.write_text(json.dumps(ALIKE | {"runs": both}))
    counted = ["base", *arguments[:5], "21", *arguments[6:], "--folder", "first"]
    assert program.run(recipes.main, counted) == 0  # measured otherwise: another table
    assert [run["variant"] for run in json.loads(table.read_text())["runs"]] == ["base", "tanh"]
    table.write_text(json.dumps(ALIKE | {"runs": [run | {"precision": "x"} for run in both]}))
    assert program.run(recipes.main, ["base", *arguments, "--folder", "first"]) == 0
    assert len(json.loads(table.read_text())["runs"]) == len(both) + 2
    table.write_text(json.dumps(ALIKE | {"runs": [3]}))
    assert program.run(recipes.main, ["base", *arguments, "--folder", "first"]) == 2


def test_recipes_measures_nothing_as_what_it_is_not(cheap, capsys):
    arguments = ["base", "tanh", "--count", "20", "--folder", "runs", "--out", "out"]
    assert program.run(recipes.main, [*arguments, "--preset", "tiny", "--steps", "2"]) == 0
    before = Path("out/recipes.json").read_text()
    for other, complaint in (
        (["--preset", "small", "--steps", "2"], "base-1: was trained with channels (32, 16, 8)"),
        (["--preset", "tiny", "--steps", "3"], "base-1: was trained with steps 2, not 3"),
    ):
        capsys.readouterr()
        assert program.run(recipes.main, [*arguments, *other]) == 2
        assert complaint in capsys.readouterr().err
    assert Path("out/recipes.json").read_text() == before


def test_the_seeds_of_a_variant_get_as_many_steps(cheap, monkeypatch):
    costs = iter((0.5, 0.25))
    monkeypatch.setattr(recipes, "relative_cost", lambda *_: next(costs))
    arguments = ["base", "tanh", "--preset", "tiny", "--steps", "2", "--count", "20"]
    arguments += ["--folder", "runs", "--out", "out"]
    for seed in ("1", "2"):
        assert program.run(recipes.main, [*arguments, "--seeds", seed]) == 0
    assert [RunConfig.load(f"runs/tanh-{seed}").steps for seed in (1, 2)] == [4, 4]


def test_commands_make_what_was_found_and_no_more():
    runs = found("base", 1, 2) + found("more", 1) + found("none", 3, 4)
    assert variants.commands("go", runs, "--steps 2") == [
        "go base none --seeds 0 1 --steps 2",
        "go more --seeds 0 --steps 2",
    ]


def test_finetuning_stands_beside_what_it_began_from(cheap, capsys):
    train = ["train", "--channels", "6,5,4", "--steps", "3", "--count", "9", "--out", "first"]
    assert main(train) == 0
    arguments = ["first", "base", "no-noise", "--steps", "2", "--count", "20"]
    arguments += ["--folder", "runs", "--out", "out"]
    assert program.run(finetuning.main, arguments) == 0
    results = json.loads(Path("out/finetuning.json").read_text())
    assert list(results["before"]) == ["in floats", "rounded", "rounding learned"]
    psnr = [results["before"][name]["psnr"] for name in ("rounded", "rounding learned")]
    assert psnr[0] != psnr[1]
    assert [run["variant"] for run in results["runs"]] == ["base", "no-noise"]
    assert [RunConfig.load(f"runs/{name}-1").start.noise for name in ("base", "no-noise")] == [
        60,
        0,
    ]
    for other, complaint in (
        (["--steps", "2", "--weight-bits", "3"], "was trained with weight bits (5, 5, 5, 5)"),
        (["--steps", "3"], "was trained with steps 2, not 3"),
    ):
        capsys.readouterr()
        assert program.run(finetuning.main, [*arguments, *other]) == 2
        assert complaint in capsys.readouterr().err
    assert main([*train[:-1], "second", "--seed", "2"]) == 0
    assert program.run(finetuning.main, ["second", *arguments[1:]]) == 2
    assert "began from another generator" in capsys.readouterr().err
    text = Path("out/finetuning.md").read_text()
    assert "| rounded |" in text
    assert re.search(r"\| no-noise \| noise 0.0 \| \w+ \| 1 \| 2 \|", text)


@pytest.mark.parametrize(
    ("benchmark", "arguments", "complaint"),
    [
        (recipes, ["nonsense"], "variant 'nonsense' is unknown; choose from base"),
        (recipes, ["base", "--preset", "nonsense"], "preset 'nonsense' is unknown"),
        (recipes, ["--folder", "none", "--count", "20"], "none: holds no whole run of a variant"),
        (recipes, ["base", "--count", "3"], "--count is 3; give 20 to"),
        (recipes, ["base", "--steps", "0"], "--steps is 0; give a positive number"),
        (recipes, ["base", "--seeds", "-1"], "--seed is -1"),
        (finetuning, ["absent", "base", "--folder", "runs"], "absent: has no config.json"),
    ],
)
def test_bad_input_is_one_line(cheap, capsys, benchmark, arguments, complaint):
    assert program.run(benchmark.main, [*arguments, "--out", "out"]) == 2
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "error" in line)
    assert complaint in line
