# SPDX-License-Identifier: Apache-2.0
"""hw.top on its pins: each request and each refusal. Pictures:
tests/sim/board/test_virtual_board.py.
"""

import dataclasses
import zlib

import pytest

from hw.uart import protocol
from hw.uart.protocol import ANSWER, ERROR, NO_TAG, Error, Frame, Request
from tests.hw.uart.line import FACTS, SELF_TEST, Host, simulate, stub_sums, stub_top

GENERATE = protocol.GENERATE.pack(FACTS.model_id, *SELF_TEST)
SIZE = protocol.Facts.LAYOUT.size


def converse(*exchanges, answer=(0, 0, 0, 0)):
    """Send each (bytes, number of frames to await), and return all frames."""
    dut = stub_top(answer)
    found = []

    async def bench(ctx):
        host = Host(ctx, dut)
        await host.idle(5)
        for chunk, count in exchanges:
            await host.send(chunk)
            found.extend(await host.receive(count))
        await host.idle(20)
        assert not ctx.get(dut.active)

    simulate(dut, bench)
    return found


def error(tag, code):
    return Frame(ERROR, tag, bytes([code]))


def test_info():
    (frame,) = converse((Frame(Request.INFO, 0xC0DB).encode(), 1))
    assert (frame.type, frame.tag) == (Request.INFO | ANSWER, 0xC0DB)
    assert protocol.Facts.unpack(frame.payload[:SIZE]) == FACTS
    assert protocol.Status.unpack(frame.payload[SIZE:]) == protocol.Status(True, 0, 0)


@pytest.mark.parametrize("wrong", [0, 1])
def test_self_test_gives_all_sums_and_the_generators_cycles(wrong):
    sums = stub_sums(SELF_TEST)
    stored = (*sums[:3], sums[3] ^ wrong)
    first, result, info = converse(
        (Frame(Request.SELF_TEST, 5).encode(), 1),
        (Frame(Request.SELF_TEST, 5).encode(), 1),
        (Frame(Request.INFO, 6).encode(), 1),
        answer=stored,
    )
    assert result.payload == protocol.SUMS.pack(*stored) + protocol.SUMS.pack(*sums)
    assert first == result
    status = protocol.Status.unpack(info.payload[SIZE:])
    assert status.core_cycles == protocol.LATENT + protocol.PIXELS
    assert status.stalled_cycles == 0


def test_sums_are_those_of_the_self_test_whatever_comes_behind_it():
    """Requests that follow at once are in the generator while the self-test is answered."""
    others = [tuple((n * latent) % 256 - 128 for latent in range(100)) for n in (3, 7, 11)]
    wires = [Frame(Request.SELF_TEST, 1)]
    wires += [
        Frame(Request.GENERATE, tag, protocol.GENERATE.pack(FACTS.model_id, *latents))
        for tag, latents in enumerate(others[:2], 2)
    ]
    wires += [Frame(Request.SELF_TEST, 4)]
    dut = stub_top()
    found = []

    async def send(ctx):
        await Host(ctx, dut).send(b"".join(frame.encode() for frame in wires[:2]))
        await Host(ctx, dut).idle(300)
        await Host(ctx, dut).send(b"".join(frame.encode() for frame in wires[2:]))

    async def receive(ctx):
        found.extend(await Host(ctx, dut).receive(4))

    simulate(dut, send, receive, cycles=400_000)
    sums = protocol.SUMS.pack(*stub_sums(SELF_TEST))
    assert [frame.tag for frame in found] == [1, 2, 3, 4]
    assert [found[n].payload[protocol.SUMS.size :] for n in (0, 3)] == [sums, sums]


def versioned(frame, version):
    body = bytes([version]) + next(protocol.Unstuffer().feed(frame.encode()))[1:-4]
    return protocol.stuff(body + zlib.crc32(body).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("wire", "refusal"),
    [
        (Frame(0, 7).encode(), error(7, Error.TYPE)),
        (Frame(5, 7, bytes(9)).encode(), error(7, Error.TYPE)),
        (Frame(ERROR, 7, b"\x01").encode(), error(7, Error.TYPE)),
        (Frame(Request.INFO | ANSWER, 7).encode(), error(7, Error.TYPE)),
        (Frame(Request.INFO, 7, b"a").encode(), error(7, Error.LENGTH)),
        (Frame(Request.GENERATE, 7, GENERATE[:-1]).encode(), error(7, Error.LENGTH)),
        (Frame(Request.GENERATE, 7).encode(), error(7, Error.LENGTH)),
        (Frame(Request.SELF_TEST, 7, bytes(108)).encode(), error(7, Error.LENGTH)),
        (Frame(Request.BAUD, 7, b"\x08").encode(), error(7, Error.LENGTH)),
        (Frame(Request.BAUD, 7, b"\x03\x00").encode(), error(7, Error.DIVISOR)),
        (versioned(Frame(Request.GENERATE, 7, GENERATE), 1), error(7, Error.VERSION)),
        (versioned(Frame(99, 7), 0), error(7, Error.VERSION)),
        (protocol.stuff(b"noise"), error(NO_TAG, Error.BROKEN)),
        *(
            (
                Frame(Request.GENERATE, 7, flipped + GENERATE[8:]).encode(),
                error(7, Error.MODEL),
            )
            for flipped in (
                bytes([FACTS.model_id[0] ^ 1]) + FACTS.model_id[1:],
                FACTS.model_id[:7] + bytes([FACTS.model_id[7] ^ 0x80]),
                bytes(8),
            )
        ),
    ],
)
def test_refusals_and_the_next_request_works(wire, refusal):
    refused, info = converse((wire, 1), (Frame(Request.INFO, 8).encode(), 1))
    assert refused == refusal
    assert info.tag == 8
    assert protocol.Facts.unpack(info.payload[:SIZE]) == FACTS


def test_doubled_request_is_answered_twice():
    dut = stub_top()
    found = []

    async def send(ctx):
        await Host(ctx, dut).send(2 * Frame(Request.INFO, 3).encode())

    async def receive(ctx):
        found.extend(await Host(ctx, dut).receive(2))

    simulate(dut, send, receive)
    first, second = found
    assert first == second
    assert first.tag == 3


def test_change_of_rate():
    dut = stub_top()

    async def bench(ctx):
        host = Host(ctx, dut)
        await host.send(Frame(Request.BAUD, 1, protocol.DIVISOR.pack(6)).encode())
        assert await host.receive() == [Frame(Request.BAUD | ANSWER, 1, protocol.DIVISOR.pack(6))]
        host.divisor = 6
        await host.send(Frame(Request.INFO, 2).encode())
        (info,) = await host.receive()
        assert info.tag == 2

    simulate(dut, bench)


def test_contents_are_all_that_differs_between_models(monkeypatch):
    """Model id, self-test and answer are memory words, nothing is elaborated from them."""
    from amaranth.back import rtlil

    from hw.top import Top
    from hw.uart.identity import Identity
    from tests.hw.uart.line import StubGenerator

    other = dataclasses.replace(FACTS, model_id=b"another.", build_id=b"ANOTHER.")
    texts = []
    for facts, latents, answer in ((FACTS, SELF_TEST, (1,) * 4), (other, (5,) * 100, (2,) * 4)):
        identity = Identity(facts, latents, answer)
        contents = identity.contents()
        assert len(contents) == 152
        monkeypatch.setattr(Identity, "contents", lambda self: bytes(152))
        texts.append(rtlil.convert(Top(StubGenerator(), identity), name="top", emit_src=False))
        monkeypatch.undo()
    assert texts[0] == texts[1]
