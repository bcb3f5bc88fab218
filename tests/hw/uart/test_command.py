# SPDX-License-Identifier: Apache-2.0
"""hw.uart.command: the jobs and latents that requests become, whatever came before."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.primitives.block_ram import BlockRam
from hw.uart import identity, protocol
from hw.uart.command import JOB, CommandHandler, Kind
from hw.uart.identity import Identity
from hw.uart.protocol import NO_TAG, VERSION, Error, Request
from tests.hw.uart.line import simulate
from tests.hw.uart.stand_in import MACHINE, StandInModel

MODEL = StandInModel(latent=40)
OTHER = tuple(int(n) for n in np.random.default_rng(2).integers(-128, 128, MODEL.latent))
GENERATE = protocol.generate_payload(MODEL.digest[:8], OTHER)
TAG = 0xC0DB
OFFSET = 0x12345678  # that the load under way tells
LOAD_DATA = bytes([3, 1, 4, 1, 5])


class Dut(wiring.Component):
    """The handler and its memory, as in the top; loads are taken, and end as `load_error` says.

    A load's first byte is its error.
    """

    i: In(stream.Signature(8))
    i_error: In(stream.Signature(8))
    o_latents: Out(stream.Signature(signed(8)))
    o_jobs: Out(stream.Signature(JOB))
    held: In(1, init=1)
    latent: In(11, init=MODEL.latent)
    quiet: In(1, init=1)
    tested: In(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.command = command = CommandHandler()
        contents = Identity(MACHINE, MODEL.part).contents()
        m.submodules.rom = rom = BlockRam(8, identity.DEPTH, contents)
        for name in ("i", "i_error"):
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(command, name))
        for name in ("o_latents", "o_jobs"):
            wiring.connect(m, getattr(command, name), wiring.flipped(getattr(self, name)))
        address = Signal.like(command.rom_addr)
        m.d.sync += address.eq(command.rom_addr)
        left, first = Signal.like(command.load_size), Signal()
        m.d.comb += [
            rom.address.eq(address),
            command.rom_data.eq(rom.data),
            command.held.eq(self.held),
            command.latent.eq(self.latent),
            command.quiet.eq(self.quiet),
            command.tested.eq(self.tested),
            command.load_next.eq(OFFSET),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [left.eq(command.load_size), command.load_error.eq(0), first.eq(1)]
                with m.If(command.load_start):
                    m.next = "TAKE"
            with m.State("TAKE"):
                m.d.comb += command.o_load.ready.eq(left != 0)
                with m.If(left == 0):
                    m.d.comb += command.load_done.eq(1)
                    m.next = "IDLE"
                with m.Elif(command.o_load.valid):
                    m.d.sync += [left.eq(left - 1), first.eq(0)]
                    with m.If(first):
                        m.d.sync += command.load_error.eq(command.o_load.p)
        return m


def request(kind, payload=b"", *, version=VERSION):
    """Return a request as the frame receiver hands it on."""
    size = len(payload).to_bytes(2, "little")
    return size + bytes([version, kind]) + TAG.to_bytes(2, "little") + payload


def carry_out(*requests, stall=0.0, error=None, held=True, quiet_after=0):
    """Return the jobs (kind, tag, value) and the latents that `requests` become."""
    dut = Dut()
    rng = np.random.default_rng(1)
    jobs, latents, done = [], [], []

    async def send(ctx):
        ctx.set(dut.held, held)
        if error is not None:
            ctx.set(dut.i_error.p, error)
            ctx.set(dut.i_error.valid, 1)
            await ctx.tick().until(dut.i_error.ready)
            ctx.set(dut.i_error.valid, 0)
        for byte in b"".join(requests):
            while rng.random() < stall:
                await ctx.tick()
            ctx.set(dut.i.p, byte)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)
        await ctx.tick().repeat(400)
        done.append(True)

    async def take(ctx):
        ctx.set(dut.o_jobs.ready, 1)
        cycle = 0
        testing = 0
        while not done:
            cycle += 1
            ctx.set(dut.o_latents.ready, rng.random() >= stall)
            ctx.set(dut.quiet, cycle >= quiet_after)
            testing = max(0, testing - 1)
            ctx.set(dut.tested, testing == 1)
            _, _, job, latent, ready, fields, value = await ctx.tick().sample(
                dut.o_jobs.valid,
                dut.o_latents.valid,
                dut.o_latents.ready,
                dut.o_jobs.p,
                dut.o_latents.p,
            )
            if job:
                jobs.append((Kind(fields.kind), fields.tag, fields.value))
                if jobs[-1][0] in (Kind.SELF_TEST, Kind.LOAD_END):
                    assert cycle >= quiet_after
                    testing = 200
            if latent and ready:
                latents.append(value)

    simulate(dut, send, take)
    return jobs, tuple(latents)


def kinds(jobs):
    return [kind for kind, _, _ in jobs]


@pytest.mark.parametrize("stall", [0.0, 0.4])
def test_latents_of_pictures_and_of_the_self_test(stall):
    jobs, latents = carry_out(
        request(Request.GENERATE, GENERATE),
        request(Request.SELF_TEST),
        request(Request.GENERATE, GENERATE),
        request(Request.LOAD_END),
        request(Request.INFO),
        stall=stall,
    )
    wanted = [Kind.PICTURE, Kind.SELF_TEST, Kind.PICTURE, Kind.LOAD_END, Kind.INFO]
    assert kinds(jobs) == wanted
    assert {tag for _, tag, _ in jobs} == {TAG}
    assert latents == OTHER + MODEL.self_test + OTHER + MODEL.self_test


@pytest.mark.parametrize("kind", [Request.SELF_TEST, Request.LOAD_END])
def test_a_self_test_waits_until_all_before_it_is_answered(kind):
    jobs, latents = carry_out(request(kind), request(Request.INFO), quiet_after=150)
    assert kinds(jobs) == [Kind[kind.name], Kind.INFO]
    assert latents == MODEL.self_test


@pytest.mark.parametrize("at", range(protocol.ID_SIZE))
def test_any_byte_of_another_model(at):
    other = bytearray(GENERATE)
    other[at] ^= 1 << at
    jobs, latents = carry_out(
        request(Request.GENERATE, bytes(other)), request(Request.GENERATE, GENERATE)
    )
    assert jobs[0] == (Kind.ERROR, TAG, Error.MODEL)
    assert kinds(jobs[1:]) == [Kind.PICTURE]
    assert latents == OTHER


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (request(Request.GENERATE, GENERATE[:-1]), Error.LENGTH),
        (request(Request.GENERATE, GENERATE + b"x"), Error.LENGTH),
        (request(Request.GENERATE, GENERATE + bytes(256)), Error.LENGTH),
        (request(Request.GENERATE, GENERATE[:3]), Error.LENGTH),
        (request(Request.INFO, b"\x00\x01\x02"), Error.LENGTH),
        (request(Request.INFO, bytes(256)), Error.LENGTH),
        (request(Request.SELF_TEST, bytes(108)), Error.LENGTH),
        (request(Request.BAUD, b"\x08"), Error.LENGTH),
        (request(Request.BAUD, protocol.DIVISOR.pack(protocol.MIN_DIVISOR - 1)), Error.DIVISOR),
        (request(Request.LOAD_BEGIN, bytes(23)), Error.LENGTH),
        (request(Request.LOAD_DATA, bytes(4)), Error.LENGTH),
        (request(Request.LOAD_DATA, bytes(1029)), Error.LENGTH),
        (request(Request.LOAD_END, bytes(1)), Error.LENGTH),
        (request(9, bytes(range(30))), Error.TYPE),
        (request(0), Error.TYPE),
        (request(Request.GENERATE, GENERATE, version=VERSION + 1), Error.VERSION),
        (request(Request.LOAD_DATA, LOAD_DATA, version=2), Error.VERSION),
        (request(Request.LOAD_DATA, bytes([Error.NO_LOAD, *LOAD_DATA])), Error.NO_LOAD),
        (request(Request.LOAD_BEGIN, bytes([Error.CAPACITY, *bytes(23)])), Error.CAPACITY),
    ],
)
def test_a_refused_request_is_skipped_whole(bad, code):
    jobs, latents = carry_out(bad, request(Request.GENERATE, GENERATE))
    assert jobs[0] == (Kind.ERROR, TAG, code)
    assert kinds(jobs[1:]) == [Kind.PICTURE]
    assert latents == OTHER


@pytest.mark.parametrize("payload", [b"", GENERATE, bytes(8)])
def test_without_a_model(payload):
    jobs, latents = carry_out(
        request(Request.GENERATE, payload), request(Request.SELF_TEST), held=False
    )
    assert jobs == 2 * [(Kind.ERROR, TAG, Error.NO_MODEL)]
    assert latents == ()


def test_loads_tell_where_they_are():
    data = bytes([0, *LOAD_DATA])
    jobs, latents = carry_out(
        request(Request.LOAD_BEGIN, bytes(24)),
        request(Request.LOAD_DATA, data),
        request(Request.LOAD_DATA, bytes([Error.ORDER, *LOAD_DATA])),
        request(Request.LOAD_DATA, bytes(1028)),
        held=False,
    )
    assert jobs == [
        (Kind.LOAD_BEGIN, TAG, OFFSET),
        (Kind.LOAD_DATA, TAG, OFFSET),
        (Kind.ORDER, TAG, OFFSET),
        (Kind.LOAD_DATA, TAG, OFFSET),
    ]
    assert latents == ()


def test_rates_down_to_the_least_divisor():
    payload = protocol.DIVISOR.pack(protocol.MIN_DIVISOR)
    jobs, _ = carry_out(request(Request.BAUD, payload))
    assert jobs == [(Kind.BAUD, TAG, protocol.MIN_DIVISOR)]


def test_a_dropped_frame_is_told_without_a_tag():
    jobs, _ = carry_out(request(Request.INFO), error=Error.BROKEN)
    assert jobs[0] == (Kind.ERROR, NO_TAG, Error.BROKEN)
    assert kinds(jobs[1:]) == [Kind.INFO]
