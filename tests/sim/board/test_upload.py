# SPDX-License-Identifier: Apache-2.0
"""Loads at the pins of a whole top around the stand-in engine: cut, flipped, out of order, begun
anew, broken off by a reset. Never a picture but of a model that came whole.
"""

import zlib

import numpy as np
import pytest

from hw.uart.facts import State
from hw.uart.protocol import (
    ERROR,
    ID_SIZE,
    NO_TAG,
    OFFSET,
    SUMS,
    Error,
    Frame,
    Request,
    generate_payload,
)
from sim.fuzz.pins import Pins, idle, wave
from sim.verilog import to_verilog
from tests.hw.uart.stand_in import MACHINE, StandInModel, stand_in_top
from tests.sim.board.pin_board import CHUNK, CLOCKS, NEW, OLD, RESET, Board, beginning, chunk

pytestmark = pytest.mark.sim

TEST_LIMIT = 1 << 13


@pytest.fixture(scope="module")
def pins():
    with Pins(to_verilog(stand_in_top(OLD, test_limit=TEST_LIMIT), "top")) as running:
        Board(running).draws(OLD, State.POWER_UP)
        yield running


@pytest.fixture
def board(pins):
    """A board that holds OLD, uploaded."""
    running = Board(pins)
    running.load(OLD)
    return running


def test_models_one_after_another(board):
    for seed in range(3):
        board.load(StandInModel(latent=1 + 5 * seed, pixels=1 + seed, hidden=1 + 3 * seed))
        board.load(NEW)
    assert board.ask(Request.SELF_TEST) == 2 * NEW.part.contents()[104:136]


def test_one_frame_or_frames_of_a_byte(board):
    board.begin(NEW)
    assert board.data(NEW, 0, 200) == 200
    for offset in range(200, len(NEW.image)):
        assert board.data(NEW, offset, 1) == offset + 1
    board.end(NEW)
    board.draws(NEW, State.UPLOADED)


@pytest.mark.parametrize("cut", range(0, 9))
def test_a_load_that_is_broken_off_goes_on_or_begins_anew(board, cut):
    end = min(cut * CHUNK, len(NEW.image))
    board.begin(NEW)
    board.fill(NEW, end=end)
    board.loading(end)
    board.fill(NEW, start=end)  # another host takes it up
    board.end(NEW)
    board.draws(NEW, State.UPLOADED)
    board.begin(OLD)
    board.fill(OLD, end=min(end, len(OLD.image) - 1))
    board.draws_nothing()
    board.load(NEW)


@pytest.mark.parametrize("cut", range(0, 9))
def test_a_reset_in_mid_load(pins, board, cut):
    """The memories hold half a model then, and the flag says so."""
    board.begin(NEW)
    board.fill(NEW, end=min(cut * CHUNK, len(NEW.image)))
    again = Board(pins)
    assert again.info().status.state == State.NO_MODEL
    again.draws_nothing()
    assert again.data(NEW, 0) == Error.NO_LOAD
    assert again.ask(Request.LOAD_END) == Error.NO_LOAD
    again.load(NEW)
    Board(pins).draws(NEW, State.UPLOADED)  # a reset behind a good load keeps the model


def test_a_reset_at_any_time_of_a_whole_load(pins):
    """Back to back, and cut by a reset anywhere: then the old model, the new one or none."""
    frames = [Frame(Request.LOAD_BEGIN, 1, beginning(NEW))]
    frames += [
        Frame(Request.LOAD_DATA, 2 + n, chunk(NEW.image, at))
        for n, at in enumerate(range(0, len(NEW.image), CHUNK))
    ]
    frames.append(Frame(Request.LOAD_END, 99))
    levels = np.concatenate([wave(b"".join(f.encode() for f in frames), CLOCKS), idle(4000)])
    seen = set()
    for at in np.linspace(100, len(levels), 60).astype(int):
        board = Board(pins)
        board.load(OLD)
        pins.play(np.concatenate([levels[:at], RESET]), divisor=CLOCKS, limit=0)
        again = Board(pins)
        state = again.info()
        if state.model is None:
            again.draws_nothing()
        else:
            again.draws(OLD if state.model == OLD.part.facts else NEW, State.UPLOADED)
        seen.add(state.model and state.model.digest)
        again.load(NEW)
    assert seen == {OLD.digest, NEW.digest, None}


