# SPDX-License-Identifier: Apache-2.0
"""boards.host.open_board: info, self-test, rate; and what a user reads where one of them fails."""

import dataclasses
import json
import threading
import time
from pathlib import Path

import pytest

import cli
from boards.host import open_board as opening
from boards.host.open_board import SelfTestFailed, open_board
from golden import model_file
from hw.uart import protocol
from hw.uart.facts import Flash, State
from hw.uart.identity import ModelPart
from hw.uart.protocol import ANSWER, ERROR, Error, Frame, Request
from support.failures import InputError
from tests.boards.host.played import FACTS, INFO, MACHINE, SUMS, PlayedLoad, answer, sums

MODEL_PATH = Path(__file__).parents[2] / "conformance" / "plain-8-8-8-w8.safetensors"
FASTEST = MACHINE.clock_hz // protocol.MIN_DIVISOR


def test_first_words(board):
    with open_board(board.path) as connection:
        assert connection.baud == FASTEST
    kinds = [request.type for request in board.requests]
    assert kinds[0] == Request.INFO
    before_rate = kinds[: kinds.index(Request.BAUD)]
    assert set(before_rate) == {Request.INFO, Request.SELF_TEST}
    assert kinds[-1] == Request.BAUD  # and back to the start-up rate


def test_a_board_without_a_model_is_opened_untested(board):
    board.respond = PlayedLoad()
    with open_board(board.path) as connection:
        assert connection.info().model is None
        assert connection.baud == FASTEST
    assert Request.SELF_TEST not in {request.type for request in board.requests}


def test_check_of_a_board_without_a_model(board, capsys):
    board.respond = PlayedLoad()
    assert cli.main(["check", "--port", board.path]) == 0
    assert "model      none (no model); put one there with `avatar load`" in capsys.readouterr().out


def flash_of(info, **fields):
    """Return an info with other fields of its status."""
    return dataclasses.replace(info, status=dataclasses.replace(info.status, **fields))


def test_a_board_that_reads_its_flash_is_waited_for(board, monkeypatch):
    monkeypatch.setattr(opening, "FLASH_PAUSE", 0.01)
    loading = dataclasses.replace(
        flash_of(INFO, state=State.LOADING, flash=Flash.READING), model=None
    )
    loaded = flash_of(INFO, state=State.UPLOADED, flash=Flash.LOADED)
    board.respond = lambda request, n: answer(request, loading if n < 4 else loaded).encode()
    with open_board(board.path, baud=protocol.BAUD) as connection:
        assert connection.info().model is not None
    kinds = [request.type for request in board.requests]
    assert kinds[:5] == [Request.INFO] * 5
    assert Request.SELF_TEST in kinds[5:]


def test_a_flash_without_end_is_not_waited_for(board, monkeypatch, capsys):
    monkeypatch.setattr(opening, "FLASH_PAUSE", 0.01)
    monkeypatch.setattr(opening, "FLASH_TIME", 0.1)
    loading = dataclasses.replace(
        flash_of(INFO, state=State.LOADING, flash=Flash.READING), model=None
    )
    board.respond = lambda request, n: answer(request, loading).encode()
    with open_board(board.path, baud=protocol.BAUD) as connection:
        with pytest.raises(InputError, match="still reads its flash: ask again in a second"):
            connection.expect(model_file.load(MODEL_PATH))


@pytest.mark.parametrize(
    ("flash", "words"),
    [
        (Flash.EMPTY, "holds no image"),
        (Flash.FOREIGN, "for ANOTHER machine or version"),
        (Flash.DAMAGED, "a DAMAGED image"),
        (Flash.LEFT, "was left alone"),
    ],
)
def test_check_says_what_became_of_the_image(board, capsys, flash, words):
    empty = dataclasses.replace(flash_of(INFO, state=State.NO_MODEL, flash=flash), model=None)
    board.respond = PlayedLoad(empty)
    assert cli.main(["check", "--port", board.path]) == 0
    shown = capsys.readouterr().out
    (line,) = [line for line in shown.splitlines() if line.startswith("flash")]
    assert words in line


def test_a_given_rate(board):
    with open_board(board.path, baud=57_600) as connection:
        assert connection.baud == 57_600
    with open_board(board.path, baud=protocol.BAUD) as connection:
        assert connection.baud == protocol.BAUD


def self_test_with(computed):
    def respond(request, n):
        if request.type != Request.SELF_TEST:
            return answer(request).encode()
        payload = sums(SUMS) + sums(computed)
        return Frame(Request.SELF_TEST | ANSWER, request.tag, payload).encode()

    return respond


