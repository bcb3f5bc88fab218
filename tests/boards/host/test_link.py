# SPDX-License-Identifier: Apache-2.0
"""boards.host.link against a pseudo-terminal that plays a board, good or bad."""

import dataclasses
import os
import select
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from boards.host import exchange, link
from boards.host.link import Link
from hw.uart import protocol
from hw.uart.facts import Info
from hw.uart.protocol import ANSWER, ERROR, NO_TAG, Error, Frame, Request
from support.failures import InputError
from tests.boards.host.played import FACTS, INFO, MACHINE, SPEC, answer, once, picture

MODEL = SimpleNamespace(digest=FACTS.digest.hex(), spec=SPEC)
LATENTS = np.random.default_rng(0).integers(-128, 128, (5, 100)).astype(np.int8)


def assert_pictures(connection):
    pictures = connection.generate(MODEL, LATENTS)
    assert pictures.shape == (5, 32, 32, 3)
    assert pictures.dtype == np.uint8
    for made, latents in zip(pictures, LATENTS):
        assert made.tobytes() == picture(latents.tobytes())


def test_everything_on_a_good_board(board):
    with Link(board.path) as connection:
        assert connection.info() == INFO
        assert connection.self_test().wrong_layer is None
        steps = []

        def progress(items):
            for item in items:
                steps.append(item)
                yield item

        connection.generate(MODEL, LATENTS, progress=progress)
        assert steps == list(range(5))
        assert_pictures(connection)
        assert connection.exchange.bytes_received > 10 * SPEC.picture_bytes
        sent = sum(len(request.encode()) for request in board.requests)
        assert connection.exchange.bytes_sent == sent
    tags = [request.tag for request in board.requests]
    assert len(set(tags)) == len(tags)
    assert NO_TAG not in tags


def test_two_pictures_are_under_way(board):
    held = []

    def respond(request, n):
        if request.type != Request.GENERATE:
            return answer(request).encode()
        held.append(answer(request).encode())
        return b"".join(held) if len(held) == 2 else b""

    board.respond = respond
    with Link(board.path) as connection:
        pictures = connection.generate(MODEL, LATENTS[:2])
    assert len(pictures) == 2
    assert len(board.requests) == 4  # info at the start, info before pictures, two pictures


def damaged(request):
    wire = bytearray(answer(request).encode())
    wire[9] ^= 4
    return bytes(wire)


@pytest.mark.parametrize(
    "bad",
    [
        damaged,
        lambda request: b"",
        lambda request: answer(request).encode()[:-2],
        lambda request: answer(request).encode()[:1000],
        lambda request: b"noise" + answer(request).encode(),
        lambda request: answer(request).encode() + b"noise",
        lambda request: 2 * answer(request).encode(),
        lambda request: b"\xc0\xdb\xc0" + answer(request).encode(),
        lambda request: bytes(9000) + answer(request).encode(),
        lambda request: Frame(ERROR, NO_TAG, bytes([Error.BROKEN])).encode(),
        lambda request: Frame(ERROR, NO_TAG, bytes([Error.BUSY])).encode(),
        lambda request: Frame(request.type | ANSWER, request.tag, bytes(3071)).encode(),
        lambda request: (
            Frame(request.type | ANSWER, request.tag ^ 0x8000, bytes(3072)).encode()
            + answer(request).encode()
        ),
    ],
    ids=[
        "damaged", "nothing", "cut at the end", "cut", "noise before", "noise after", "doubled",
        "bad frame before", "long noise before", "broken", "busy", "wrong length",
        "another's answer before",
    ],
)  # fmt: skip
@pytest.mark.parametrize("at", [3, 5])
def test_pictures_are_right_whatever_happens_once(board, bad, at, monkeypatch):
    monkeypatch.setattr(link, "SLOWEST", 1e12)
    board.respond = once(bad, at=at)
    with Link(board.path) as connection:
        assert_pictures(connection)


