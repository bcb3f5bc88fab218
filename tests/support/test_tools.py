# SPDX-License-Identifier: Apache-2.0
"""Which program is run: the packaged one, or the one that the environment names."""

import os
import sys

import pytest

from support.failures import InputError
from support.tools import Tool, ToolFailed

VARIABLE = "NOTHING_OF_THE_KIND"


@pytest.fixture
def tool():
    return Tool("nothing-of-the-kind", "numpy", "nothing", extra="test")


def test_the_environment_names_another(tool, monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, sys.executable)
    assert tool.path == tool.version == sys.executable
    tool.run(["-c", "print(1)"], tmp_path, log="log", timeout=60)
    assert (tmp_path / "log").read_text() == "1\n"


def test_a_relative_name_is_of_the_callers_folder(tool, monkeypatch, tmp_path):
    (tmp_path / "mine").symlink_to("/bin/true")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "./mine")
    tool.run([], tmp_path / "elsewhere", log="log", timeout=60)


def test_a_program_that_is_not_there(tool, monkeypatch):
    monkeypatch.setenv(VARIABLE, "/none/such")
    with pytest.raises(InputError, match=f"^{VARIABLE}=/none/such: there is no such program"):
        _ = tool.path


@pytest.mark.parametrize("value", [None, ""])
def test_a_package_that_is_not_installed(tool, monkeypatch, value):
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(InputError, match=r"is not installed; this needs: pip .*\[test\]"):
        _ = tool.path


def test_the_environment_is_put_back(tool, monkeypatch):
    monkeypatch.setenv(VARIABLE, "true")
    with tool.in_environment(KeyError):
        assert os.environ[VARIABLE].endswith("/true")
        assert os.path.isabs(os.environ[VARIABLE])
    assert os.environ[VARIABLE] == "true"


def test_amaranths_own_choice_of_yosys_is_not_ours(tool, monkeypatch):
    monkeypatch.setenv(VARIABLE, "true")
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "builtin")
    with tool.in_environment(KeyError):
        assert "AMARANTH_USE_YOSYS" not in os.environ
    assert os.environ["AMARANTH_USE_YOSYS"] == "builtin"


def test_what_a_program_writes_is_handed_on_while_it_runs(tmp_path, monkeypatch):
    script = tmp_path / "loader"
    script.write_text(
        "#!/bin/sh\nprintf 'Load: 1%%\\rLoad: 99%%\\n'; sleep 0.5; echo log > log; echo end >&2\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("LOADER", str(script))
    seen = []
    Tool("loader", "none", "none").run([], tmp_path, log="log", timeout=20, watch=seen.append)
    assert seen[:2] == ["Load: 1%", "Load: 99%"]
    assert seen.count("") >= 2  # the program was silent for half a second
    assert sorted(filter(None, seen[2:])) == ["end", "log"]


def test_a_failed_program_says_what_it_printed(tmp_path, monkeypatch):
    script = tmp_path / "loader"
    script.write_text("#!/bin/sh\necho Open file DONE; echo Error: no >&2; exit 3\n")
    script.chmod(0o755)
    monkeypatch.setenv("LOADER", str(script))
    with pytest.raises(ToolFailed, match="loader failed: Error: no") as caught:
        Tool("loader", "none", "none").run([], tmp_path, log="log", timeout=20)
    assert caught.value.printed == "Open file DONE\nError: no\n"
    assert not caught.value.late
