# SPDX-License-Identifier: Apache-2.0
"""Run the page's scripts in node."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "scripts"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


def node(script, *arguments, request=None):
    """Return what ``scripts/<script>.js`` prints as JSON.

    Parameters
    ----------
    script : str
    arguments
        Of the command line.
    request
        JSON on its standard input.
    """
    run = subprocess.run(
        [NODE, str(SCRIPTS / f"{script}.js"), *map(str, arguments)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)
