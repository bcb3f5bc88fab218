# SPDX-License-Identifier: Apache-2.0
"""The facts of the serial link, read by both ends: the gateware and the host.

Plain Python, standard library only. ``docs/protocol.md`` is this file and
:mod:`hw.uart.facts` in prose.

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

VERSION = 3
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

ID_SIZE = 8  # of a build, a capacity, a model: the beginning of a longer hash
DIGEST_SIZE = 32
MAX_LATENT = 1024
MAX_LAYERS = 8
MAX_PIXELS = 128 * 128
MAX_DATA = 1024  # bytes of an image in one load-data
HEAD = struct.Struct("<BBH")  # version, type, tag
CRC = struct.Struct("<I")

HIDDEN_LAYERS = MAX_LAYERS - 1
PICTURE_SUM = HIDDEN_LAYERS  # number of the picture's sum
SUMS = struct.Struct(
    f"<{MAX_LAYERS}I"
)  # CRC-32 of the hidden layers, 0 where none, and the picture
SELF_TEST_ANSWER = struct.Struct(f"<{SUMS.size}s{SUMS.size}s")  # stored and computed SUMS
DIVISOR = struct.Struct("<H")  # clocks a bit, in the request for another rate and in its answer
LOAD_BEGIN = struct.Struct(f"<{ID_SIZE}sII{ID_SIZE}s")  # capacity id, length, CRC-32, model id
OFFSET = struct.Struct("<I")  # before the data; and in the answers, of the next byte
WALL = struct.Struct("<IB")  # seed, mode; in the answer pictures behind them, else perhaps a text
WALL_ANSWER = struct.Struct("<IBI")
WALL_OFF, WALL_STEPS = 0, 6  # modes: off; 1 to 6: 1, 2, ... 32 steps from latent to latent
WALL_TEXT = 0x80  # of a mode in an answer: with a text
MAX_TEXT = 24  # characters, :func:`is_text`
ERROR_CODE = struct.Struct("<B")
ORDER = struct.Struct("<BI")  # payload of the error `ORDER`: code, offset of the next byte

MAX_PAYLOAD = max(ID_SIZE + MAX_LATENT, OFFSET.size + MAX_DATA)
MAX_REQUEST = HEAD.size + MAX_PAYLOAD + CRC.size  # longest body that the board reads
MAX_ANSWER = HEAD.size + 3 * MAX_PIXELS + CRC.size  # longest body that the host reads


class Request(enum.IntEnum):
    """Types of request; the answer's type is this plus :data:`ANSWER`."""

    INFO = 1
    GENERATE = 2
    SELF_TEST = 3
    BAUD = 4
    LOAD_BEGIN = 5
    LOAD_DATA = 6
    LOAD_END = 7
    WALL = 8  # of boards that have a screen


class Error(enum.IntEnum):
    """The first byte of an error frame's payload; that of `ORDER` has an offset behind it."""

    BROKEN = 1  # cut, noisy, too long or with a false CRC; tag NO_TAG
    BUSY = 2  # arrived while earlier requests filled the buffer; tag NO_TAG
    VERSION = 3
    TYPE = 4
    LENGTH = 5  # payload does not have the length of its type, or data go past the image's end
    MODEL = 6  # another model's id
    DIVISOR = 7  # below MIN_DIVISOR
    NO_MODEL = 8  # the board holds none, or a load is under way
    CAPACITY = 9  # the image is of another capacity
    ORDER = 10  # data are not the next ones, or the end came early
    CRC = 11  # the image has another CRC, or another form
    NO_LOAD = 12  # no load is under way
    MEMORY = 13  # the memory outside, for the weights, did not start


class WallError(enum.IntEnum):
    """More of them, of a wall. One enumeration would make all machines' codes a bit wider."""

    WALK = 14  # there is no such mode
    LATENTS = 15  # it does not draw latents of the model's kind, or the image does not tell it
    SIZE = 16  # the screen has no room for pictures of the model's size
    TEXT = 17  # a character is not one of the printable ones of ASCII
    ROOM = 18  # the wall has one row of such pictures, and no room for a text


def generate_payload(model_id, latents):
    """Return the payload that asks for a picture.

    Parameters
    ----------
    model_id : bytes, 8 long
    latents : sequence of int
        -128 to 127.
    """
    return model_id + struct.pack(f"<{len(latents)}b", *map(int, latents))


def is_text(text):
    """Return whether a wall can show a text: printable characters of ASCII, not too many."""
    return 1 <= len(text) <= MAX_TEXT and all(" " <= character <= "~" for character in text)


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