def fails(board, respond, match, *, latents=LATENTS):
    board.respond = respond
    begin = time.monotonic()
    with Link(board.path) as connection, pytest.raises(InputError, match=match) as caught:
        connection.generate(MODEL, latents)
    assert "\n" not in str(caught.value)
    assert board.path in str(caught.value)
    return time.monotonic() - begin


def but_pictures(make):
    """Respond well to info, and with `make(request)` to requests for pictures."""

    def respond(request, n):
        return make(request) if request.type == Request.GENERATE else answer(request).encode()

    return respond


def test_a_board_that_falls_silent(board, monkeypatch):
    monkeypatch.setattr(link, "SLOWEST", 1e12)
    seconds = fails(board, but_pictures(lambda request: b""), "no answer in 5 tries")
    silence = 0.05 + protocol.BYTE_TIMEOUT * 10 / protocol.BAUD
    assert 5 * silence < seconds < 5 * silence + 2


def test_a_board_that_stops_in_the_middle_of_pictures(board, monkeypatch):
    monkeypatch.setattr(link, "SLOWEST", 1e12)
    fails(
        board,
        but_pictures(lambda request: answer(request).encode()[:1500]),
        "no answer|damaged|cut or garbled",
    )


def test_a_board_that_always_damages(board):
    fails(board, but_pictures(damaged), "an answer.* is damaged.*5 times in a row; check cable")


@pytest.fixture
def noisy(board):
    """Return a function that lets `board` answer nothing but `chunk`, every few milliseconds."""
    quiet = threading.Event()
    threads = []

    def start(chunk):
        def noise():
            while not quiet.wait(0.005):
                if select.select([], [board.master], [], 0)[1]:
                    os.write(board.master, chunk)

        board.respond = lambda request, n: b""
        threads.append(threading.Thread(target=noise))
        threads[-1].start()

    yield start
    quiet.set()
    for thread in threads:
        thread.join()


def test_endless_noise(board, noisy, monkeypatch):
    monkeypatch.setattr(exchange, "MAX_STRAY", 20_000)
    with Link(board.path) as connection:
        noisy(bytes(500))
        with pytest.raises(InputError, match="there is only noise on the line, 5 times"):
            connection.info()


def test_a_chatty_device(board, noisy, monkeypatch):
    monkeypatch.setattr(exchange, "PATIENCE", 0.0)
    with Link(board.path) as connection:
        noisy(b"$")
        with pytest.raises(InputError, match="bytes keep coming, but no answer in "):
            connection.info()


def test_another_version(board, monkeypatch):
    def other(request):
        wire = answer(request)
        with monkeypatch.context() as patch:
            patch.setattr(protocol, "VERSION", 9)
            return wire.encode()

    fails(board, but_pictures(other), "protocol version 9, this program has 3")


@pytest.mark.parametrize(
    ("code", "match"),
    [
        (Error.MODEL, "holds another model"),
        (Error.VERSION, "does not speak version 3"),
        (Error.TYPE, "does not know the request GENERATE"),
        (Error.LENGTH, "another length of GENERATE"),
        (200, "error 200"),
    ],
)
def test_refusals_are_final(board, code, match):
    fails(board, but_pictures(lambda r: Frame(ERROR, r.tag, bytes([code])).encode()), match)
    assert len([r for r in board.requests if r.type == Request.GENERATE]) <= exchange.WINDOW


def test_another_model_is_refused_with_both_ids(board):
    other = SimpleNamespace(digest="ab" * 32)
    with (
        Link(board.path) as connection,
        pytest.raises(InputError, match=r"holds model c0dbdcdd00112233, not abab.*`avatar load`"),
    ):
        connection.generate(other, LATENTS)
    assert all(request.type == Request.INFO for request in board.requests)


def with_layer(**changes):
    """Return the facts with another second layer."""
    names = ("channels", "kernel_size", "stride", "padding", "output_padding", "activation")
    layer = dict(zip((*names, "weight_bits"), FACTS.layers[1])) | changes
    layers = (FACTS.layers[0], tuple(layer.values()), *FACTS.layers[2:])
    return dataclasses.replace(FACTS, layers=layers)


