# SPDX-License-Identifier: Apache-2.0
"""Direct training, distillation and pruning side by side, on tiny networks."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import program, small_from_large
from cli import main
from train.loop.recipes import RECIPES
from train.run.config import RunConfig


@pytest.fixture
def teacher(monkeypatch, tmp_path):
    """A packed generator of little training, in an empty folder, which becomes the current one."""
    monkeypatch.chdir(tmp_path)
    cheap = replace(RECIPES["fast"], sprites=9, batch=4, d_colour=(2, 2, 2), d_grey=(2, 2, 2))
    monkeypatch.setitem(RECIPES, "fast", cheap)
    train = ["train", "--channels", "34,18,10", "--steps", "3", "--count", "9", "--out", "large"]
    assert main(train) == 0
    assert main(["pack", "large", "--out", "large.safetensors"]) == 0
    return Path("large.safetensors")


def test_three_ways_from_a_packed_teacher(teacher, capsys):
    arguments = ["--teacher", str(teacher), "--preset", "tiny", "--steps", "4", "--count", "20"]
    arguments += ["--folder", "runs", "--out", "out"]
    assert program.run(small_from_large.main, arguments) == 0
    results = json.loads(Path("out/small-from-large.json").read_text())["runs"]
    assert list(results) == ["teacher", "direct", "distilled", "pruned"]
    assert [each["channels"] for each in results.values()] == [[34, 18, 10]] + [[32, 16, 8]] * 3
    assert [each["steps"] for each in results.values()] == [3, 4, 4, 4]
    starts = {name: RunConfig.load(f"runs/{name}").start for name in list(results)[1:]}
    assert starts["direct"] is None
    assert (starts["distilled"].way, starts["distilled"].warm_up) == ("distill", 0)
    assert (starts["pruned"].way, starts["pruned"].warm_up) == ("prune", 1)
    assert Path("out/small-from-large.png").is_file()
    text = Path("out/small-from-large.md").read_text()
    assert f"| pruned | 32-16-8 | {results['pruned']['weights']:,} |" in text

    for other in (["--seed", "2"], ["--preset", "small"]):
        capsys.readouterr()
        assert program.run(small_from_large.main, [*arguments, *other]) == 2
        assert "name another --folder" in capsys.readouterr().err

    before = [Path(f"runs/{name}/config.json").stat().st_mtime_ns for name in starts]
    assert program.run(small_from_large.main, arguments) == 0  # only measures
    assert before == [Path(f"runs/{name}/config.json").stat().st_mtime_ns for name in starts]


def test_a_teacher_of_a_recipe_that_is_not_ours(teacher, capsys, monkeypatch):
    monkeypatch.delitem(RECIPES, "fast")
    assert program.run(small_from_large.main, ["--teacher", str(teacher), "--out", "out"]) == 2
    assert "large.safetensors: has recipe fast" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_a_teacher_that_is_not_there(teacher, capsys):
    assert program.run(small_from_large.main, ["--teacher", "none", "--out", "out"]) == 2
    assert "none: has no config.json" in capsys.readouterr().err
    assert not Path("out").exists()
