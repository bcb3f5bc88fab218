# SPDX-License-Identifier: Apache-2.0
"""``avatar verilog``: the same inputs give the same text; what it refuses leaves no file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cli

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
            [sys.executable, str(ROOT / "cli.py"), *arguments],
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
        (["--rows", "3"], "array: rows is 3; give 4 to 256"),
        (["--columns", "257"], "array: columns is 257; give 4 to 256"),
        (["--baud", "9600"], "unrecognized arguments: --baud 9600"),
    ],
)
def test_refuses_arrays(tmp_path, capsys, arguments, complaint):
    out = tmp_path / "top.v"
    assert cli.main(["verilog", "--model", MODEL, "--out", str(out), *arguments]) == 2
    assert complaint in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_refuses_a_folder_that_is_not_there(tmp_path, capsys):
    out = tmp_path / "missing" / "top.v"
    assert cli.main(["verilog", "--model", MODEL, "--out", str(out)]) == 2
    assert str(out.parent) in capsys.readouterr().err
