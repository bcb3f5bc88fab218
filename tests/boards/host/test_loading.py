# SPDX-License-Identifier: Apache-2.0
"""boards.host.loading: an image reaches a played board whole, whatever happens to its frames."""

import dataclasses
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from boards.host import exchange
from boards.host.link import Link
from hw.uart.facts import State
from hw.uart.protocol import ERROR, MAX_DATA, Error, Frame, Request
from support.failures import InputError
from tests.boards.host.played import FACTS, INFO, MACHINE, SPEC, PlayedLoad

MODEL = SimpleNamespace(digest=FACTS.digest.hex(), spec=SPEC)
IMAGE = MACHINE.capacity_id + np.random.default_rng(0).bytes(9 * MAX_DATA + 300)
FRAMES = -(-len(IMAGE) // MAX_DATA)
FIRST = 4  # number of the first frame of data: info, info before the load, load-begin


@pytest.fixture
def loads(board, monkeypatch):
    monkeypatch.setattr("boards.host.link.SLOWEST", 1e12)
    board.respond = PlayedLoad()
    return board.respond


def load(board, image=IMAGE):
    steps = []
    with Link(board.path) as connection:
        result, taken_up = connection.load(image, MODEL, progress=steps.append)
        counts = connection.exchange
    return result, taken_up, sum(steps), counts


def of_kind(board, kind):
    return [request for request in board.requests if request.type == kind]


@pytest.fixture
def patient(monkeypatch):
    """Nothing is lost where this is asked for, however busy the machine is."""
    monkeypatch.setattr(exchange, "ALLOWANCE", 2.0)


def test_a_load(board, loads, patient):
    result, taken_up, steps, counts = load(board)
    assert result.wrong_layer is None
    assert result.stored == (1, 2, 3, 4)
    assert (taken_up, steps, counts.repeats) == (0, len(IMAGE), 0)
    assert loads.received == IMAGE
    assert loads.info.status.state == State.UPLOADED
    assert loads.info.load.model_id == FACTS.model_id
    assert len(of_kind(board, Request.LOAD_DATA)) == FRAMES
    assert len(IMAGE) / counts.bytes_sent > 0.9


def test_several_frames_are_under_way(board, loads, patient):
    held = []

    def hold(request, n, wire):
        if request.type != Request.LOAD_DATA:
            return wire
        held.append(wire)
        if len(held) < exchange.WINDOW and len(loads.received) < len(IMAGE):
            return b""
        wires = b"".join(held)
        held.clear()
        return wires

    loads.disturb = hold
    assert load(board)[0].wrong_layer is None
    assert len(of_kind(board, Request.LOAD_DATA)) == FRAMES


def flipped(wire):
    wire = bytearray(wire)
    wire[5] ^= 4
    return bytes(wire)


@pytest.mark.parametrize("at", range(FIRST - 1, FIRST + FRAMES + 1))
@pytest.mark.parametrize(
    "fault", [lambda wire: b"", flipped, lambda wire: 2 * wire, lambda wire: b"noise\xc0" + wire],
    ids=["lost", "damaged", "doubled", "noise"],
)  # fmt: skip
def test_an_answer_is_disturbed(board, loads, at, fault):
    loads.disturb = lambda request, n, wire: fault(wire) if n == at else wire
    assert load(board)[0].wrong_layer is None
    assert loads.received == IMAGE


@pytest.mark.parametrize("at", range(FIRST - 1, FIRST + FRAMES + 1))
def test_a_request_is_lost(board, loads, at):
    loads.lose = lambda request, n: n == at
    assert load(board)[0].wrong_layer is None
    assert loads.received == IMAGE


def test_many_requests_are_lost(board, loads):
    loads.lose = lambda request, n: n > FIRST and n % 4 == 0
    assert load(board)[0].wrong_layer is None
    assert loads.received == IMAGE


def test_all_requests_are_lost(board, loads):
    loads.lose = lambda request, n: n > FIRST
    with pytest.raises(InputError, match="received a damaged request, 5 times in a row"):
        load(board)


@pytest.mark.parametrize("at", range(FIRST, FIRST + FRAMES + 1))
def test_a_board_that_is_reset_begins_anew(board, loads, at):
    def disturb(request, n, wire):
        if n == at:
            loads.reset()
            return b""
        return wire

    loads.disturb = disturb
    result, taken_up, steps, _ = load(board)
    assert result.wrong_layer is None
    assert (taken_up, steps) == (0, len(IMAGE))
    assert loads.received == IMAGE
    assert len(of_kind(board, Request.LOAD_BEGIN)) == 2


def test_a_board_that_is_reset_all_the_time(board, loads):
    def disturb(request, n, wire):
        if request.type == Request.LOAD_DATA:
            loads.reset()
        return wire

    loads.disturb = disturb
    with pytest.raises(InputError, match="no load is under way, 3 times in a row"):
        load(board)


def break_off(board, loads, frames):
    """Load until the board has taken so many frames, and the line is cut."""

    def disturb(request, n, wire):
        taken = len(of_kind(board, Request.LOAD_DATA))
        return b"" if taken > frames else wire

    loads.disturb = disturb
    with pytest.raises(InputError, match="no answer in 5 tries"):
        load(board)
    loads.disturb = lambda request, n, wire: wire
    board.requests.clear()


@pytest.mark.parametrize("frames", [1, 4])
def test_a_load_that_was_broken_off_is_taken_up(board, loads, frames):
    break_off(board, loads, frames)
    had = len(loads.received)
    assert had >= frames * MAX_DATA
    result, taken_up, steps, _ = load(board)
    assert result.wrong_layer is None
    assert (taken_up, steps) == (had, len(IMAGE))
    assert loads.received == IMAGE
    assert not of_kind(board, Request.LOAD_BEGIN)
    assert len(of_kind(board, Request.LOAD_DATA)) == -(-(len(IMAGE) - had) // MAX_DATA)


def test_another_models_load_is_not_taken_up(board, loads):
    break_off(board, loads, 3)
    other = IMAGE[:-1] + bytes([IMAGE[-1] ^ 1])
    result, taken_up, _, _ = load(board, other)
    assert (result.wrong_layer, taken_up) == (None, 0)
    assert loads.received == other


def test_a_damaged_image_is_sent_again(board, loads):
    """What no CRC of a frame has found, that of the image does."""

    def disturb(request, n, wire):
        if n == FIRST + 1:
            loads.received[-1] ^= 1
        return wire

    loads.disturb = disturb
    assert load(board)[0].wrong_layer is None
    assert loads.received == IMAGE
    assert len(of_kind(board, Request.LOAD_END)) == 2


def test_a_self_test_that_fails_is_told(board, loads):
    loads.accept = lambda image: False
    assert load(board)[0].wrong_layer == 3
    with Link(board.path) as connection, pytest.raises(InputError, match="holds no model, but"):
        connection.self_test()


def test_another_capacity_is_refused_before_anything_is_sent(board, loads, patient):
    words = f"of capacity {b'CAPACITY'.hex()}, the board of {b'capacity'.hex()}"
    with pytest.raises(InputError, match=words):
        load(board, b"CAPACITY" + IMAGE[8:])
    assert {request.type for request in board.requests} == {Request.INFO}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (Error.TYPE, "does not know the request LOAD_BEGIN"),
        (Error.VERSION, "does not speak version 3"),
        (Error.CAPACITY, "another capacity"),
    ],
)
def test_refusals_are_final(board, loads, code, words):
    def disturb(request, n, wire):
        if request.type == Request.LOAD_BEGIN:
            return Frame(ERROR, request.tag, bytes([code])).encode()
        return wire

    loads.disturb = disturb
    with pytest.raises(InputError, match=words):
        load(board)
    assert len(of_kind(board, Request.LOAD_BEGIN)) == 1