@pytest.mark.parametrize(
    ("fact", "match"),
    [
        ({"machine": dataclasses.replace(MACHINE, clock_hz=0)}, "says that its clock is 0 Hz"),
        ({"model": with_layer(weight_bits=0)}, "says of itself: weight_bits is 0"),
        ({"model": with_layer(channels=0)}, "says of itself: channels is 0"),
        ({"model": dataclasses.replace(FACTS, colours=1)}, "of itself: pictures have 1024 pixels"),
        ({"model": dataclasses.replace(FACTS, latent=1025)}, "of itself: spec: latent is 1025"),
    ],
)
def test_a_board_that_cannot_be(board, fact, match):
    said = dataclasses.replace(INFO, **fact).pack()
    board.respond = lambda request, _: Frame(request.type | ANSWER, request.tag, said).encode()
    with pytest.raises(InputError, match=match) as raised:
        Link(board.path)
    assert str(raised.value).startswith(board.path)


def test_stale_answers_of_another_host_are_not_taken(board):
    stale = Frame(Request.GENERATE | ANSWER, 1, bytes(3072)).encode()
    os.write(board.master, stale + Frame(Request.INFO | ANSWER, 1, bytes(Info.SIZE)).encode())
    with Link(board.path) as connection:
        os.write(board.master, stale)
        assert_pictures(connection)


def test_a_port_that_is_missing(tmp_path):
    with pytest.raises(InputError, match="there is no such port"):
        Link(str(tmp_path / "ttyUSB0"))


def test_a_port_that_is_a_file(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="is not a serial port"):
        Link(str(file))


def test_a_port_that_is_busy(board):
    with Link(board.path), pytest.raises(InputError, match="the port is busy"):
        Link(board.path)


def test_a_port_that_is_silent(board):
    board.respond = lambda request, n: b""
    begin = time.monotonic()
    with pytest.raises(InputError, match="no answer in 5 tries; is a board") as caught:
        Link(board.path)
    assert time.monotonic() - begin < 4
    assert board.path in str(caught.value)
    board.respond = lambda request, n: answer(request).encode()
    with Link(board.path) as connection:  # the failed try left the port free
        connection.info()


def test_a_port_that_goes_away(board):
    with Link(board.path) as connection:
        board.ended.set()
        board.thread.join()
        os.close(board.master)
        with pytest.raises(InputError, match=r"the port is gone|no answer"):
            connection.info()
        board.master = os.open(os.devnull, os.O_RDWR)


def test_change_of_rate_and_back(board):
    with Link(board.path) as connection:
        connection.change_baud(57_600)
        assert_pictures(connection)
    changes = [request.payload for request in board.requests if request.type == Request.BAUD]
    assert changes == [protocol.DIVISOR.pack(16), protocol.DIVISOR.pack(8)]


def test_a_rate_that_the_clock_cannot_make(board):
    with Link(board.path) as connection, pytest.raises(InputError, match="it makes 15 to 230400"):
        connection.change_baud(3_000_000)
    assert all(request.type == Request.INFO for request in board.requests)


def test_a_rate_at_which_nothing_gets_through(board):
    def respond(request, n):
        changed = [r.type for r in board.requests].count(Request.BAUD)
        deaf = changed and time.monotonic() < silent_until[0]
        if request.type == Request.BAUD:
            silent_until[0] = time.monotonic() + 0.7
        return b"" if deaf else answer(request).encode()

    silent_until = [0.0]
    board.respond = respond
    with Link(board.path) as connection:
        with pytest.raises(InputError, match="back at 115200; try a lower rate"):
            connection.change_baud(230_400)
        assert_pictures(connection)
    assert [r.type for r in board.requests].count(Request.BAUD) == 1


def test_a_large_network_is_given_time(board):
    big = link.GeneratorSpec.avatars((512, 256, 128), 8)
    assert link._compute_time(big) > 100 * link._compute_time(SPEC)
