# SPDX-License-Identifier: Apache-2.0
"""hw.top: each request and each refusal, and its pins. Loads: tests/sim/board/test_upload.py."""

import dataclasses
import zlib

from hw.uart import protocol
from hw.uart.facts import Info, Load, State, Status
from hw.uart.protocol import ANSWER, ERROR, NO_TAG, Error, Frame, Request
from tests.hw.uart.byte_line import ByteHost, ByteLine
from tests.hw.uart.line import Host, simulate
from tests.hw.uart.stand_in import MACHINE, MEMORIES, StandIn, StandInModel, stand_in_top

MODEL = StandInModel()
MODEL_ID = MODEL.digest[:8]
GENERATE = protocol.generate_payload(MODEL_ID, MODEL.self_test)
INFO = Frame(Request.INFO, 8).encode()


def converse(*wires, model=MODEL, part=None):
    """Send bytes to a top that holds `model`, each after the answer before; return the answers."""
    dut = stand_in_top(model, part=part, line=ByteLine())
    found = []

    async def bench(ctx):
        host = ByteHost(ctx, dut)
        await host.idle(100)
        for wire in wires:
            await host.send(wire)
            found.append(await host.receive())
        await host.idle(20)
        assert not ctx.get(dut.active)

    simulate(dut, bench, cycles=50_000)
    return found


def error(tag, code):
    return Frame(ERROR, tag, bytes([code]))


def test_info_and_self_test_and_a_picture():
    wires = [Frame(Request.INFO, 0xC0DB), Frame(Request.SELF_TEST, 5), Frame(Request.INFO, 6)]
    wires.append(Frame(Request.GENERATE, 7, GENERATE))
    first, test, second, picture = converse(*(wire.encode() for wire in wires))
    assert (first.type, first.tag) == (Request.INFO | ANSWER, 0xC0DB)
    status = Status(State.POWER_UP, 0, True, 0, 0)
    info = Info(MACHINE, Load(), MODEL.part.facts, status)
    assert Info.unpack(first.payload) == info
    sums = protocol.SUMS.pack(*MODEL.part.sums[:2], 0, 0, 0, 0, 0, MODEL.part.sums[2])
    assert test.payload == 2 * sums
    cycles = MODEL.latent + 9 + MODEL.pixels  # latents in, trace, pixels out
    timed = dataclasses.replace(status, core_cycles=cycles)
    assert Info.unpack(second.payload) == dataclasses.replace(info, status=timed)
    assert picture == Frame(Request.GENERATE | ANSWER, 7, MODEL.picture(MODEL.self_test))


def test_a_self_test_that_differs_from_the_stored_sums():
    """A plain self-test tells both, and changes nothing."""
    sums = (1, MODEL.part.sums[1], MODEL.part.sums[2])
    part = dataclasses.replace(MODEL.part, sums=sums)
    test, info = converse(Frame(Request.SELF_TEST, 5).encode(), INFO, part=part)
    stored, computed = protocol.SELF_TEST_ANSWER.unpack(test.payload)
    assert stored == protocol.SUMS.pack(*sums[:2], 0, 0, 0, 0, 0, sums[2])
    assert computed == protocol.SUMS.pack(*MODEL.part.sums[:2], 0, 0, 0, 0, 0, sums[2])
    assert Info.unpack(info.payload).status.state == State.POWER_UP


def test_an_empty_board():
    info, picture = converse(INFO, Frame(Request.GENERATE, 3, GENERATE).encode(), model=None)
    assert Info.unpack(info.payload) == Info(
        MACHINE, Load(), None, Status(State.NO_MODEL, 0, False, 0, 0)
    )
    assert picture == error(3, Error.NO_MODEL)


def versioned(frame, version):
    body = bytes([version]) + next(protocol.Unstuffer().feed(frame.encode()))[1:-4]
    return protocol.stuff(body + zlib.crc32(body).to_bytes(4, "little"))


