# SPDX-License-Identifier: Apache-2.0
"""web/page/serial.js: the page as a host of a board, against a played one behind a played port."""

import base64
import dataclasses
import socket
import threading
import time

import numpy as np
import pytest

from golden.spec import GeneratorSpec
from hw.uart import protocol
from hw.uart.identity import ModelPart
from hw.uart.protocol import ANSWER, ERROR, NO_TAG, Error, Frame, Request
from tests.boards.host.played import (
    FACTS,
    INFO,
    MACHINE,
    SPEC,
    SUMS,
    PlayedLoad,
    PlayedServer,
    answer,
    once,
    picture,
    sums,
)
from tests.web.page.node import needs_node, node

ALLOWANCE = 60  # ms of silence; the 1,024 byte-times at 115,200 baud, 89 ms, come on top
LATENTS = np.random.default_rng(1).integers(-128, 128, (5, SPEC.latent), np.int8)
FASTEST = MACHINE.clock_hz // protocol.MIN_DIVISOR

pytestmark = needs_node


@pytest.fixture
def board():
    played = PlayedServer()
    yield played
    played.end()


def ask(board, latents=LATENTS, together=3):
    port = board.path.rsplit(":", 1)[1]
    return node("serial", port, ALLOWANCE, together, request=latents.tolist())


def made(result):
    return [base64.b64decode(each) for each in result["pictures"]]


def wanted(latents=LATENTS):
    """Return what the played board gives: the bytes that it is sent, over and over."""
    return [picture(latent.tobytes()) for latent in latents]


def kinds(board):
    return [request.type for request in board.requests]


def test_pictures(board):
    result = ask(board)
    assert result["error"] is None
    assert made(result) == wanted()
    info = result["info"]
    assert info["build"] == MACHINE.build_id.hex()
    assert info["model"] == FACTS.digest.hex()
    assert [layer["channels"] for layer in info["spec"]["layers"]] == [8, 8, 8, 1]
    assert (info["spec"]["latent"], info["spec"]["size"], info["spec"]["colours"]) == (100, 32, 3)
    assert (info["clock"], info["macsPerCycle"], info["ready"]) == (MACHINE.clock_hz, 16, True)
    assert (info["coreCycles"], info["stalledCycles"]) == (1, 0)
    assert result["rates"] == [protocol.BAUD, FASTEST, protocol.BAUD]  # back again at the end
    assert result["rate"] == FASTEST
    assert result["closed"]
    first = [Request.INFO, Request.SELF_TEST, Request.BAUD, *[Request.INFO] * 3]
    assert kinds(board) == [*first, *[Request.GENERATE] * len(LATENTS), Request.BAUD]
    tags = [request.tag for request in board.requests]
    assert NO_TAG not in tags
    assert len(set(tags)) == len(tags)
    sent = sum(len(request.encode()) for request in board.requests[:-1])
    assert result["sent"] == sent
    got = sum(len(answer(request).encode()) for request in board.requests[:-1])
    assert result["received"] == got


AT = 8  # the second picture's request


@pytest.mark.parametrize(
    "fault",
    [
        lambda request: b"",
        lambda request: b"noise\xc0" + answer(request).encode(),
        lambda request: answer(request).encode()[:40] + b"\xc0",
        lambda request: answer(request).encode()[:-9] + b"\x55" + answer(request).encode()[-8:],
        lambda request: Frame(ERROR, NO_TAG, bytes([Error.BROKEN])).encode(),
        lambda request: Frame(ERROR, NO_TAG, bytes([Error.BUSY])).encode(),
        lambda request: Frame(request.type | ANSWER, request.tag, b"short").encode(),
        lambda request: Frame(request.type | ANSWER, request.tag ^ 1, bytes(3072)).encode(),
    ],
    ids=["silence", "noise", "cut", "damaged", "broken", "busy", "short", "other-tag"],
)
def test_one_fault_is_mended(board, fault):
    board.respond = once(fault, at=AT)
    result = ask(board, together=1)
    assert result["error"] is None
    assert made(result) == wanted()


def test_a_damaged_answer_is_not_waited_for(board):
    """A board of a large network may think for a minute; not so once its answer has come."""
    spec = GeneratorSpec.avatars((128, 128, 128), 8)
    info = dataclasses.replace(INFO, model=ModelPart.of(spec, FACTS.digest.hex(), (), ()).facts)

    def respond(request, n):
        if request.type == Request.INFO:
            return answer(request, info).encode()
        wire = answer(request).encode()
        return wire[:40] + b"\xc0" if n == AT else wire

    board.respond = respond
    start = time.monotonic()
    assert made(ask(board, together=1)) == wanted()
    assert time.monotonic() - start < 30


