# SPDX-License-Identifier: Apache-2.0
"""boards.host.port: ports over the network, and ports that other programs read."""

import errno
import fcntl
import gc
import os
import socket
import subprocess
import sys
import time
from itertools import repeat

import numpy as np
import pytest
import serial

import cli
from boards.host import exchange, link, port
from boards.host.link import Link
from boards.host.open_board import open_board
from hw.uart import protocol
from hw.uart.protocol import Request
from support.failures import InputError
from tests.boards.host.played import (
    INFO,
    PlayedServer,
    Rfc2217Server,
    answer,
    picture,
)

LATENTS = np.random.default_rng(0).integers(-128, 128, (5, 100)).astype(np.int8)
READER = """
import contextlib, os, sys
line = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
print("open", flush=True)
while True:
    with contextlib.suppress(BlockingIOError):
        os.read(line, 4096)
"""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(exchange, "ALLOWANCE", 0.2)
    played = PlayedServer()
    yield played
    played.end()


def assert_pictures(connection):
    made = list(connection.stream(LATENTS))
    assert [each.tobytes() for each in made] == [picture(each.tobytes()) for each in LATENTS]


def test_a_board_behind_a_socket(server):
    notices = []
    with open_board(server.path, notice=notices.append) as connection:
        assert connection.info() == INFO
        assert connection.baud == protocol.BAUD
        assert_pictures(connection)
    assert Request.BAUD not in [request.type for request in server.requests]
    assert notices == [
        f"{server.path}: the far end sets the rate of the line; the board stays at 115,200 baud, "
        "with which it starts"
    ]


def test_the_self_test_of_a_board_behind_a_socket(server, capsys):
    assert cli.main(["check", "--port", server.path]) == 0
    said = f"{server.path}, 115,200 baud, which the far end sets"
    assert said in capsys.readouterr().out
    assert Request.BAUD not in [request.type for request in server.requests]


def test_a_socket_takes_the_rate_that_is_asked_for(server):
    notices = []
    with open_board(server.path, baud=57_600, notice=notices.append) as connection:
        assert connection.baud == 57_600
        assert_pictures(connection)
    payloads = [request.payload for request in server.requests if request.type == Request.BAUD]
    assert payloads == [protocol.DIVISOR.pack(16), protocol.DIVISOR.pack(8)]
    assert notices == []


def test_a_socket_whose_far_end_keeps_its_rate(server):
    """After a change of rate nothing gets through until the board has fallen back."""
    deaf_until = [0.0]

    def respond(request, n):
        deaf = time.monotonic() < deaf_until[0]
        if request.type == Request.BAUD:
            deaf_until[0] = time.monotonic() + 0.7
        return b"" if deaf else answer(request).encode()

    server.respond = respond
    with pytest.raises(InputError, match="does not carry 230400 baud, it is back at 115200"):
        open_board(server.path, baud=230_400)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_server_that_goes_away(server):
    """pyserial does not close a socket that the other end has closed: that is left to Python."""
    with Link(server.path) as connection:
        server.hang_up()
        with pytest.raises(InputError, match=r"^socket://127.*: the connection is gone \("):
            connection.info()
    del connection
    gc.collect()


