# SPDX-License-Identifier: Apache-2.0
"""``avatar verilog``: the same inputs give the same text; what it refuses leaves no file."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import cli
from hw.primitives.stream_register import StreamRegister
from sim import verilog

ROOT = Path(__file__).parents[2]
MODEL = str(ROOT / "tests" / "conformance" / "odd-7-5-3-mixed.safetensors")


def test_repeats_byte_for_byte(tmp_path):
    texts = []
    for seed in ("1", "2"):
        out = tmp_path / f"{seed}.v"
        arguments = [
            "verilog",
            "--model",
            MODEL,
            "--rows",
            "4",
            "--columns",
            "4",
            "--out",
            str(out),
        ]
        subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            timeout=300,
        )
        texts.append(out.read_bytes())
    assert texts[0] == texts[1]
    assert b"module top(" in texts[0]
    assert str(ROOT).encode() not in texts[0]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--rows", "3"], "array: rows is 3; give a multiple of 4, 4 to 256"),
        (["--columns", "257"], "array: columns is 257; give a multiple of 4, 4 to 256"),
        (["--baud", "9600"], "unrecognized arguments: --baud 9600"),
    ],
)
def test_refuses_arrays(tmp_path, capsys, arguments, complaint):
    out = tmp_path / "top.v"
    assert cli.main(["verilog", "--model", MODEL, "--out", str(out), *arguments]) == 2
    assert complaint in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_refuses_a_folder_that_is_a_file(tmp_path, capsys):
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "top.v"
    assert cli.main(["verilog", "--model", MODEL, "--out", str(out)]) == 2
    assert str(out.parent) in capsys.readouterr().err


def test_a_yosys_that_is_none(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "cli", "verilog", "--model", MODEL, "--out", tmp_path / "a.v"]
        + ["--rows", "4", "--columns", "4"],
        cwd=ROOT,
        env={**os.environ, "YOSYS": "/bin/false"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 2
    assert run.stderr == "avatar: error: /bin/false: is no Yosys; see YOSYS\n"
    assert not list(tmp_path.iterdir())


def test_what_is_kept_is_of_one_yosys(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    texts = []
    for version in ("1", "2", "1"):
        monkeypatch.setattr(verilog, "YOSYS", SimpleNamespace(version=version))
        texts.append(
            verilog.cached_verilog("top", b"", object, convert=lambda *_: f"text {len(texts)}")
        )
    assert texts == ["text 0", "text 1", "text 0"]


@pytest.mark.parametrize("choice", ["builtin", "x"])
def test_amaranths_own_choice_of_yosys_changes_nothing(monkeypatch, choice):
    text = verilog.to_verilog(StreamRegister(8), "register")
    monkeypatch.setenv("AMARANTH_USE_YOSYS", choice)
    assert verilog.to_verilog(StreamRegister(8), "register") == text