def test_a_fault_with_three_under_way(board):
    board.respond = once(lambda request: b"\xdb\xdb\xc0", at=AT)
    assert made(ask(board)) == wanted()


def refusing(code, kind):
    def respond(request, n):
        if request.type != kind:
            return answer(request).encode()
        return Frame(ERROR, request.tag, bytes([code])).encode()

    return respond


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (Error.MODEL, "holds another model"),
        (Error.VERSION, "does not speak version 3"),
        (Error.NO_MODEL, "holds no model"),
        (Error.LENGTH, "another length"),
        (77, "error 77"),
    ],
)
def test_a_refusal_is_not_asked_again(board, code, words):
    board.respond = refusing(code, Request.GENERATE)
    result = ask(board, together=1)
    assert words in result["error"]
    assert kinds(board).count(Request.GENERATE) == 1


def test_a_failed_self_test(board):
    def respond(request, n):
        if request.type != Request.SELF_TEST:
            return answer(request).encode()
        payload = sums(SUMS) + sums((1, 9, 3, 4))
        return Frame(Request.SELF_TEST | ANSWER, request.tag, payload).encode()

    board.respond = respond
    result = ask(board)
    assert "fails its self-test: layer 2" in result["error"]
    assert result["closed"]


def test_a_rate_that_the_board_refuses(board):
    board.respond = refusing(Error.DIVISOR, Request.BAUD)
    result = ask(board)
    assert result["rate"] == protocol.BAUD
    assert made(result) == wanted()


def test_a_rate_that_does_not_get_through(board):
    """The three infos that prove the rate are damaged until the board has fallen back."""
    until = [0]

    def respond(request, n):
        if request.type == Request.BAUD:
            until[0] = n + 1
        wire = bytearray(answer(request).encode())
        if n == until[0]:
            wire[9] ^= 1
        return bytes(wire)

    board.respond = respond
    result = ask(board)
    assert result["rates"][:3] == [protocol.BAUD, FASTEST, protocol.BAUD]
    assert result["rate"] == protocol.BAUD
    assert made(result) == wanted()


def test_silence(board):
    board.respond = lambda request, n: b""
    result = ask(board)
    assert "gives no answer" in result["error"]
    assert kinds(board) == [Request.INFO] * 5
    assert result["closed"]


def test_garbage(board):
    board.respond = lambda request, n: b"garbage\xc0" * 20
    assert "gives no answer" in ask(board)["error"]


def test_a_board_that_vanishes(board):
    def respond(request, n):
        if request.type != Request.GENERATE:
            return answer(request).encode()
        if not board.ended.is_set():
            board.ended.set()
            unplug = threading.Timer(0.05, board.connection.shutdown, [socket.SHUT_RDWR])
            unplug.start()
        return b""

    board.respond = respond
    result = ask(board)
    assert "gone" in result["gone"]
    assert "no longer joined" in result["error"]


def test_a_board_that_cannot_be(board):
    def respond(request, n):
        if request.type != Request.INFO:
            return answer(request).encode()
        info = dataclasses.replace(INFO, model=dataclasses.replace(FACTS, latent=0))
        return answer(request, info).encode()

    board.respond = respond
    assert "cannot be" in ask(board)["error"]


def test_a_picture_that_differs_in_its_last_sum_only(board):
    def respond(request, n):
        if request.type != Request.SELF_TEST:
            return answer(request).encode()
        payload = sums(SUMS) + sums((1, 2, 3, 5))
        return Frame(Request.SELF_TEST | ANSWER, request.tag, payload).encode()

    board.respond = respond
    assert "fails its self-test: layer 4" in ask(board)["error"]


def test_a_grey_picture_of_another_size(board):
    """Latents and pictures have the lengths that info tells."""
    spec = GeneratorSpec.avatars((8, 8), 8, 10, "grey")
    facts = ModelPart.of(spec, "ab" * 32, (), (), "categorical").facts
    info = dataclasses.replace(INFO, model=facts)

    def respond(request, n):
        if request.type != Request.GENERATE:
            return answer(request, info).encode()
        assert len(request.payload) == 8 + 10
        return Frame(Request.GENERATE | ANSWER, request.tag, 32 * request.payload[10:]).encode()

    board.respond = respond
    latents = LATENTS[:, :10]
    assert made(ask(board, latents)) == [32 * latent.tobytes()[2:] for latent in latents]


def test_a_board_without_a_model(board):
    """It can be joined, and takes an image; until then it draws nothing."""
    board.respond = PlayedLoad()
    result = ask(board)
    assert result["error"] == "The board holds no model."
    assert result["info"]["model"] is None
    assert Request.SELF_TEST not in kinds(board)
    assert Request.GENERATE not in kinds(board)
