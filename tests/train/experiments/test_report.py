# SPDX-License-Identifier: Apache-2.0
"""The files that an experiment leaves."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from train.experiments import report
from train.experiments.registry import BENCHMARKS, EXPERIMENTS, find


def test_tables_set_numbers_right():
    text = report.table(("name", "count", "share"), [("a", 1234, 0.12345), ("b", 5, 123.4)])
    assert text == "| name | count | share |\n| --- | --: | --: |\n| a | 1,234 | 0.123 |\n" + (
        "| b | 5 | 123 |\n"
    )


def test_a_report_becomes_three_files_and_an_index(tmp_path):
    out = tmp_path / "results"
    settings = report.Settings(model="m", seed=3)
    found = report.Report(
        title="Title",
        findings="word " * 40 + "\n\n| a |\n| --- |\n",
        numbers={"x": np.float32(1 / 3), "n": np.int64(2), "list": np.array([True, False])},
        picture=np.zeros((4, 5, 3), np.uint8),
        caption="What",
    )
    (tmp_path / "results").mkdir()
    (out / "other.md").write_text("# Other\n\nSo it is.\n")
    (out / "bench.md").write_text("# Beside\n")
    (out / "README.md").write_text("old\n")
    report.save(out, find("offsets"), settings, found)
    report.save_index(out)
    facts = json.loads((out / "offsets.json").read_text())
    command = "avatar experiment offsets --model m --seed 3"
    assert facts == {
        "experiment": "offsets",
        "command": command,
        "x": 0.33333,
        "n": 2,
        "list": [True, False],
    }
    text = (out / "offsets.md").read_text()
    assert text.startswith(f"# Title\n\n    {command}\n\n![What](offsets.png)\n")
    assert max(map(len, text.splitlines())) <= 100
    with Image.open(out / "offsets.png") as image:
        assert image.size == (5, 4)
    index = (out / "README.md").read_text()
    assert index.startswith("# Results")
    assert index.endswith(
        "\n## [Title](offsets.md)\n"
        f"\n{find('offsets').summary}.\n"
        "\n[![Title](offsets.png)](offsets.md)\n"
        "\n## [Beside](bench.md)\n"
        f"\n{BENCHMARKS['bench']}.\n"
        "\n## [Other](other.md)\n"
    )


def test_the_committed_index_is_that_of_its_parts(tmp_path):
    committed = Path(__file__).parents[3] / "docs" / "results"
    shutil.copytree(committed, tmp_path / "copy", ignore=shutil.ignore_patterns("generators"))
    report.save_index(tmp_path / "copy")
    index = (tmp_path / "copy" / "README.md").read_text()
    assert index == (committed / "README.md").read_text()
    for name in (*EXPERIMENTS, *BENCHMARKS):
        assert f"({name}.md)\n" in index


def test_numbers_without_a_value_are_refused(tmp_path):
    found = report.Report(title="T", findings="f", numbers={"x": math.nan})
    with pytest.raises(ValueError, match="nan"):
        report.save(tmp_path, find("offsets"), report.Settings("m", 0), found)
    assert list(tmp_path.iterdir()) == []