def test_a_server_that_is_no_board(server):
    server.respond = lambda request, n: b""
    with pytest.raises(InputError, match="no answer in 5 tries; is a board"):
        Link(server.path)


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's
def test_a_board_behind_rfc2217(board, monkeypatch):
    monkeypatch.setattr(exchange, "ALLOWANCE", 0.5)
    server = Rfc2217Server(board)
    try:
        with open_board(server.path) as connection:
            assert connection.baud == 230_400
            assert server.line.baudrate == 230_400
            assert_pictures(connection)
    finally:
        server.end()


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_what_does_not_speak_rfc2217():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        path = f"rfc2217://127.0.0.1:{silent.getsockname()[1]}?timeout=0.3"
        with pytest.raises(InputError, match="does not speak RFC 2217; try socket://"):
            Link(path)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("socket://127.0.0.1:{}", "nothing listens there"),
        ("rfc2217://127.0.0.1:{}", "nothing listens there"),
        ("socket://no-such-host.invalid:7000", "there is no host of this name"),
        ("socket://127.0.0.1", "give socket://HOST:PORT, with a PORT of 1 to 65535"),
        ("socket://127.0.0.1:0", "give socket://HOST:PORT, with a PORT of 1 to 65535"),
        ("socket://127.0.0.1:port", "give socket://HOST:PORT, with a PORT of 1 to 65535"),
        ("socket://127.0.0.1:70000", "give socket://HOST:PORT, with a PORT of 1 to 65535"),
        ("socket://:7000", "give socket://HOST:PORT, with a PORT of 1 to 65535"),
        ("socket://[::1", "give socket://HOST:PORT, with a PORT of 1 to 65535"),
        ("rfc2217://", "give rfc2217://HOST:PORT, with a PORT of 1 to 65535"),
        ("socket://127.0.0.1:7000?speed=9", "cannot be opened ("),
        ("socket://a..b:7000", "cannot be opened ("),
        ("loop://", "is no kind of port that is taken; give a serial port"),
        ("http://127.0.0.1:80", "is no kind of port that is taken; give a serial port"),
    ],
)
def test_a_network_port_that_cannot_be_opened(capsys, path, complaint):
    path = path.format(closed_port())
    begin = time.monotonic()
    assert cli.main(["check", "--port", path]) == 2
    assert time.monotonic() - begin < 10
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert message.startswith(f"avatar: error: {path}: {complaint}")


@pytest.fixture
def reader(board):
    """Another program that reads the board's port."""
    command = [sys.executable, "-c", READER, board.path]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "open\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_port_that_another_program_reads(board, reader, monkeypatch):
    monkeypatch.setattr(link, "SLOWEST", 1e12)
    with pytest.raises(InputError) as caught:
        with Link(board.path) as connection:
            for _ in connection.stream(repeat(LATENTS[0], 10_000)):  # until it takes an answer
                pass
    message = str(caught.value)
    assert f"(process {reader.pid})" in message
    assert "close it" in message
    assert "the port is gone" not in message


def test_the_others_are_found_and_nobody_else(board, reader):
    (found,) = port.other_programs(board.path)
    assert found.endswith(f" (process {reader.pid})")
    reader.kill()
    reader.wait()
    assert port.other_programs(board.path) == []
    assert port.other_programs("socket://127.0.0.1:7000") == []


def test_a_simulated_board_does_not_count_as_another_program():
    both_ends = "import os, time\nprint(os.ttyname(os.openpty()[1]), flush=True)\ntime.sleep(60)"
    board = subprocess.Popen([sys.executable, "-c", both_ends], stdout=subprocess.PIPE, text=True)
    try:
        assert port.other_programs(board.stdout.readline().strip()) == []
    finally:
        board.kill()
        board.wait()
        board.stdout.close()


def test_the_words_of_pyserial_for_a_second_reader(tmp_path):
    words = (
        "device reports readiness to read but returned no data (device disconnected or multiple "
        "access on port?)"
    )
    error = serial.SerialException(words)
    there = tmp_path / "ttyUSB0"
    assert port.why_gone(str(there), error) == f"the port is gone ({words})"
    there.touch()
    assert port.why_gone(str(there), error) == (
        "another program reads this port, too, and takes our answers; close it"
    )
    unplugged = OSError(errno.EIO, "Input/output error")
    assert port.why_gone(str(there), unplugged).startswith("the port is gone (")


def test_a_busy_port_names_who_has_it(board):
    holder = subprocess.Popen(
        [sys.executable, "-c", READER.replace("while", "import fcntl\nfcntl.flock(line, 6)\nwhile"),
         board.path],
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert holder.stdout.readline() == "open\n"
        line = os.open(board.path, os.O_RDWR | os.O_NOCTTY)
        for _ in range(100):  # until the holder has its lock
            try:
                fcntl.flock(line, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                break
            fcntl.flock(line, fcntl.LOCK_UN)
            time.sleep(0.02)
        os.close(line)
        with pytest.raises(InputError, match=rf"is busy; close \S+ \(process {holder.pid}\)"):
            Link(board.path)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