def test_data_out_of_order(board):
    board.begin(NEW)
    assert board.data(NEW, CHUNK) == (Error.ORDER, 0)
    assert board.data(NEW, 0) == CHUNK
    assert board.data(NEW, 0) == CHUNK  # the last one again
    assert board.data(NEW, CHUNK) == 2 * CHUNK
    assert board.data(NEW, 0) == (Error.ORDER, 2 * CHUNK)
    assert board.data(NEW, 2 * CHUNK + 1) == (Error.ORDER, 2 * CHUNK)
    far = OFFSET.pack((1 << 24) + 2 * CHUNK) + b"x"
    assert board.ask(Request.LOAD_DATA, far) == (Error.ORDER, 2 * CHUNK)
    assert board.ask(Request.LOAD_END) == (Error.ORDER, 2 * CHUNK)
    board.loading(2 * CHUNK)
    board.fill(NEW, start=2 * CHUNK)
    board.end(NEW)


def test_data_past_the_end(board):
    image = NEW.image
    board.begin(NEW)
    board.fill(NEW, end=len(image) // CHUNK * CHUNK)
    at = len(image) // CHUNK * CHUNK
    assert board.ask(Request.LOAD_DATA, OFFSET.pack(at) + image[at:] + b"x") == Error.LENGTH
    assert board.data(NEW, at) == len(image)
    end = len(image)
    assert board.ask(Request.LOAD_DATA, OFFSET.pack(end) + b"x") == Error.LENGTH
    board.end(NEW)


@pytest.mark.parametrize("size", [0, 1, 4, 1029])
def test_data_of_a_false_length(board, size):
    board.begin(NEW)
    assert board.ask(Request.LOAD_DATA, bytes(size)) == Error.LENGTH
    board.loading(0)


def test_a_frame_of_the_greatest_length(board):
    """More than the image has, but no byte of it is left behind in the buffer."""
    board.begin(NEW)
    assert board.ask(Request.LOAD_DATA, bytes(4 + 1024)) == Error.LENGTH
    board.load(NEW)


def test_another_capacity_leaves_all_as_it_was(board):
    for n in range(ID_SIZE):
        other = bytearray(MACHINE.capacity_id)
        other[n] ^= 1 << n
        assert board.begin(NEW, capacity=bytes(other)) == Error.CAPACITY
    board.draws(OLD, State.UPLOADED)
    board.begin(NEW)
    board.fill(NEW, end=CHUNK)
    assert board.begin(OLD, capacity=bytes(8)) == Error.CAPACITY
    board.loading(CHUNK)


def test_every_kind_of_a_false_image(board):
    """A flipped bit, a false CRC, one byte less or more: refused, again and again."""
    image = NEW.image
    rng = np.random.default_rng(0)
    wrong = [(image, zlib.crc32(image) ^ 1 << n) for n in (0, 31)]
    for at in [*range(12), *rng.integers(12, len(image), 8)]:
        flipped = bytearray(image)
        flipped[at] ^= 1 << int(rng.integers(8))
        wrong.append((bytes(flipped), zlib.crc32(image)))
    for false in (image[:-1], image + b"\0", image[:-6], b"\0"):
        wrong.append((false, zlib.crc32(false)))
    for counts in (8, 12 + 5 * 16):  # a count larger than its memory
        false = image[:counts] + (1 << 20).to_bytes(4, "little") + image[counts + 4 :]
        wrong.append((false, zlib.crc32(false)))
    for false, crc in wrong:
        assert board.begin(NEW, length=len(false), crc=crc) == OFFSET.pack(0)
        for at in range(0, len(false), CHUNK):
            assert board.ask(Request.LOAD_DATA, chunk(false, at)) == OFFSET.pack(
                min(at + CHUNK, len(false))
            )
        assert board.ask(Request.LOAD_END) == Error.CRC
        assert board.ask(Request.LOAD_END) == Error.CRC
        board.draws_nothing()
    board.load(NEW)


def with_part(model, change):
    """Return an image whose CRC is right, and whose model part is changed."""
    part = bytearray(model.part.contents())
    change(part)
    return model.image[: -len(part)] + bytes(part)


def load_false(board, image):
    """Load it; return the answer to the end."""
    crc = zlib.crc32(image)
    assert board.begin(NEW, length=len(image), crc=crc) == OFFSET.pack(0)
    for at in range(0, len(image), CHUNK):
        board.ask(Request.LOAD_DATA, chunk(image, at))
    return board.ask(Request.LOAD_END)


@pytest.mark.parametrize("at", [104, 107, 108, 116, 120, 131, 132, 135])
def test_a_self_test_that_fails(board, at):
    """The sums of layers 1 to 4, those that must be 0, and the picture's, each of their bytes."""

    def change(part):
        part[at] ^= 0x10

    image = with_part(NEW, change)
    for _ in range(2):
        sums = load_false(board, image)
        assert sums[: SUMS.size] == image[-len(NEW.part.contents()) :][104:136]
        assert sums[SUMS.size :] == NEW.part.contents()[104:136]
        board.draws_nothing()
        again = board.ask(Request.LOAD_END)
        assert again == sums
        board.draws_nothing()
    board.load(NEW)


def test_a_self_test_that_never_ends(board):
    """The engine waits for more latents than the board thinks that it has: the time-out ends it."""
    false = StandInModel(latent=NEW.latent + 1, pixels=NEW.pixels, hidden=4, grey=True, seed=5)
    image = false.image[: -len(false.part.contents()) - 4]
    part = NEW.part.contents()
    sums = load_false(board, image + len(part).to_bytes(4, "little") + part)
    assert sums[: SUMS.size] != sums[SUMS.size :]
    board.draws_nothing()
    board.load(NEW)


def test_latents_that_a_failed_self_test_leaves(board):
    """The engine takes fewer than the board has, and goes on with pixels that nobody takes."""
    false = StandInModel(latent=1, pixels=4 * NEW.pixels, hidden=4, grey=True, seed=5)
    image = false.image[: -len(false.part.contents()) - 4]
    part = NEW.part.contents()
    sums = load_false(board, image + len(part).to_bytes(4, "little") + part)
    assert sums[: SUMS.size] != sums[SUMS.size :]
    board.load(NEW)


def test_requests_in_the_middle_of_a_load(board):
    """All that others ask gets its answer, and the load goes on."""
    board.begin(NEW)
    for at in range(0, len(NEW.image), CHUNK):
        board.loading(at)
        assert board.ask(99, b"what") == Error.TYPE
        (broken,) = board.send(Frame(Request.INFO, 7).encode()[:-3] + b"\xc0")
        assert broken == Frame(ERROR, NO_TAG, bytes([Error.BROKEN]))
        board.data(NEW, at)
    board.end(NEW)
    board.draws(NEW, State.UPLOADED)


def test_all_that_was_asked_before_is_drawn_first(board):
    """Frames back to back: pictures, the whole load, pictures of the new model."""
    frames, wanted = [], []

    def picture(model, seed):
        latents = np.random.default_rng(seed).integers(-128, 128, model.latent).tolist()
        payload = generate_payload(model.digest[:ID_SIZE], latents)
        frames.append(Frame(Request.GENERATE, len(frames) + 1, payload))
        wanted.append(model.picture(latents))

    def request(kind, payload, answer):
        frames.append(Frame(kind, len(frames) + 1, payload))
        wanted.append(answer)

    for seed in range(3):
        picture(OLD, seed)
    request(Request.LOAD_BEGIN, beginning(NEW), OFFSET.pack(0))
    for at in range(0, len(NEW.image), 100):
        following = min(at + 100, len(NEW.image))
        request(Request.LOAD_DATA, chunk(NEW.image, at, 100), OFFSET.pack(following))
    sums = NEW.part.contents()[104:136]
    request(Request.LOAD_END, b"", 2 * sums)
    for seed in range(3):
        picture(NEW, seed)
    request(Request.SELF_TEST, b"", 2 * sums)
    answers = board.send(b"".join(frame.encode() for frame in frames))
    assert [frame.tag for frame in answers] == [frame.tag for frame in frames]
    assert [frame.payload for frame in answers] == wanted


def test_the_longest_latent(board):
    model = StandInModel(latent=1024, pixels=1030, hidden=7, seed=2)
    board.load(model)
    payload = generate_payload(model.digest[:ID_SIZE], model.self_test)
    assert board.ask(Request.GENERATE, payload[:-1]) == Error.LENGTH
    assert board.ask(Request.GENERATE, payload) == model.picture(model.self_test)


def test_lengths_are_the_loaded_models(board):
    for model in (NEW, OLD):
        board.load(model)
        for latent in (model.latent - 1, model.latent + 1, 100):
            payload = generate_payload(model.digest[:ID_SIZE], [0] * latent)
            assert board.ask(Request.GENERATE, payload) == Error.LENGTH
        other = generate_payload(bytes(8), [0] * model.latent)
        assert board.ask(Request.GENERATE, other) == Error.MODEL
