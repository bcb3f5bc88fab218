# SPDX-License-Identifier: Apache-2.0
"""What may happen to a request on its way to a board."""

import zlib

import numpy as np

from hw.uart import protocol
from hw.uart.protocol import CRC, END, ESC, HEAD, Frame, Request, stuff
from sim.fuzz.pins import RST, RX, idle

BYTE = 80  # clocks, about a byte-time
LATENTS = (4, 6, 9, 100)  # numbers of one


def _place(rng, chunk):
    return int(rng.integers(len(chunk)))


def _bytes(rng, most):
    """Return 1 to `most` bytes, a third of them with a meaning in SLIP."""
    chunk = rng.integers(0, 256, rng.integers(1, most + 1))
    special = rng.random(chunk.size) < 1 / 3
    return bytes(np.where(special, rng.choice([END, ESC], chunk.size), chunk).astype(np.uint8))


def _body(frame, version=protocol.VERSION, crc=0):
    """Return a frame on the wire with another version, or its CRC changed by `crc`."""
    body = HEAD.pack(version, frame.type, frame.tag) + frame.payload
    return stuff(body + CRC.pack(zlib.crc32(body) ^ crc))


def _other(rng, value, end=256):
    """Return a number below `end` that is not `value`."""
    return int(value + rng.integers(1, end)) % end


def dropped(rng, frame):
    """Up to four bytes are lost."""
    wire = frame.encode()
    at = _place(rng, wire)
    return wire[:at] + wire[at + int(rng.integers(1, 5)) :]


def flipped(rng, frame):
    """Bits of one to three bytes change."""
    wire = bytearray(frame.encode())
    for _ in range(rng.integers(1, 4)):
        wire[_place(rng, wire)] ^= int(rng.integers(1, 256))
    return bytes(wire)


def inserted(rng, frame):
    """One to four bytes appear."""
    wire = frame.encode()
    at = _place(rng, wire)
    return wire[:at] + _bytes(rng, 4) + wire[at:]


def doubled(rng, frame):
    """A part, a single byte or the whole frame perhaps, arrives twice."""
    wire = frame.encode()
    at = _place(rng, wire)
    size = int(rng.choice([1, 2, 10, len(wire)]))
    return wire[: at + size] + wire[at:]


def cut(rng, frame):
    """The end is missing."""
    wire = frame.encode()
    return wire[: _place(rng, wire)]


def noise(rng, frame):
    """Anything in place of a frame."""
    return _bytes(rng, 200)


def false_crc(rng, frame):
    """The CRC is another one."""
    return _body(frame, crc=int(rng.integers(1, 1 << 32)))


def false_length(rng, frame):
    """The payload is too short, or too long, and the CRC is right."""
    size = _other(rng, len(frame.payload), 150)
    return Frame(frame.type, frame.tag, (frame.payload + _bytes(rng, 150) * 150)[:size]).encode()


def false_tag(rng, frame):
    """The tag changed on its way, or is the one that is kept for errors."""
    if rng.random() < 0.5:
        return Frame(frame.type, protocol.NO_TAG, frame.payload).encode()
    body = HEAD.pack(protocol.VERSION, frame.type, frame.tag) + frame.payload
    other = HEAD.pack(protocol.VERSION, frame.type, _other(rng, frame.tag, 1 << 16))
    return stuff(other + frame.payload + CRC.pack(zlib.crc32(body)))


def false_type(rng, frame):
    """A type that no request has; an answer's perhaps."""
    kind = int(rng.integers(Request.WALL, 256))  # which a board without one does not know
    return Frame(kind, frame.tag, frame.payload).encode()


def false_version(rng, frame):
    """Another version of the protocol."""
    return _body(frame, version=_other(rng, protocol.VERSION))


def false_model(rng, frame):
    """A request for another model's picture."""
    payload = _bytes(rng, 8).ljust(protocol.ID_SIZE, b"m") + bytes(int(rng.choice(LATENTS)))
    return Frame(Request.GENERATE, frame.tag, payload).encode()


def back_to_back(rng, frame):
    """Several good requests without a pause."""
    tags = rng.integers(1, 1 << 16, rng.integers(1, 8))
    others = [Frame(Request.INFO, int(tag)).encode() for tag in tags]
    return b"".join([*others, frame.encode()])


def glitch(rng, levels):
    """The line is inverted for a moment, in up to three places."""
    for _ in range(rng.integers(1, 4)):
        at = _place(rng, levels)
        levels[at : at + int(rng.choice([1, 2, 4, 8, 30, 100]))] ^= RX
    return levels


def broken(rng, levels):
    """The line is low for up to four byte-times."""
    at = _place(rng, levels)
    levels[at : at + int(rng.integers(1, 4 * BYTE))] &= ~RX & 0xFF
    return levels


def reset(rng, levels):
    """The board is reset: in the frame, in its answer, or while it draws."""
    levels = np.concatenate([levels, idle(rng.choice([1, BYTE, 100 * BYTE, 1000 * BYTE]))])
    at = _place(rng, levels)
    levels[at : at + int(rng.integers(1, 100))] |= RST
    return levels


BYTE_DAMAGE = (
    dropped, flipped, inserted, doubled, cut, noise, false_crc, false_length, false_tag, false_type,
    false_version, false_model, back_to_back,
)  # fmt: skip
LINE_DAMAGE = (glitch, broken, reset)
