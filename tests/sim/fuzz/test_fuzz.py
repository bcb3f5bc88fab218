# SPDX-License-Identifier: Apache-2.0
"""sim.fuzz.fuzz: a thousand damaged and good requests at the pins; and the fuzzer sees what is
wrong.
"""

import numpy as np
import pytest

from hw.uart import protocol
from sim.fuzz.fuzz import Failure, Fuzz
from sim.fuzz.fuzz_board import FuzzBoard, proven
from sim.fuzz.pins import RX, Pins, wave
from sim.runner import NotSimulated

pytestmark = pytest.mark.sim


@pytest.fixture
def board():
    """A board that nobody has asked anything: what is known of it changes with each request."""
    return FuzzBoard()


@pytest.fixture(scope="module")
def text():
    return FuzzBoard().verilog()


def test_a_thousand_frames(board, text):
    with Pins(text) as pins:
        fuzz = Fuzz(board, pins, seed=1)
        fuzz.run(1000)
    assert fuzz.frames >= 1000
    assert fuzz.pictures >= 10
    assert len(fuzz.kinds) >= 16


def test_the_rate_is_changed_and_changed_back(board, text):
    with Pins(text) as pins:
        fuzz = Fuzz(board, pins, seed=1)
        for number in range(40):
            fuzz.play("rate", np.random.default_rng(number))
    assert fuzz.frames == 4 * 40


class Liar:
    """Pins that change one byte of what comes back, or let the board seem busy for ever."""

    def __init__(self, pins, *, flip=None, busy=False):
        self.pins, self.flip, self.busy = pins, flip, busy

    def play(self, levels, **options):
        received, active = self.pins.play(levels, **options)
        if self.flip is not None and len(received) > self.flip:
            received = received.copy()
            received["value"][self.flip] ^= 1
        return received, active or self.busy


@pytest.mark.parametrize(
    ("lie", "words"),
    [({"flip": 12}, "seed 1, case 0"), ({"busy": True}, "not at rest")],
    ids=["a flipped bit", "a hang"],
)
def test_lies_and_hangs_are_failures(board, text, lie, words):
    with Pins(text) as pins, pytest.raises(Failure, match=words):
        Fuzz(board, Liar(pins, **lie), seed=1).run(50)


def test_a_simulation_that_ends_says_nothing_about_the_board(board, text):
    with Pins(text) as pins:
        fuzz = Fuzz(board, pins, seed=1)
        pins._process.kill()
        with pytest.raises(NotSimulated, match=r"^seed 1, case 0, \w+: the simulation ended"):
            fuzz.run(1)


def test_a_wrong_picture_is_a_failure(board):
    rng = np.random.default_rng(3)
    requests = (board.request(rng, 5, picture=True) for _ in range(50))
    request = next(each for each in requests if each.type == protocol.Request.GENERATE)
    kind = protocol.Request.GENERATE | protocol.ANSWER
    latents = request.payload[protocol.ID_SIZE :]
    picture = board.known.held.pictures[latents]
    wrong = protocol.Frame(kind, 5, bytes(len(picture)))
    assert not board.answers(protocol.VERSION, request, wrong)
    assert board.answers(protocol.VERSION, request, protocol.Frame(kind, 5, picture))


def test_what_a_board_must_find_in_bytes():
    info = protocol.Frame(protocol.Request.INFO, 7)
    found, spoilt = proven(b"noise" + info.encode() + info.encode()[:-1] + info.encode()[:4])
    assert found == [(protocol.VERSION, info)] * 2
    assert spoilt == 1


def test_a_waveform_by_hand():
    levels = wave(b"\x01", 4)
    assert levels.tolist() == [0] * 4 + [1] * 4 + [0] * 28 + [1] * 4
    assert (wave(b"U" * 50, 8.16) <= RX).all()
    assert len(wave(b"U" * 50, 8.16)) == round(500 * 8.16)
