# SPDX-License-Identifier: Apache-2.0
"""boards.host.stream at the virtual board: the line is the limit, on the line's own clock."""

from pathlib import Path

import numpy as np
import pytest
import serial

from boards.host import exchange
from boards.host.open_board import open_board
from boards.host.stream import Stream
from cli.line import build_plan
from golden import model_file
from golden.generator import generate
from golden.latents import draw_latents
from hw.array import ArraySpec
from hw.uart import protocol
from hw.uart.protocol import ERROR, NO_TAG, Error, Frame, Request
from sim.board import virtual_board
from sim.board.virtual_board import CLOCK_HZ, VirtualBoard

pytestmark = [pytest.mark.sim, pytest.mark.slow]  # a line of seconds is a minute of simulation

MODEL_PATH = Path(__file__).parents[2] / "conformance" / "odd-7-5-3-mixed.safetensors"
ARRAY = ArraySpec(rows=4, columns=4)
BUFFER = 2048  # bytes of requests that wait, as docs/protocol.md says


@pytest.fixture(scope="module")
def model():
    return model_file.load(MODEL_PATH)


@pytest.fixture(scope="module")
def board(model):
    with VirtualBoard(virtual_board.build(build_plan(model, ARRAY, CLOCK_HZ))) as running:
        yield running


def test_the_line_is_the_limit(board, model):
    latents = draw_latents(4, 24)
    pictures = []
    with open_board(board.path, clock=board.clock) as connection:
        stream = Stream(connection, lambda index, picture: pictures.append(picture), model=model)
        stream.run(latents)
    np.testing.assert_array_equal(pictures, generate(model, latents))
    report = stream.report()
    assert 0.98 <= report["share"] <= 1.0
    assert report["baud"] == CLOCK_HZ // protocol.MIN_DIVISOR
    assert report["repeats"] == 0


def test_the_clock_runs_on_while_the_board_sleeps(board):
    begin = board.clock()
    assert 0 < board.clock() - begin < 5


def test_a_host_that_asks_one_by_one_leaves_the_line_idle(board, model, monkeypatch):
    """The share measures what it says: without requests under way the line waits."""
    monkeypatch.setattr(exchange, "WINDOW", 1)
    with open_board(board.path, clock=board.clock) as connection:
        stream = Stream(connection, lambda index, picture: None, model=model)
        stream.run(draw_latents(4, 4))
    assert stream.report()["share"] < 0.97


def test_room_for_requests(board, model):
    """More than fit are refused, and all the others are answered, in order."""
    model_id = bytes.fromhex(model.digest)[: protocol.ID_SIZE]
    latents = draw_latents(6, 30)
    wire = b"".join(
        Frame(Request.GENERATE, tag, protocol.generate_payload(model_id, row)).encode()
        for tag, row in enumerate(latents, 1)
    )
    unstuffer, frames = protocol.Unstuffer(), []
    with serial.Serial(board.path, protocol.BAUD, timeout=10, exclusive=True) as port:
        port.write(wire)
        while chunk := port.read(max(1, port.in_waiting)):
            frames += map(Frame.decode, unstuffer.feed(chunk))
    refused = Frame(ERROR, NO_TAG, bytes([Error.BUSY]))
    answered = [frame for frame in frames if frame != refused]
    assert len(answered) < 30
    assert len(answered) >= BUFFER // (6 + protocol.ID_SIZE + 100)
    tags = [frame.tag for frame in answered]
    assert tags == sorted(tags)
    expected = generate(model, latents[[tag - 1 for tag in tags]])
    assert [frame.payload for frame in answered] == [each.tobytes() for each in expected]
    assert len(answered) >= exchange.WINDOW * 2 - 1  # given up ones, and as many anew