@pytest.mark.parametrize(
    ("computed", "where"),
    [
        ((9, 9, 9, 9), r"layer 1 is the first that is wrong \(CRC 00000009, not 00000001\)"),
        ((1, 9, 9, 9), r"layer 2 is the first that is wrong \(CRC 00000009, not 00000002\)"),
        ((1, 2, 9, 4), r"layer 3 is the first that is wrong"),
        ((1, 2, 3, 9), r"layers 1 to 3 are right, the picture is wrong"),
    ],
)
def test_a_failed_self_test_names_layer_model_and_build(board, computed, where):
    board.respond = self_test_with(computed)
    with pytest.raises(SelfTestFailed, match=where) as caught:
        open_board(board.path)
    for words in (board.path, FACTS.model_id.hex(), MACHINE.build_id.hex(), "program it again"):
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(SelfTestFailed):  # the port is free again
        open_board(board.path)


def generate_status(tmp_path, capsys, port):
    """Return exit status and message of `avatar generate` with this port."""
    out = str(tmp_path / "a.png")
    status = cli.main(["generate", "--model", str(MODEL_PATH), "--out", out, "--port", port])
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    return status, message


def test_a_failed_self_test_is_a_failed_check(board, tmp_path, capsys):
    board.respond = self_test_with((1, 9, 9, 9))
    status, message = generate_status(tmp_path, capsys, board.path)
    assert status == 1
    assert "fails its self-test, layer 2" in message


@pytest.mark.parametrize(
    ("computed", "status", "words"),
    [
        ((1, 2, 3, 4), 0, "self-test  passed"),
        ((1, 9, 3, 4), 1, "self-test  FAILED, first in layer 2"),
    ],
)
def test_the_verb_says_how_the_self_test_went(board, capsys, computed, status, words):
    board.respond = self_test_with(computed)
    assert cli.main(["check", "--port", board.path]) == status
    text = capsys.readouterr().out
    assert words in text
    assert FACTS.model_id.hex() in text
    assert f"{FASTEST:,} baud" in text
    assert cli.main(["check", "--port", board.path, "--json"]) == status
    facts = json.loads(capsys.readouterr().out)
    assert facts["computed"] == [f"{crc:08x}" for crc in computed]
    assert facts["wrong_layer"] == (2 if status else None)


def test_a_device_that_answers_garbage(board, tmp_path, capsys):
    board.respond = lambda request, n: b"garbage\xc0" * 20
    status, message = generate_status(tmp_path, capsys, board.path)
    assert status == 2
    assert board.path in message
    assert "cut or garbled" in message


def test_an_echo_is_no_board(board, tmp_path, capsys):
    board.respond = lambda request, n: request.encode()
    status, message = generate_status(tmp_path, capsys, board.path)
    assert status == 2
    assert "no answer in 5 tries" in message


def test_the_highest_rate_that_gets_through(board):
    """At the first rate tried answers are damaged until the board has fallen back."""
    until = [0.0]

    def respond(request, n):
        if request.type == Request.BAUD:
            until[0] = time.monotonic() + 0.3
        wire = bytearray(answer(request).encode())
        if request.type == Request.INFO and time.monotonic() < until[0]:
            wire[9] ^= 1
        return bytes(wire)

    board.respond = respond
    with open_board(board.path) as connection:
        assert connection.baud == protocol.BAUD  # 230,400 is the only other one of this clock
        connection.info()
    assert [request.type for request in board.requests].count(Request.BAUD) == 1


def test_a_board_that_refuses_the_rate(board):
    def respond(request, n):
        if request.type != Request.BAUD:
            return answer(request).encode()
        return Frame(ERROR, request.tag, bytes([Error.DIVISOR])).encode()

    board.respond = respond
    with open_board(board.path) as connection:
        assert connection.baud == protocol.BAUD
    with pytest.raises(InputError, match="the rate is too high for its clock"):
        open_board(board.path, baud=FASTEST)


def test_a_port_that_vanishes_in_mid_picture(board, tmp_path, capsys):
    model = model_file.load(MODEL_PATH)
    facts = ModelPart.of(model.spec, model.digest, (), ()).facts
    info = dataclasses.replace(INFO, model=facts)

    def respond(request, n):
        if request.type == Request.INFO:
            return answer(request, info).encode()
        if request.type == Request.GENERATE:
            vanishing.start()
            return answer(request).encode()[:700]
        return answer(request).encode()

    vanishing = threading.Thread(target=board.vanish)
    board.respond = respond
    status, message = generate_status(tmp_path, capsys, board.path)
    vanishing.join()
    assert status == 2
    assert board.path in message
    assert "the port is gone" in message