def test_two_hosts_at_once_end(board, loads):
    """Another one begins its own load again and again: no hang, and one line of words."""

    def disturb(request, n, wire):
        if request.type == Request.LOAD_DATA:
            loads.received = loads.received[:MAX_DATA]
        return wire

    loads.disturb = disturb
    with pytest.raises(InputError, match="5 times in a row") as caught:
        load(board)
    assert "\n" not in str(caught.value)


def test_a_port_that_goes_away(board, loads):
    def disturb(request, n, wire):
        if n == FIRST + 2:
            vanishing.start()
            return b""
        return wire

    vanishing = threading.Thread(target=board.vanish)
    loads.disturb = disturb
    with pytest.raises(InputError, match=r"the port is gone|no answer"):
        load(board)
    vanishing.join()


def test_an_empty_board_says_so(board):
    board.respond = PlayedLoad()
    with Link(board.path) as connection:
        with pytest.raises(InputError, match="holds no model; put one there with `avatar load"):
            connection.generate(MODEL, np.zeros((1, 100), np.int8))
        with pytest.raises(InputError, match="holds no model"):
            connection.self_test()


def test_a_board_with_a_model_is_loaded_anew(board, monkeypatch):
    monkeypatch.setattr("boards.host.link.SLOWEST", 1e12)
    other = dataclasses.replace(FACTS, digest=bytes(32))
    board.respond = PlayedLoad(dataclasses.replace(INFO, model=other))
    assert load(board)[0].wrong_layer is None
