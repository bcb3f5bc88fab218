# SPDX-License-Identifier: Apache-2.0
"""hw.uart.protocol: bytes of frames, both ways, and what noise does to them."""

from pathlib import Path

import numpy as np
import pytest

from hw.uart import protocol
from hw.uart.facts import CAPACITY_FIELDS, Info
from hw.uart.protocol import END, ESC, Error, Frame, FrameError, Request, Unstuffer, WallError


def test_a_frame_by_hand():
    """CRC-32 of 03 01 34 12, from the definition: reflected, polynomial 04C11DB7."""
    crc = 0xFFFFFFFF
    for byte in b"\x03\x01\x34\x12":
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    expected = b"\xc0\x03\x01\x34\x12" + crc.to_bytes(4, "little") + b"\xc0"
    assert Frame(Request.INFO, 0x1234).encode() == expected


def test_stuffing():
    assert protocol.stuff(b"a\xc0b\xdbc") == b"\xc0a\xdb\xdcb\xdb\xddc\xc0"
    assert protocol.stuff(b"\xdb\xdc") == b"\xc0\xdb\xdd\xdc\xc0"


def test_any_body_survives_in_any_pieces():
    rng = np.random.default_rng(0)
    bodies = [bytes(rng.choice([END, ESC, 0xDC, 0xDD, 0, 7], 50).astype(np.uint8))] * 3
    wire = b"".join(map(protocol.stuff, bodies))
    for size in (1, 7, len(wire)):
        unstuffer, found = Unstuffer(), []
        for start in range(0, len(wire), size):
            found += unstuffer.feed(wire[start : start + size])
        assert found == bodies


@pytest.mark.parametrize(
    "noise",
    [b"\xdb\x00", b"\xdb", b"x" * 20, b"\xdb\xdb\xdc"],
    ids=["false escape", "escaped end", "too long", "escape twice"],
)
def test_a_spoilt_body_is_empty_and_the_next_is_whole(noise):
    unstuffer = Unstuffer(limit=10)
    assert list(unstuffer.feed(bytes([END]) + noise + protocol.stuff(b"good"))) == [b"", b"good"]


def test_every_flipped_bit_is_found():
    body = next(Unstuffer().feed(Frame(Request.INFO, 1).encode()))
    assert Frame.decode(body) == Frame(Request.INFO, 1)
    for n in range(8 * len(body)):
        damaged = bytearray(body)
        damaged[n // 8] ^= 1 << n % 8
        with pytest.raises(FrameError):
            Frame.decode(bytes(damaged))


@pytest.mark.parametrize("length", range(8))
def test_a_cut_body_is_found(length):
    body = next(Unstuffer().feed(Frame(Request.INFO, 1).encode()))
    with pytest.raises(FrameError, match="cut"):
        Frame.decode(body[:length])


def test_another_version_is_named(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(protocol, "VERSION", 9)
        body = next(Unstuffer().feed(Frame(Request.INFO, 1).encode()))
    with pytest.raises(FrameError, match="version 9, this program has 3"):
        Frame.decode(body)


def test_payloads_by_hand():
    assert protocol.generate_payload(b"model-id", [0, -1, 127]) == b"model-id\x00\xff\x7f"
    begin = protocol.LOAD_BEGIN.pack(b"capacity", 1, 2, b"model-id")
    assert begin == b"capacity\1\0\0\0\2\0\0\0model-id"
    assert protocol.ORDER.pack(Error.ORDER, 258) == b"\x0a\2\1\0\0"
    assert protocol.MAX_REQUEST == 4 + 8 + 1024 + 4


@pytest.mark.parametrize(
    ("clock", "baud", "clocks"),
    [(100_000_000, 115_200, 868), (100_000_000, 3_000_000, 33), (921_600, 230_400, 4)],
)
def test_divisor(clock, baud, clocks):
    assert protocol.divisor(clock, baud) == clocks


@pytest.mark.parametrize(
    ("clock", "baud"), [(921_600, 460_800), (921_600, 200_000), (100_000_000, 300), (10**8, 0)]
)
def test_rates_that_a_clock_cannot_make(clock, baud):
    with pytest.raises(ValueError, match="cannot be made from a clock"):
        protocol.divisor(clock, baud)


def test_the_documents_example_is_what_is_sent():
    text = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
    example = text.split("### An example")[1].split("```")[1]
    wire = Frame(Request.INFO, 0x0042).encode()
    assert bytes.fromhex(example) == wire
    body = next(Unstuffer().feed(wire))
    assert f"`{body[:4].hex(' ').upper()}`" in text
    assert f"CRC is `{int.from_bytes(body[4:], 'little'):08X}`" in text


def test_the_documents_numbers_are_the_protocols():
    text = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
    assert f"**{protocol.BAUD:,} baud**" in text
    assert f"| {protocol.BYTE_TIMEOUT} byte-times without a byte |" in text
    assert f"| {protocol.FALLBACK} byte-times of the start-up rate (0.18 s)" in text
    for request in Request:
        assert f"| {request.value} | {request.name.lower().replace('_', '-')} |" in text
    for code in (*Error, *WallError):
        assert f"| {code.value} | {code.name.lower().replace('_', ' ')} |" in text
    assert f"{Info.SIZE} bytes, below" in text
    assert f"{protocol.SELF_TEST_ANSWER.size} bytes: eight stored" in text
    assert f"| payload | 0 to {protocol.MAX_PAYLOAD} |" in text
    assert f"up to {protocol.MAX_DATA} bytes" in text
    for name in CAPACITY_FIELDS:
        assert name in text
