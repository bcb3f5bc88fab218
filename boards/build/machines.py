# SPDX-License-Identifier: Apache-2.0
"""The boards' machines as bitstreams, each built once: ``avatar bitstream``."""

from __future__ import annotations

import json
from pathlib import Path

import boards
from boards.build import make
from boards.catalogue import registry
from boards.chips.families import GOWIN, XILINX
from hw.build_plan import sources_hash
from support.cache import digest, digest_of_files, kept
from support.failures import InputError
from support.tools import ECPPACK, GOWIN_PACK, NEXTPNR_ECP5, NEXTPNR_GOWIN, YOSYS

TOOLS = {False: (YOSYS, NEXTPNR_ECP5, ECPPACK), True: (YOSYS, NEXTPNR_GOWIN, GOWIN_PACK)}


def machines(names=None):
    """Return (board, name of its machine) of all that open tools build, or of some boards.

    Raises
    ------
    InputError
        A board is unknown, or its tools are Vivado.
    """
    if names is None:
        chosen = [each for each in registry.BOARDS.values() if each.device.family is not XILINX]
    else:
        chosen = list(map(registry.board, names))
    for board in chosen:
        check_open(board)
    return [(board, machine) for board in chosen for machine in board.capacities]


def check_open(board):
    """Refuse a board of which this project makes no bitstream.

    Raises
    ------
    InputError
    """
    if board.device.family is XILINX:
        raise InputError(
            f"{board.name}: Vivado makes its bitstream; `avatar build` writes the project for that"
        )


def bitstream(board, machine, progress):
    """Return the folder of a board's empty machine, as ``avatar build`` makes it.

    It is kept by the sources of the design and of the build, and the versions of the tools.

    Parameters
    ----------
    board : boards.catalogue.board.Board
    machine : str, optional
        As :meth:`boards.catalogue.board.Board.capacity` takes it.
    progress : support.progress.Progress

    Returns
    -------
    Path
        Its ``report.json`` tells the rest; :func:`file_of` the bitstream.

    Raises
    ------
    As :func:`boards.build.make.make`; and InputError where Vivado would make it.
    """
    check_open(board)
    capacity = board.capacity(machine)
    seed = board.seed(machine)
    tools = [tool.version for tool in TOOLS[board.device.family is GOWIN]]
    parameters = {"board": board.name, "capacity": repr(capacity), "seed": seed}
    key = digest(sources_hash(parameters).hex(), _own_sources(), tools)

    def work(folder):
        make.make(board, capacity, folder / "build", progress, seed=seed)

    return kept("bitstream", key, work) / "build"


def _own_sources():
    """Return a hash of the sources of boards and builds."""
    folder = Path(boards.__file__).parent
    rooms = ("build", "catalogue", "chips")
    return digest_of_files(each for room in rooms for each in sorted((folder / room).rglob("*.py")))


def facts_of(folder):
    """Return what ``report.json`` of a build holds."""
    return json.loads(Path(folder, "report.json").read_text())


def file_of(folder):
    """Return the bitstream in the folder of a build."""
    return next(path for path in (folder / "top.bit", folder / "top.fs") if path.exists())


def as_text(facts):
    """Return the lines that ``avatar bitstream`` prints."""
    lines = make.as_text(facts, facts["folder"]).splitlines()
    lines.insert(-1, f"SHA-256       {facts['bitstream_sha256']}")
    return "\n".join(lines)
