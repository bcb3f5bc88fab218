# SPDX-License-Identifier: Apache-2.0
"""A top around the stand-in engine at its pins, and the requests of a host."""

import zlib

import numpy as np

from hw.uart.facts import Info, Load, State
from hw.uart.protocol import (
    ANSWER,
    ERROR,
    ERROR_CODE,
    ID_SIZE,
    LOAD_BEGIN,
    OFFSET,
    ORDER,
    SUMS,
    Error,
    Frame,
    Request,
    Unstuffer,
    generate_payload,
)
from sim.fuzz.pins import RST, RX, idle, wave
from tests.hw.uart.stand_in import MACHINE, StandInModel

CLOCKS = 4  # a bit
OLD = StandInModel()  # the board's at power-up
NEW = StandInModel(latent=11, pixels=14, hidden=4, grey=True, seed=5)
CHUNK = 64
RESET = np.full(16, RX | RST, np.uint8)


class Board:
    """A top at its pins, from reset on; its memories are as the test before left them."""

    def __init__(self, pins):
        self.pins, self.tag = pins, 0
        self.play(np.concatenate([RESET, idle(400)]))

    def play(self, levels):
        """Return the frames that come back; the board is at rest then."""
        received, active = self.pins.play(levels, divisor=CLOCKS, limit=400_000)
        assert not active, "the board hangs"
        return [Frame.decode(body) for body in Unstuffer().feed(received["value"].tobytes())]

    def send(self, wire):
        """Return the frames that some bytes bring."""
        return self.play(wave(wire, CLOCKS))

    def ask(self, request, payload=b""):
        """Return type and payload of the answer, of an error the code alone as an Error."""
        self.tag += 1
        (frame,) = self.send(Frame(request, self.tag, payload).encode())
        assert frame.tag == self.tag
        if frame.type == ERROR:
            if frame.payload[0] == Error.ORDER:
                return Error.ORDER, ORDER.unpack(frame.payload)[1]
            return Error(*ERROR_CODE.unpack(frame.payload))
        assert frame.type == request | ANSWER
        return frame.payload

    def info(self):
        return Info.unpack(self.ask(Request.INFO))

    def begin(self, model, **changes):
        return self.ask(Request.LOAD_BEGIN, beginning(model, **changes))

    def data(self, model, offset, size=CHUNK):
        """Return what the board expects next, or the error."""
        answer = self.ask(Request.LOAD_DATA, chunk(model.image, offset, size))
        return OFFSET.unpack(answer)[0] if isinstance(answer, bytes) else answer

    def fill(self, model, start=0, end=None):
        """Send the image from `start` to before `end`."""
        for offset in range(start, len(model.image) if end is None else end, CHUNK):
            following = min(offset + CHUNK, len(model.image))
            assert self.data(model, offset) == following

    def end(self, model):
        """End a load well."""
        sums = self.ask(Request.LOAD_END)
        assert sums[: SUMS.size] == sums[SUMS.size :]
        assert sums[SUMS.size - 4 : SUMS.size] == model.part.contents()[132:136]

    def load(self, model):
        """Load a model whole."""
        assert self.begin(model) == OFFSET.pack(0)
        self.fill(model)
        self.end(model)
        self.draws(model, State.UPLOADED)

    def draws(self, model, state):
        """Expect the pictures of a model, and of no other."""
        info = self.info()
        assert (info.status.state, info.model) == (state, model.part.facts)
        for seed in (1, 2):
            latents = np.random.default_rng(seed).integers(-128, 128, model.latent).tolist()
            payload = generate_payload(model.digest[:ID_SIZE], latents)
            assert self.ask(Request.GENERATE, payload) == model.picture(latents)

    def draws_nothing(self):
        """Expect no picture, whatever is asked for."""
        assert self.info().model is None
        for model in (OLD, NEW):
            payload = generate_payload(model.digest[:ID_SIZE], model.self_test)
            assert self.ask(Request.GENERATE, payload) == Error.NO_MODEL
        assert self.ask(Request.SELF_TEST) == Error.NO_MODEL

    def loading(self, offset, model=NEW):
        """Expect a load under way."""
        info = self.info()
        assert (info.status.state, info.status.next) == (State.LOADING, offset)
        assert info.load == Load(len(model.image), zlib.crc32(model.image), model.digest[:ID_SIZE])
        self.draws_nothing()


def beginning(model, capacity=MACHINE.capacity_id, length=None, crc=None):
    image = model.image
    length = len(image) if length is None else length
    crc = zlib.crc32(image) if crc is None else crc
    return LOAD_BEGIN.pack(capacity, length, crc, model.digest[:ID_SIZE])


def chunk(image, offset, size=CHUNK):
    return OFFSET.pack(offset) + image[offset : offset + size]
