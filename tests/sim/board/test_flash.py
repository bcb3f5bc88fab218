# SPDX-License-Identifier: Apache-2.0
"""A top around the stand-in engine that loads from a flash at its pins: what it refuses, and a host
that asks or loads meanwhile.
"""

from dataclasses import replace

import numpy as np
import pytest
from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.flash.loader import CHUNK, FlashLoader
from hw.flash.stored import HEADER_SIZE, stored
from hw.image import image
from hw.top import Top
from hw.uart.facts import Flash, State
from hw.uart.identity import Identity
from hw.uart.protocol import ERROR, ID_SIZE, SUMS, Error, Frame, Request, generate_payload
from hw.uart.serial_line import SerialLine
from sim.chips.flash import FILE, SOURCE, flash
from sim.fuzz.pins import Pins, idle, wave
from sim.verilog import to_verilog
from tests.hw.flash.headers import with_header
from tests.hw.uart.outside import StandInOutside
from tests.hw.uart.stand_in import CAPACITY_ID, MACHINE, MEMORIES, StandInModel
from tests.sim.board.pin_board import CLOCKS, NEW, OLD, RESET, Board, beginning, chunk

pytestmark = pytest.mark.sim

STARTS = 400  # clocks from reset on until the memory is ready
STORED = stored(OLD.image, OLD.digest[:ID_SIZE])
LATE = 3  # clocks until a bit of the flash is there: as late as may be


class WithFlash(wiring.Component):
    """The top with the chip of a flash, and a memory that starts."""

    rx: In(1, init=1)
    tx: Out(1)
    active: Out(1)

    def elaborate(self, platform):
        m = Module()
        loader = FlashLoader(2)
        about = Identity(MACHINE)
        line = SerialLine(CLOCKS)
        top = Top(StandInOutside(), MEMORIES, about, line, test_limit=1 << 13, flash=loader)
        m.submodules.top = top
        m.submodules.chip = flash(
            top.flash, ADDRESS_BITS=12, LATE=LATE
        )  # its beginning, over and over
        clocks = Signal(range(STARTS + 1))
        with m.If(~top.memory.ready):
            m.d.sync += clocks.eq(clocks + 1)
        m.d.comb += [
            top.memory.ready.eq(clocks == STARTS),
            top.rx.eq(self.rx),
            self.tx.eq(top.tx),
            self.active.eq(top.active),
        ]
        return m


@pytest.fixture(scope="module")
def text():
    return to_verilog(WithFlash(), "top") + SOURCE.read_text()


@pytest.fixture
def pins(text, tmp_path):
    """Return a function that starts the top with so many bytes in its flash."""
    file, running = tmp_path / "flash", []

    def start(contents):
        file.write_bytes(contents)
        running.append(Pins(text, [FILE.format(file)]))
        return running[-1]

    yield start
    for each in running:
        each.__exit__()


def states(board):
    status = board.info().status
    return status.state, status.flash


def of_length(length):
    """Return a model whose image has so many bytes."""
    return StandInModel(latent=1 + length - len(StandInModel(latent=1).image))


@pytest.mark.parametrize("model", [NEW, of_length(3 * CHUNK), of_length(3 * CHUNK + 1)])
def test_it_draws_without_a_host(pins, model):
    running = pins(stored(model.image, model.digest[:ID_SIZE]))
    for _ in range(2):  # a reset loads anew: the memory's start has written over the weights
        board = Board(running)
        board.draws(model, State.UPLOADED)
        assert states(board) == (State.UPLOADED, Flash.LOADED)
        info = board.info()
        assert info.load.model_id == model.digest[:ID_SIZE]
        assert (info.load.length, info.status.next) == (len(model.image), len(model.image))
        board.load(NEW)
        assert states(board) == (State.UPLOADED, Flash.LEFT)


def test_a_reset_at_any_time(pins):
    running = pins(STORED)
    for clocks in range(300, 18_000, 771):
        running.play(np.concatenate([RESET, idle(clocks), RESET]), divisor=CLOCKS, limit=0)
        Board(running).draws(OLD, State.UPLOADED)


def changed(at, bits=1):
    """Return what is stored with some bits flipped."""
    return STORED[:at] + bytes([STORED[at] ^ bits]) + STORED[at + 1 :]


def untrue():
    """Return an image that is whole, but whose self-test cannot be passed."""
    wrong = replace(OLD.part, sums=(OLD.part.sums[0] ^ 1, *OLD.part.sums[1:]))
    return stored(image(CAPACITY_ID, MEMORIES, OLD.words, wrong), OLD.digest[:ID_SIZE])


REFUSED = {
    "erased": (b"", Flash.EMPTY),
    "zeros": (bytes(400), Flash.EMPTY),
    "something else": (bytes(range(1, 250)), Flash.EMPTY),
    "a bit of the magic": (changed(6, 0x80), Flash.EMPTY),
    "an older version": (with_header(STORED, version=0), Flash.FOREIGN),
    "another capacity": (with_header(STORED, capacity=0), Flash.FOREIGN),
    "header cut": (STORED[: HEADER_SIZE - 1], Flash.DAMAGED),
    "a bit of the id": (changed(9), Flash.DAMAGED),
    "a bit of the header's sum": (changed(HEADER_SIZE - 1, 0x80), Flash.DAMAGED),
    "a bit of the length": (changed(17), Flash.DAMAGED),
    "longer than a flash": (with_header(STORED, length=1 << 24 | len(OLD.image)), Flash.DAMAGED),
    "length 0": (with_header(STORED, length=0), Flash.DAMAGED),
    "too short by one": (with_header(STORED, length=len(OLD.image) - 1), Flash.DAMAGED),
    "too long by one": (with_header(STORED, length=len(OLD.image) + 1), Flash.DAMAGED),
    "another sum": (with_header(STORED, crc=0), Flash.DAMAGED),
    "an image of before": (STORED[:300] + bytes(len(STORED) - 300), Flash.DAMAGED),
    "a false self-test": (untrue(), Flash.DAMAGED),
}


