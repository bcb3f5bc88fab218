# SPDX-License-Identifier: Apache-2.0
"""`avatar export`; the other verbs of models have their tests in test_cli and in train's."""

from pathlib import Path

import pytest

import cli

MODEL = str(Path(__file__).parents[1] / "conformance" / "two-layers-2-bits.safetensors")


def test_export_writes_onnx(tmp_path, capsys):
    out = tmp_path / "a.onnx"
    assert cli.main(["export", "--model", MODEL, "--out", str(out)]) == 0
    assert f"{out.stat().st_size:,} bytes" in capsys.readouterr().out


@pytest.mark.parametrize(("out", "words"), [("a.png", "ends in .onnx")])
def test_export_refuses_in_one_line(tmp_path, capsys, out, words):
    assert cli.main(["export", "--model", MODEL, "--out", str(tmp_path / out)]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
