# SPDX-License-Identifier: Apache-2.0
"""The board that is fuzzed, and what it must answer: by the host's decoder and the reference."""

import zlib

from golden.full_range import full_range_model
from golden.generator import generate
from golden.latents import draw_latents
from golden.layer_sums import self_test_of
from golden.spec import GeneratorSpec
from hw.build_plan import BuildPlan
from hw.tiling import ArraySpec
from hw.uart import protocol
from hw.uart.protocol import ANSWER, ERROR, Error, Frame, Request
from sim.verilog import cached_verilog

CLOCKS = 8  # a bit, at the start-up rate
LATENTS = 12  # that requests choose from
SELF_TESTS = 0.2  # share of them among requests that draw
SIZES = {
    Request.INFO: 0,
    Request.GENERATE: protocol.GENERATE.size,
    Request.SELF_TEST: 0,
    Request.BAUD: protocol.DIVISOR.size,
}


class FuzzBoard:
    """A `tiny` generator with numbers from a seed on a 4 x 4 array.

    Attributes
    ----------
    plan : hw.build_plan.BuildPlan
    """

    def __init__(self):
        array = ArraySpec(rows=4, columns=4)
        model = full_range_model(GeneratorSpec.preset("tiny"), 1)
        latents, answer = self_test_of(model, array.columns)
        self.plan = BuildPlan(
            model=model,
            array=array,
            clock_hz=CLOCKS * protocol.BAUD,
            self_test=latents,
            answer=answer,
        )
        self._latents = draw_latents(1, LATENTS)
        self._pictures = {
            row.tobytes(): picture.tobytes()
            for row, picture in zip(self._latents, generate(model, self._latents), strict=True)
        }

    def verilog(self):
        """Return the text of its top, module `top`; one made before is there at once."""
        plan = self.plan
        key = plan.build_id + plan.model.digest.encode() + repr(plan.answer).encode()
        return cached_verilog("top", key, plan.top)

    def request(self, rng, tag, *, picture):
        """Return a good request: info, or with `picture` one that draws."""
        if not picture:
            return Frame(Request.INFO, tag)
        if rng.random() < SELF_TESTS:
            return Frame(Request.SELF_TEST, tag)
        row = self._latents[rng.integers(LATENTS)]
        payload = protocol.GENERATE.pack(self.plan.model_id, *map(int, row))
        return Frame(Request.GENERATE, tag, payload)

    def answers(self, version, request, frame):
        """Return whether `frame` is the answer to a proven request of that protocol version."""
        code = self._refusal(version, request)
        if code is not None:
            return frame == Frame(ERROR, request.tag, bytes([code]))
        if (frame.type, frame.tag) != (request.type | ANSWER, request.tag):
            return False
        if request.type == Request.INFO:  # the rest of it is the board's state
            size = protocol.ANSWER_SIZES[Request.INFO]
            return frame.payload.startswith(self.plan.facts.pack()) and len(frame.payload) == size
        if request.type == Request.GENERATE:
            return frame.payload == self._pictures.get(request.payload[protocol.ID_SIZE :])
        if request.type == Request.SELF_TEST:
            return frame.payload == 2 * protocol.SUMS.pack(*self.plan.answer)
        return frame.payload == request.payload

    def _refusal(self, version, request):
        """Return the error that a proven request gets, or None."""
        if version != protocol.VERSION:
            return Error.VERSION
        if request.type not in SIZES:
            return Error.TYPE
        if len(request.payload) != SIZES[request.type]:
            return Error.LENGTH
        if request.type == Request.GENERATE and not request.payload.startswith(self.plan.model_id):
            return Error.MODEL
        return None


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
