# SPDX-License-Identifier: Apache-2.0
"""The facts of the serial link, read by both ends: the gateware and the host.

Plain Python, standard library only. ``docs/protocol.md`` is this file in prose.

A frame is ``END body END`` in SLIP (RFC 1055). The body, before stuffing, little-endian:

======= ===== =====================================================
field   bytes meaning
======= ===== =====================================================
version 1     :data:`VERSION`
type    1     :class:`Request`, that plus :data:`ANSWER`, or :data:`ERROR`
tag     2     the request's, given back in its answer
payload any   by type
crc     4     CRC-32 of everything before it, as :func:`zlib.crc32`
======= ===== =====================================================
"""

import enum
import struct
import zlib
from dataclasses import dataclass

VERSION = 2
BAUD = 115_200  # after reset
BYTE_BITS = 10  # start, eight data bits, stop: a byte-time is ten bit-times

END = 0xC0
ESC = 0xDB
ESC_END = 0xDC
ESC_ESC = 0xDD

ANSWER = 0x80  # the type of an answer is that of its request with this bit
ERROR = 0xFF  # the type of an error frame
NO_TAG = 0  # the tag of an error frame about a frame that could not be read

MIN_DIVISOR = 4  # clocks a bit
MAX_DIVISOR = 0xFFFF
BYTE_TIMEOUT = 1024  # byte-times of silence that end an unfinished frame
FALLBACK = 2048  # byte-times at the start-up rate without a good frame that end another rate

ID_SIZE = 8
LATENT = 100
PIXELS = 32 * 32
PICTURE_BYTES = 3 * PIXELS  # R G B, row-major
HEAD = struct.Struct("<BBH")  # version, type, tag
CRC = struct.Struct("<I")

GENERATE = struct.Struct(f"<{ID_SIZE}s{LATENT}b")  # model id, latents
SUMMED_LAYERS = 3  # layers whose activations a board sums; the picture is the fourth's
SUMS = struct.Struct(f"<{SUMMED_LAYERS + 1}I")  # CRC-32 of layers 1 to 3 and of the picture
SELF_TEST_ANSWER = struct.Struct(f"<{SUMS.size}s{SUMS.size}s")  # stored and computed SUMS
DIVISOR = struct.Struct("<H")  # clocks a bit, in the request for another rate and in its answer
ERROR_CODE = struct.Struct("<B")

MAX_REQUEST = HEAD.size + GENERATE.size + CRC.size  # longest body that the board reads
MAX_ANSWER = HEAD.size + PICTURE_BYTES + CRC.size  # longest body that the host reads


class Request(enum.IntEnum):
    """Types of request; the answer's type is this plus :data:`ANSWER`."""

    INFO = 1
    GENERATE = 2
    SELF_TEST = 3
    BAUD = 4


class Error(enum.IntEnum):
    """The one byte of an error frame's payload."""

    BROKEN = 1  # cut, noisy, too long or with a false CRC; tag NO_TAG
    BUSY = 2  # arrived while earlier requests filled the buffer; tag NO_TAG
    VERSION = 3
    TYPE = 4
    LENGTH = 5  # payload does not have the length of its type
    MODEL = 6  # another model's id
    DIVISOR = 7  # below MIN_DIVISOR


@dataclass(frozen=True)
class Facts:
    """The unchanging part of an info answer: what the board is.

    Attributes
    ----------
    build_id, model_id : bytes, 8 long
        Hash of the build plan; first bytes of the model's digest.
    latent : int
    channels : (int, int, int)
    weight_bits : (int, int, int, int)
        The network description.
    clock_hz : int
    macs_per_cycle : int
        Products that feed the generator's accumulators in one clock.
    """

    build_id: bytes
    model_id: bytes
    latent: int
    channels: tuple[int, int, int]
    weight_bits: tuple[int, int, int, int]
    clock_hz: int
    macs_per_cycle: int

    LAYOUT = struct.Struct(f"<{ID_SIZE}s{ID_SIZE}sH3H4BII")

    def pack(self):
        """Return the fields as they go over the wire, 36 bytes."""
        return self.LAYOUT.pack(
            self.build_id,
            self.model_id,
            self.latent,
            *self.channels,
            *self.weight_bits,
            self.clock_hz,
            self.macs_per_cycle,
        )

    @classmethod
    def unpack(cls, payload):
        """Return the facts in `payload`, which is exactly as long as the layout."""
        build, model, latent, c1, c2, c3, b1, b2, b3, b4, clock, macs = cls.LAYOUT.unpack(payload)
        return cls(build, model, latent, (c1, c2, c3), (b1, b2, b3, b4), clock, macs)


