# SPDX-License-Identifier: Apache-2.0
"""hw.uart.frame_receiver: good frames pass, bad ones leave a notice and nothing else."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.uart import protocol
from hw.uart.frame_receiver import FrameReceiver
from hw.uart.protocol import BYTE_BITS, END, ESC, Error, Frame, Request
from hw.uart.receiver import BYTE
from hw.uart.slip import Decoder
from tests.hw.uart.line import simulate

BYTE_TIME = BYTE_BITS * protocol.MIN_DIVISOR
BYTE_TIMEOUT = 25  # in place of protocol.BYTE_TIMEOUT, to save time


@pytest.fixture(autouse=True)
def _short_timeout(monkeypatch):
    monkeypatch.setattr("hw.uart.frame_receiver.BYTE_TIMEOUT", BYTE_TIMEOUT)


class Dut(wiring.Component):
    """Decoder and receiver, as in the top."""

    i: In(stream.Signature(BYTE, always_ready=True))
    o: Out(stream.Signature(8))
    o_error: Out(stream.Signature(8))

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = Decoder()
        m.submodules.frames = self.frames = frames = FrameReceiver()
        wiring.connect(m, wiring.flipped(self.i), decoder.i)
        wiring.connect(m, decoder.o, frames.i)
        wiring.connect(m, frames.o, wiring.flipped(self.o))
        wiring.connect(m, frames.o_error, wiring.flipped(self.o_error))
        m.d.comb += [
            decoder.clear.eq(frames.clear),
            frames.divisor.eq(protocol.MIN_DIVISOR),
        ]
        return m


def silence(byte_times):
    return int(byte_times * BYTE_TIME)


def receive(*items, take=True, stall=0.0):
    """Send chunks of bytes, and pauses of so many cycles; return packets and notices.

    A packet is (version, type, tag, payload). Without `take`, requests are taken only after
    everything was sent.
    """
    dut = Dut()
    rng = np.random.default_rng(3)
    packets, notices, done = [], [], []

    async def send(ctx):
        for item in items:
            if isinstance(item, int):
                await ctx.tick().repeat(item)
                continue
            for byte in item:
                ctx.set(dut.i.p, {"data": byte or 0, "broken": byte is None})
                ctx.set(dut.i.valid, 1)
                await ctx.tick()
                ctx.set(dut.i.valid, 0)
                await ctx.tick().repeat(3)
        await ctx.tick().repeat(400)
        done.append(True)

    async def drain(ctx):
        packet = bytearray()
        while not done or ctx.get(dut.o.valid):
            ctx.set(dut.o.ready, bool(take or done) and rng.random() >= stall)
            _, _, valid, ready, byte = await ctx.tick().sample(dut.o.valid, dut.o.ready, dut.o.p)
            if valid and ready:
                packet.append(byte)
                size = int.from_bytes(packet[:2], "little")
                if len(packet) > 5 and len(packet) == 6 + size:
                    tag = int.from_bytes(packet[4:6], "little")
                    packets.append((packet[2], packet[3], tag, bytes(packet[6:])))
                    packet.clear()
        assert not packet

    async def notice(ctx):
        ctx.set(dut.o_error.ready, 1)
        while not done:
            _, _, valid, code = await ctx.tick().sample(dut.o_error.valid, dut.o_error.p)
            if valid:
                notices.append(Error(code))

    simulate(dut, send, drain, notice)
    return packets, notices


def generate(tag):
    return Frame(Request.GENERATE, tag, bytes((tag + n) & 0xFF for n in range(108)))


def packet(frame):
    return (protocol.VERSION, frame.type, frame.tag, frame.payload)


INFO = Frame(Request.INFO, 0xC0DB)
BIG = generate(7)
BROKEN = [Error.BROKEN]


@pytest.mark.parametrize("stall", [0.0, 0.7])
def test_good_frames_pass_back_to_back(stall):
    frames = [INFO, BIG, INFO, generate(180), Frame(99, 3, b"\xc0\xdb")]
    wire = b"".join(frame.encode() for frame in frames)
    assert receive(wire, stall=stall) == ([packet(frame) for frame in frames], [])


def test_leading_end_may_be_missing_and_ends_may_repeat():
    assert receive(INFO.encode()[1:], bytes([END] * 5), INFO.encode()) == ([packet(INFO)] * 2, [])


def flipped(frame, position):
    wire = bytearray(frame.encode())
    wire[position] ^= 0x10
    return bytes(wire)


@pytest.mark.parametrize(
    "bad",
    [
        flipped(BIG, 20),
        flipped(BIG, -3),
        flipped(INFO, 1),
        BIG.encode()[:50] + bytes([END]),
        bytes([END, 1, END]),
        bytes([END, *b"1234567", END]),
        bytes([END, *bytes(protocol.MAX_REQUEST + 1), END]),
        bytes([END, *bytes(2 * protocol.MAX_REQUEST), END]),
        bytes([END, 1, ESC, 5, END]),
        INFO.encode()[:-1] + bytes([ESC, END]),
        [*BIG.encode()[:30], None, *BIG.encode()[30:]],
        [*BIG.encode()[:4], None, *BIG.encode()[5:]],
        [None, END],
    ],
    ids=[
        "payload flipped", "crc flipped", "version flipped", "cut", "one byte", "seven bytes",
        "one too long", "far too long", "false escape", "escape before end", "broken byte",
        "right byte, false stop bit", "broken byte alone",
    ],
)  # fmt: skip
def test_a_bad_frame_leaves_a_notice_and_the_next_passes(bad):
    assert receive(INFO.encode(), bad, BIG.encode()) == ([packet(INFO), packet(BIG)], BROKEN)


def test_a_cut_frame_followed_at_once_by_a_good_one():
    assert receive(BIG.encode()[:60], BIG.encode()) == ([packet(BIG)], BROKEN)


def test_noise_after_a_good_frame():
    noise = [byte for byte in np.random.default_rng(0).bytes(80) if byte != END]
    assert receive(BIG.encode(), noise, INFO.encode()) == ([packet(BIG), packet(INFO)], BROKEN)


def test_silence_ends_a_frame_and_not_before():
    wire = BIG.encode()
    late = receive(wire[:40], silence(BYTE_TIMEOUT + 1), wire[40:], INFO.encode())
    assert late == ([packet(INFO)], BROKEN * 2)
    assert receive(wire[:40], silence(BYTE_TIMEOUT - 1), wire[40:]) == ([packet(BIG)], [])


def test_no_escape_survives_the_silence():
    cut = [*BIG.encode()[:20], ESC]
    assert receive(cut, silence(BYTE_TIMEOUT + 1), INFO.encode()[1:]) == ([packet(INFO)], BROKEN)


def test_silence_between_frames_is_nothing():
    items = (INFO.encode(), silence(BYTE_TIMEOUT * 2), INFO.encode())
    assert receive(*items) == ([packet(INFO)] * 2, [])


def data(tag, size=protocol.MAX_PAYLOAD):
    return Frame(Request.LOAD_DATA, tag, bytes((tag + n) & 0x7F for n in range(size)))


@pytest.mark.parametrize("size", [255, 256, 257, protocol.MAX_PAYLOAD])
def test_long_frames(size):
    frames = [data(1, size), INFO, data(2, size)]
    wire = b"".join(frame.encode() for frame in frames)
    assert receive(wire) == ([packet(frame) for frame in frames], [])


def test_a_full_buffer_refuses_and_keeps_what_it_has():
    """One frame of the longest fits beside what is carried out; what is taken later is whole."""
    frames = [data(1), data(2, 900), data(3, 300)]
    wire = b"".join(frame.encode() for frame in frames)
    packets, notices = receive(wire, take=False)
    assert packets == [packet(frame) for frame in frames[:2]]
    assert notices == [Error.BUSY]


@pytest.mark.parametrize("length", [0, 13, 108, 500])
def test_nothing_in_the_buffer_is_overwritten(length, monkeypatch):
    """Whatever the fill, frames either pass whole or are refused."""
    monkeypatch.setattr("hw.uart.frame_receiver.DEPTH", 512)
    frames = [Frame(9, n, bytes([n] * length)) for n in range(512 // (length + 6) + 3)]
    packets, notices = receive(b"".join(frame.encode() for frame in frames), take=False)
    assert packets == [packet(frame) for frame in frames[: len(packets)]]
    assert len(packets) + len(notices) == len(frames)
    assert len(packets) >= 500 // (length + 10)
    assert notices