def refused(running, state):
    """Expect no picture, and a reason."""
    board = Board(running)
    board.draws_nothing()
    assert states(board) == (State.NO_MODEL, state)
    return board


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_image_gives_no_picture(pins, name):
    contents, state = REFUSED[name]
    board = refused(pins(contents), state)
    board.load(NEW)  # a host can
    assert states(board) == (State.UPLOADED, Flash.LEFT)


def test_a_power_loss_at_any_time_of_writing(pins):
    """Sectors are erased, then written from the first byte on: what is left is never believed."""
    before = stored(NEW.image, NEW.digest[:ID_SIZE])
    for end in range(8, len(STORED), 29):
        refused(pins(STORED[:end]), Flash.DAMAGED)
        if HEADER_SIZE <= end < len(before):
            refused(pins(STORED[:end] + before[end:]), Flash.DAMAGED)


def test_any_flipped_bit(pins):
    for at in range(0, len(STORED), 13):
        refused(pins(changed(at, 1 << at % 8)), Flash.EMPTY if at < 7 else Flash.DAMAGED)


def meanwhile(running, *levels):
    """Reset a board, and play a host's line while it loads.

    Returns the board, at rest, and the frames that came.
    """
    board = Board(running)
    return board, board.play(np.concatenate([RESET, *levels]))


def load_at_once(model):
    """Return the frames of a load, none of which waits for an answer."""
    frames = [Frame(Request.LOAD_BEGIN, 1, beginning(model))]
    for n, at in enumerate(range(0, len(model.image), CHUNK)):
        frames.append(Frame(Request.LOAD_DATA, 2 + n, chunk(model.image, at, CHUNK)))
    return [*frames, Frame(Request.LOAD_END, 99)]


def test_a_host_that_loads_wins_at_any_time(pins):
    running = pins(STORED)
    frames = load_at_once(NEW)
    wire = b"".join(frame.encode() for frame in frames)
    won = 0
    for clocks in range(STARTS, 18_000, 397):
        board, answers = meanwhile(running, idle(clocks), wave(wire, CLOCKS))
        assert [frame.tag for frame in answers] == [frame.tag for frame in frames]
        assert all(frame.type != ERROR for frame in answers)
        sums = answers[-1].payload
        assert sums[: SUMS.size] == sums[SUMS.size :]
        board.draws(NEW, State.UPLOADED)
        assert states(board) == (State.UPLOADED, Flash.LEFT)
        won += 1
    assert won > 40


def test_a_host_takes_up_what_the_flash_began(pins):
    """Data at the offset that is next, and all that comes behind."""
    running = pins(STORED)
    taken_up = 0
    for clocks in range(300, 9000, 397):
        data = Frame(Request.LOAD_DATA, 7, chunk(OLD.image, CHUNK, CHUNK))
        board, (answer,) = meanwhile(running, idle(clocks), wave(data.encode(), CLOCKS))
        state, flash_state = states(board)
        if answer.type == ERROR:  # too early or too late: the flash goes on
            assert flash_state == Flash.LOADED
        else:
            assert (state, flash_state) == (State.LOADING, Flash.LEFT)
            board.draws_nothing()
            board.fill(OLD, 2 * CHUNK)
            board.end(OLD)
            taken_up += 1
        board.draws(OLD, State.UPLOADED)
    assert taken_up


def test_a_host_that_asks_gets_each_answer_once(pins):
    """Errors for broken frames among them, and nothing of the flash's own answers."""
    running = pins(STORED)
    broken = Frame(Request.INFO, 77).encode()[:-3] + b"\0\0\xc0"
    payload = generate_payload(OLD.digest[:ID_SIZE], OLD.self_test)
    rng = np.random.default_rng(3)
    pictures = refusals = 0
    for _ in range(20):
        levels, expected = [idle(rng.integers(1, 4000))], []
        for tag in range(1, 40):
            kind = rng.integers(4)
            if kind == 0:
                levels.append(wave(broken, CLOCKS))
                expected.append(0)
            else:
                frame = (
                    Frame(Request.INFO, tag),
                    Frame(Request.GENERATE, tag, payload),
                    Frame(Request.BAUD, tag, CLOCKS.to_bytes(2, "little")),
                )[kind - 1]
                levels.append(wave(frame.encode(), CLOCKS))
                expected.append(tag)
            levels.append(idle(rng.integers(100, 12_000 if kind == 1 else 1500)))
        board, answers = meanwhile(running, *levels)
        assert [frame.tag for frame in answers if frame.tag] == [tag for tag in expected if tag]
        assert {frame.payload[0] for frame in answers if not frame.tag} <= {
            Error.BROKEN,
            Error.BUSY,
        }
        drawn = [frame for frame in answers if frame.type == Request.GENERATE | 0x80]
        assert {frame.payload for frame in drawn} <= {OLD.picture(OLD.self_test)}
        pictures += len(drawn)
        refusals += sum(
            frame.type == ERROR and frame.payload[0] == Error.NO_MODEL for frame in answers
        )
        board.draws(OLD, State.UPLOADED)
        assert states(board) == (State.UPLOADED, Flash.LOADED)
    assert min(pictures, refusals) > 25