REFUSALS = [
    (Frame(0, 7).encode(), error(7, Error.TYPE)),
    (Frame(8, 7, bytes(9)).encode(), error(7, Error.TYPE)),
    (Frame(ERROR, 7, b"\x01").encode(), error(7, Error.TYPE)),
    (Frame(Request.INFO | ANSWER, 7).encode(), error(7, Error.TYPE)),
    (Frame(Request.INFO, 7, b"a").encode(), error(7, Error.LENGTH)),
    (Frame(Request.GENERATE, 7, GENERATE[:-1]).encode(), error(7, Error.LENGTH)),
    (Frame(Request.GENERATE, 7).encode(), error(7, Error.LENGTH)),
    (Frame(Request.BAUD, 7, b"\x08").encode(), error(7, Error.LENGTH)),
    (Frame(Request.BAUD, 7, b"\x03\x00").encode(), error(7, Error.DIVISOR)),
    (versioned(Frame(Request.GENERATE, 7, GENERATE), 2), error(7, Error.VERSION)),
    (versioned(Frame(99, 7), 0), error(7, Error.VERSION)),
    (protocol.stuff(b"noise"), error(NO_TAG, Error.BROKEN)),
    *(
        (Frame(Request.GENERATE, 7, other + GENERATE[8:]).encode(), error(7, Error.MODEL))
        for other in (bytes([MODEL_ID[0] ^ 1]) + MODEL_ID[1:], MODEL_ID[:7] + b"x", bytes(8))
    ),
    (Frame(Request.LOAD_DATA, 7, bytes(5)).encode(), error(7, Error.NO_LOAD)),
    (Frame(Request.LOAD_END, 7).encode(), error(7, Error.NO_LOAD)),
]


def test_refusals_and_the_next_request_works():
    rate = protocol.DIVISOR.pack(4)  # as it is
    good = Frame(Request.BAUD, 8, rate).encode()
    frames = converse(*(each for wire, _ in REFUSALS for each in (wire, good)))
    assert frames[::2] == [refusal for _, refusal in REFUSALS]
    assert frames[1::2] == [Frame(Request.BAUD | ANSWER, 8, rate)] * len(REFUSALS)


def test_doubled_request_is_answered_twice():
    dut = stand_in_top()
    found = []

    async def send(ctx):
        await Host(ctx, dut).send(2 * Frame(Request.BAUD, 3, protocol.DIVISOR.pack(4)).encode())

    async def receive(ctx):
        found.extend(await Host(ctx, dut).receive(2))

    simulate(dut, send, receive)
    first, second = found
    assert first == second
    assert first.tag == 3


def test_change_of_rate():
    dut = stand_in_top()

    async def bench(ctx):
        host = Host(ctx, dut)
        await host.send(Frame(Request.BAUD, 1, protocol.DIVISOR.pack(6)).encode())
        assert await host.receive() == [Frame(Request.BAUD | ANSWER, 1, protocol.DIVISOR.pack(6))]
        host.divisor = 6
        await host.send(Frame(Request.BAUD, 2, protocol.DIVISOR.pack(8)).encode())
        (changed,) = await host.receive()
        assert changed.tag == 2

    simulate(dut, bench)


def test_contents_are_all_that_differs_between_models(monkeypatch):
    """Model id, self-test and answer are memory words, nothing is elaborated from them."""
    from amaranth.back import rtlil

    from hw.top import Top
    from hw.uart.identity import Identity
    from hw.uart.serial_line import SerialLine

    texts = []
    for model in (MODEL, StandInModel(latent=900, pixels=784, hidden=6, grey=True)):
        identity = Identity(MACHINE, model.part)
        monkeypatch.setattr(Identity, "contents", lambda self: bytes(152))
        top = Top(StandIn(), MEMORIES, identity, SerialLine(4))
        texts.append(rtlil.convert(top, name="top", emit_src=False))
        monkeypatch.undo()
    assert texts[0] == texts[1]
