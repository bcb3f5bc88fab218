# SPDX-License-Identifier: Apache-2.0
"""The board that is fuzzed, and what it must answer: by the host's decoder and the reference."""

import zlib
from dataclasses import dataclass, replace

from golden.full_range import full_range_model
from golden.generator import generate
from golden.latents import draw_latents
from golden.layer_sums import self_test_of
from golden.spec import LEAKY_RELU, TABLE, GeneratorSpec, Layer
from hw.array import ArraySpec
from hw.build_plan import BuildPlan, image_of
from hw.capacity import Capacity
from hw.model.schedule import scheduled
from hw.uart import protocol
from hw.uart.facts import Info, Load, State
from hw.uart.protocol import (
    ANSWER,
    ERROR,
    LOAD_BEGIN,
    OFFSET,
    ORDER,
    Error,
    Frame,
    Request,
)
from sim.verilog import cached_verilog

CLOCKS = 8  # a bit, at the start-up rate
LATENTS = 6  # that requests choose from, of each model
SELF_TESTS = 0.2  # share of them among requests that draw
INFOS = 0.1  # share of info among the requests that ask for little
LOADS = 0.02  # share of the requests that begin a load
GO_ON = 0.5  # share of those that go on with the load under way
CHUNK = 400  # bytes of an image in one frame, at most
ARRAY = ArraySpec(4, 4)
SPECS = (
    GeneratorSpec(6, 3, (Layer(5, stride=1, padding=0), Layer(3), Layer(1, activation=TABLE))),
    GeneratorSpec(9, 1, (Layer(6, 3, 1, 0, activation=LEAKY_RELU), Layer(1, 5, activation=TABLE))),
    GeneratorSpec(4, 1, (Layer(7, 5, 1, 0), Layer(3, 3, 1, 1, activation=TABLE))),
)
SIZES = {
    Request.INFO: 0,
    Request.SELF_TEST: 0,
    Request.BAUD: protocol.DIVISOR.size,
    Request.LOAD_BEGIN: LOAD_BEGIN.size,
    Request.LOAD_END: 0,
}


class Loadable:
    """A model, and all that the board has to answer while it holds it."""

    def __init__(self, model, capacity):
        self.model = model
        self.self_test, self.answer = self_test_of(model, ARRAY.columns)
        self.image = image_of(model, capacity, self.self_test, self.answer)
        self.model_id = bytes.fromhex(model.digest)[: protocol.ID_SIZE]
        self.load = Load(len(self.image), zlib.crc32(self.image), self.model_id)
        self.latents = draw_latents(1, LATENTS, latent=model.spec.latent)
        made = generate(model, self.latents)
        self.pictures = {
            row.tobytes(): picture.tobytes()
            for row, picture in zip(self.latents, made, strict=True)
        }
        *hidden, picture = self.answer
        hidden += [0] * (protocol.HIDDEN_LAYERS - len(hidden))
        self.sums = 2 * protocol.SUMS.pack(*hidden, picture)


@dataclass(frozen=True)
class Known:
    """What is known of the board.

    Attributes
    ----------
    state : State
    held : Loadable or None
    load : Load
        Begun last.
    taken : bytes
        Of the image, in a load; also behind it.
    last : int
        Offset of the last data.
    """

    state: State
    held: Loadable | None
    load: Load
    taken: bytes = b""
    last: int = 0

    def after_reset(self):
        """Return what is known once the board was reset: its memories are as they were."""
        if self.state == State.LOADING:
            return replace(self, state=State.NO_MODEL, taken=b"", last=0)
        return replace(self, taken=b"", last=0)