@dataclass(frozen=True)
class Status:
    """The changing part of an info answer, 9 bytes.

    Attributes
    ----------
    ready : bool
        The generator takes latents now; it does not while it prepares itself after reset.
    core_cycles : int
        Clocks from the first latent taken to the last pixel out, both included, of the last
        picture.
    stalled_cycles : int
        Those of them in which a pixel waited for the line.
    """

    ready: bool
    core_cycles: int
    stalled_cycles: int

    LAYOUT = struct.Struct("<?II")

    def pack(self):
        """Return the fields as they go over the wire."""
        return self.LAYOUT.pack(self.ready, self.core_cycles, self.stalled_cycles)

    @classmethod
    def unpack(cls, payload):
        """Return the status in `payload`, which is exactly as long as the layout."""
        return cls(*cls.LAYOUT.unpack(payload))


ANSWER_SIZES = {
    Request.INFO: Facts.LAYOUT.size + Status.LAYOUT.size,
    Request.GENERATE: PICTURE_BYTES,
    Request.SELF_TEST: SELF_TEST_ANSWER.size,
    Request.BAUD: DIVISOR.size,
}


class FrameError(ValueError):
    """A body that is no frame of this protocol: damaged, cut, or of another version."""


@dataclass(frozen=True)
class Frame:
    """Type, tag and payload of one frame."""

    type: int
    tag: int
    payload: bytes = b""

    def encode(self):
        """Return the frame as it goes over the wire, stuffed and between two END bytes."""
        body = HEAD.pack(VERSION, self.type, self.tag) + self.payload
        return stuff(body + CRC.pack(zlib.crc32(body)))

    @classmethod
    def decode(cls, body):
        """Return the frame whose unstuffed body is `body`.

        Raises
        ------
        FrameError
            It is too short, its CRC does not hold, or its version is another.
        """
        if len(body) < HEAD.size + CRC.size:
            raise FrameError("frame is cut or garbled")
        if zlib.crc32(body[: -CRC.size]) != CRC.unpack(body[-CRC.size :])[0]:
            raise FrameError("frame is damaged, its CRC does not hold")
        version, kind, tag = HEAD.unpack_from(body)
        if version != VERSION:
            raise FrameError(f"frame has protocol version {version}, this program has {VERSION}")
        return cls(kind, tag, bytes(body[HEAD.size : -CRC.size]))


def stuff(body):
    """Return `body` in SLIP: END and ESC inside it escaped, an END before and after it."""
    inner = body.replace(bytes([ESC]), bytes([ESC, ESC_ESC]))
    return bytes([END]) + inner.replace(bytes([END]), bytes([ESC, ESC_END])) + bytes([END])


class Unstuffer:
    """Cut a byte stream into SLIP bodies; survives any noise.

    Parameters
    ----------
    limit : int
        Bodies longer than this are dropped.
    """

    def __init__(self, limit=MAX_ANSWER):
        self.limit = limit
        self.body = bytearray()
        self.escaped = False
        self.spoilt = False

    def feed(self, chunk):
        """Yield each body that ends in `chunk`; an empty one where it is not SLIP, or too long.

        Two END in a row yield nothing.
        """
        for byte in chunk:
            if byte == END:
                body, spoilt = bytes(self.body), self.spoilt or self.escaped
                self.body.clear()
                self.escaped = self.spoilt = False
                if spoilt:
                    yield b""
                elif body:
                    yield body
            elif self.escaped:
                self.escaped = False
                plain = {ESC_END: END, ESC_ESC: ESC}.get(byte)
                if plain is None:
                    self.spoilt = True
                else:
                    self._append(plain)
            elif byte == ESC:
                self.escaped = True
            else:
                self._append(byte)

    def _append(self, byte):
        if len(self.body) < self.limit:
            self.body.append(byte)
        else:
            self.spoilt = True


def divisor(clock_hz, baud):
    """Return the clocks a bit that come nearest to `baud`.

    Raises
    ------
    ValueError
        The board's clock cannot make the rate within 2 %, or it is out of range.
    """
    clocks = round(clock_hz / baud) if baud > 0 else 0
    if not MIN_DIVISOR <= clocks <= MAX_DIVISOR or abs(clock_hz / clocks / baud - 1) > 0.02:
        raise ValueError(
            f"{baud} baud cannot be made from a clock of {clock_hz} Hz; it makes "
            f"{-(-clock_hz // MAX_DIVISOR)} to {clock_hz // MIN_DIVISOR}"
        )
    return clocks
