# SPDX-License-Identifier: Apache-2.0
"""What every refusal of bad input is."""

from pathlib import Path

import cli

ROOT = Path(__file__).parents[2]


def refusal(capsys, *arguments):
    """Run avatar on bad input, in a folder of the test's own, and return its one line."""
    assert Path.cwd() != ROOT  # other tests write there
    before = sorted(Path.cwd().rglob("*"))
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("avatar: error: ")
    assert err.count("\n") == 1
    assert sorted(Path.cwd().rglob("*")) == before
    return err
