# SPDX-License-Identifier: Apache-2.0
"""Load a bitstream into a board: ``avatar program``."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

from support.failures import InputError

LOADER = "openFPGALoader"
TIMEOUT = 300  # seconds


def program(board, build):
    """Run openFPGALoader on a build's bitstream; return its exit status, 0 or 1.

    Parameters
    ----------
    board : boards.catalogue.board.Board
    build : path
        A folder of ``avatar build`` or ``avatar swap``.

    Raises
    ------
    InputError
        The folder is no build of that board, has no bitstream, or openFPGALoader is not installed;
        the message then is the command to run.
    """
    bitstream = _bitstream(board, Path(build))
    command = [LOADER, "-b", board.loader, str(bitstream)]
    if shutil.which(LOADER) is None:
        raise InputError(f"{LOADER} is not installed; install it and run: {shlex.join(command)}")
    try:
        return min(1, abs(subprocess.run(command, timeout=TIMEOUT).returncode))
    except subprocess.TimeoutExpired:
        raise InputError(f"{LOADER} took more than {TIMEOUT} s; plug the board in again") from None


def _bitstream(board, folder):
    try:
        facts = json.loads((folder / "report.json").read_text())
        built_for = facts["board"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"{folder}: is no folder of `avatar build`; it has no report.json"
        ) from None
    if built_for != board.name:
        raise InputError(f"{folder}: was built for {built_for}; give --board {built_for}")
    for name in ("top.bit", "top.fs"):
        if (folder / name).exists():
            return folder / name
    raise InputError(f"{folder}: has no bitstream; run its tools first (docs/boards.md)")