class FuzzBoard:
    """A machine for three small generators with numbers from a seed, on a 4 x 4 array.

    Attributes
    ----------
    plan : hw.build_plan.BuildPlan
    known : Known
    loads : int
        Models that were put there whole.
    """

    def __init__(self):
        capacity = Capacity.of(*(scheduled(spec, ARRAY) for spec in SPECS))
        self.models = [Loadable(full_range_model(spec, 1), capacity) for spec in SPECS]
        first = self.models[0]
        self.plan = BuildPlan(
            capacity, CLOCKS * protocol.BAUD, first.model, first.self_test, first.answer
        )
        self.known = Known(State.POWER_UP, first, Load())
        self.loads = 0

    def verilog(self):
        """Return the text of its top, module `top`; one made before is there at once."""
        plan = self.plan
        key = plan.build_id + plan.model.digest.encode() + repr(plan.answer).encode()
        return cached_verilog("top", key, plan.top)

    def request(self, rng, tag, *, picture, clocks=CLOCKS):
        """Return a good request: one that asks for little, or with `picture` one that draws.

        The line has `clocks` a bit: at another than the start-up rate none asks for a rate, which
        would be changed by it, or on probation once more.
        """
        loading = self.known.state == State.LOADING
        if rng.random() < (GO_ON if loading else LOADS):
            return self._load_request(rng, tag) if loading else self._beginning(rng, tag)
        if not picture:
            if clocks != CLOCKS or rng.random() < INFOS:
                return Frame(Request.INFO, tag)
            return Frame(Request.BAUD, tag, protocol.DIVISOR.pack(CLOCKS))
        if rng.random() < SELF_TESTS:
            return Frame(Request.SELF_TEST, tag)
        drawn = self.known.held or self.models[rng.integers(len(self.models))]
        row = drawn.latents[rng.integers(LATENTS)]
        return Frame(Request.GENERATE, tag, protocol.generate_payload(drawn.model_id, row))

    def _beginning(self, rng, tag):
        load = self.models[rng.integers(len(self.models))].load
        capacity_id = self.plan.machine.capacity_id
        if rng.random() < 0.1:
            capacity_id = bytes(8)
        payload = LOAD_BEGIN.pack(capacity_id, load.length, load.crc, load.model_id)
        return Frame(Request.LOAD_BEGIN, tag, payload)

    def _load_request(self, rng, tag):
        """Return the next data, or the end; sometimes others."""
        known = self.known
        image = next(each.image for each in self.models if each.load == known.load)
        at = len(known.taken)
        odd = rng.random()
        if odd < 0.02:
            return self._beginning(rng, tag)
        if (at == len(image)) != (odd < 0.05):
            return Frame(Request.LOAD_END, tag)
        if odd > 0.9:
            at = int(rng.choice([known.last, rng.integers(len(image)), rng.integers(1 << 32)]))
        size = int(rng.integers(1, CHUNK + 1))
        data = image[at : at + size] or bytes(size)
        if odd > 0.98:  # wrong, but no CRC of a frame tells
            flipped = bytearray(data)
            flipped[rng.integers(len(data))] ^= 1
            data = bytes(flipped)
        return Frame(Request.LOAD_DATA, tag, OFFSET.pack(at) + data)

    def answers(self, version, request, frame):
        """Return whether `frame` is the answer to a proven request of that protocol version.

        If it is, what the request did is known from then on.
        """
        right, known = self._judge(version, request, frame, self.known)
        if right:
            came = known.state == State.UPLOADED and self.known.state == State.LOADING
            self.loads += came
            self.known = known
        return right

    def reset(self, request, info, frame):
        """Return whether `frame` tells a state that the board can have after a reset.

        `request` was carried out before it, or not; `info` came behind it.
        """
        for before in (self.known, self._judge(protocol.VERSION, request, None, self.known)[1]):
            known = before.after_reset()
            if self._judge(protocol.VERSION, info, frame, known)[0]:
                self.known = known
                return True
        return False

    def _judge(self, version, request, frame, known):
        """Return whether `frame` is right, and what is known once the request is carried out."""
        code = self._refusal(version, request, known)
        if code is not None:
            payload = bytes([code])
            if code == Error.ORDER:
                payload = ORDER.pack(code, len(known.taken))
            return frame == Frame(ERROR, request.tag, payload), known
        payload, known = self._carried_out(request, known)
        if frame is None or (frame.type, frame.tag) != (request.type | ANSWER, request.tag):
            return False, known
        if request.type == Request.INFO:
            return self._is_info(frame.payload, known), known
        return frame.payload == payload, known

    def _is_info(self, payload, known):
        """Return whether an info tells what is known; the cycles are the board's own."""
        if len(payload) != Info.SIZE:
            return False
        info = Info.unpack(payload)
        said = (info.machine, info.load, info.status.state, info.status.next)
        taken = len(known.taken)
        right = said == (self.plan.machine, known.load, known.state, taken)
        digest = info.model and info.model.digest.hex()
        return right and digest == (known.held and known.held.model.digest)

    def _carried_out(self, request, known):
        """Return the payload of the answer to a good request, and what is known then."""
        kind, payload = request.type, request.payload
        if kind == Request.LOAD_BEGIN:
            _, *load = LOAD_BEGIN.unpack(payload)
            return OFFSET.pack(0), Known(State.LOADING, None, Load(*load))
        if kind == Request.LOAD_DATA:
            at, data = OFFSET.unpack_from(payload)[0], payload[OFFSET.size :]
            if at == len(known.taken):
                known = replace(known, taken=known.taken + data, last=at)
            return OFFSET.pack(len(known.taken)), known
        if kind == Request.LOAD_END:
            held = next(each for each in self.models if each.load == known.load)
            return held.sums, replace(known, state=State.UPLOADED, held=held)
        if kind == Request.GENERATE:
            return known.held.pictures.get(payload[protocol.ID_SIZE :]), known
        if kind == Request.SELF_TEST:
            return known.held.sums, known
        return payload, known

    def _refusal(self, version, request, known):
        """Return the error that a proven request gets, or None."""
        kind, payload = request.type, request.payload
        if version != protocol.VERSION:
            return Error.VERSION
        if kind not in list(Request) or kind == Request.WALL:
            return Error.TYPE
        if kind in (Request.GENERATE, Request.SELF_TEST) and known.held is None:
            return Error.NO_MODEL
        if not self._right_length(kind, len(payload), known):
            return Error.LENGTH
        if kind == Request.GENERATE and not payload.startswith(known.held.model_id):
            return Error.MODEL
        if kind == Request.LOAD_BEGIN and not payload.startswith(self.plan.machine.capacity_id):
            return Error.CAPACITY
        if kind == Request.LOAD_DATA:
            return self._data_refusal(payload, known)
        if kind == Request.LOAD_END and known.state != State.UPLOADED:
            if known.state != State.LOADING:
                return Error.NO_LOAD
            if len(known.taken) != known.load.length:
                return Error.ORDER
            if zlib.crc32(known.taken) != known.load.crc:
                return Error.CRC
        return None

    def _data_refusal(self, payload, known):
        at, following = OFFSET.unpack_from(payload)[0], len(known.taken)
        if known.state != State.LOADING:
            return Error.NO_LOAD
        if at == following:
            past = following + len(payload) - OFFSET.size > known.load.length
            return Error.LENGTH if past else None
        return None if at == known.last else Error.ORDER

    def _right_length(self, kind, size, known):
        if kind == Request.GENERATE:
            return size == protocol.ID_SIZE + known.held.model.spec.latent
        if kind == Request.LOAD_DATA:
            return OFFSET.size < size <= OFFSET.size + protocol.MAX_DATA
        return size == SIZES[kind]


def proven(chunk):
    """Return what a board must find in bytes.

    Returns
    -------
    list of (int, hw.uart.protocol.Frame)
        Version and frame of each body whose CRC holds.
    int
        How many bodies are spoilt.
    """
    found, spoilt, crc = [], 0, protocol.CRC.size
    for body in protocol.Unstuffer(limit=protocol.MAX_REQUEST).feed(chunk):
        whole = len(body) >= protocol.HEAD.size + crc
        if whole and zlib.crc32(body[:-crc]) == protocol.CRC.unpack(body[-crc:])[0]:
            version, kind, tag = protocol.HEAD.unpack_from(body)
            found.append((version, Frame(kind, tag, body[protocol.HEAD.size : -crc])))
        else:
            spoilt += 1
    return found, spoilt
