# SPDX-License-Identifier: Apache-2.0
"""What `make` relies on: the check of system packages, the pins."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOVE = 'move the project to a folder without : ; , " $ ` or \\ in its name'


def check_system(python, path, folder=None):
    return subprocess.run(
        ["/bin/sh", ROOT / ".ci" / "check-system", python],
        cwd=folder,
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_missing_system_packages_are_one_line(tmp_path):
    run = check_system("python3.11", tmp_path)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    for package in ("git", "g++", "make", "perl", "python3.11-venv", "libpython3.11"):
        assert f" {package}" in run.stderr


def test_a_python_that_works_is_not_called_missing(tmp_path):
    assert "python" not in check_system(sys.executable, tmp_path).stderr


@pytest.mark.parametrize(("name", "status"), [("my fpga", 0), ("it's é", 0), ("a:b", 2), ("$a", 2)])
def test_a_folder_whose_name_would_break_the_installation(tmp_path, name, status):
    folder = tmp_path / name
    folder.mkdir()
    run = check_system(sys.executable, os.environ["PATH"], folder)
    assert run.returncode == status
    assert run.stderr == (f"{folder}: {MOVE}\n" if status else "")


def test_every_dependency_is_pinned():
    pins = {
        line.split("==")[0].lower()
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for needed in [project["dependencies"], *project["optional-dependencies"].values()]:
        names = {re.split(r"[<>=]", requirement)[0].lower() for requirement in needed}
        assert names <= pins


def test_every_python_file_has_its_licence_line():
    ours = ("support", "golden", "hw", "train", "sim", "boards", "web", "cli")
    for folder in (*ours, "tests", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            head = path.read_text().splitlines()[:2]
            assert "# SPDX-License-Identifier: Apache-2.0" in head, path
