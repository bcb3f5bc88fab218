# SPDX-License-Identifier: Apache-2.0
"""docs/examples/tutorial_generator.py does what it says."""

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_both_files_of_the_tutorials_generator_are_equal(tmp_path, capsys):
    script = runpy.run_path(ROOT / "docs" / "examples" / "tutorial_generator.py")
    script["main"](tmp_path, ngf="4")
    out = capsys.readouterr().out
    assert "12     3x64x64" in out
    assert "both files give the same pictures within" in out
    difference, *psnr = re.findall(r"within (\S+)|is (\S+) and (\S+) dB", out)
    assert float(difference[0]) < 1e-6
    (a8, b8), (a5, b5) = ((float(a), float(b)) for _, a, b in psnr)
    assert a8 == b8 > a5 == b5 > 20
