# SPDX-License-Identifier: Apache-2.0
"""`avatar web` from its first line to Ctrl-C."""

import dataclasses
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import cli
from hw.uart.facts import State
from hw.uart.protocol import Request
from tests.boards.host.played import STATUS

ROOT = Path(__file__).parents[2]
MODEL_PATH = ROOT / "tests" / "conformance" / "plain-8-8-8-w8.safetensors"


def avatar(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "web", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_ctrl_c_ends_it_with_the_board_closed(board):
    with avatar("--port", board.path, "--model", MODEL_PATH, "--http-port", 0) as process:
        address = process.stdout.readline().split()[0]
        assert address.startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "avatar: interrupted"
    assert "Traceback" not in errors
    assert board.requests[-1].type == Request.BAUD  # back at the start-up rate


def test_a_port_in_use_is_one_line(capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert cli.main(["web", "--http-port", str(port)]) == 2
    error = capsys.readouterr().err
    assert error == (
        f"avatar: error: --http-port {port} is in use by another program; give another, or 0 for "
        "any free one\n"
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--http-port", "70000"], "--http-port is 70000; give 1 to 65535, or 0 for any free one"),
        (["--port", ""], "--port is empty"),
        (["--port", "/dev/no-such-port"], "/dev/no-such-port: there is no such port"),
        (["--model", "missing.safetensors"], "missing.safetensors: there is no such file"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, complaint):
    assert cli.main(["web", "--http-port", "0", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert complaint in error


def test_a_model_that_the_board_does_not_hold_is_refused(board, model, capsys):
    other = MODEL_PATH.with_name("small-16-12-8-w5.safetensors")
    arguments = ["--http-port", "0", "--port", board.path, "--model", str(other)]
    assert cli.main(["web", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"the board holds model {model.digest[:16]}, not {other}" in error


def test_a_board_of_no_shipped_model_is_refused(board, capsys):
    assert cli.main(["web", "--http-port", "0", "--port", board.path]) == 2
    assert "which is none of the shipped; give its file with --model" in capsys.readouterr().err


def empty(loads):
    status = dataclasses.replace(STATUS, state=State.NO_MODEL)
    loads.info = dataclasses.replace(loads.info, model=None, status=status)


def test_an_empty_board_is_served_for_the_page_to_load(board, loads):
    empty(loads)
    with avatar("--port", board.path, "--http-port", 0) as process:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_an_empty_board_does_not_hold_the_model_that_is_given(board, loads, capsys):
    empty(loads)
    arguments = ["--http-port", "0", "--port", board.path, "--model", str(MODEL_PATH)]
    assert cli.main(["web", *arguments]) == 2
    assert "the board holds no model; put one there with" in capsys.readouterr().err
