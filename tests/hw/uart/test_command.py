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
from tests.hw.uart.line import FACTS, SELF_TEST, simulate

OTHER = tuple(int(n) for n in np.random.default_rng(2).integers(-128, 128, 100))
GENERATE = protocol.GENERATE.pack(FACTS.model_id, *OTHER)
TAG = 0xC0DB


class Dut(wiring.Component):
    """The handler and its memory, as in the top."""

    i: In(stream.Signature(8))
    i_error: In(stream.Signature(8))
    o_latents: Out(stream.Signature(signed(8)))
    o_jobs: Out(stream.Signature(JOB))

    def elaborate(self, platform):
        m = Module()
        contents = Identity(FACTS, SELF_TEST, (1, 2, 3, 4)).contents()
        m.submodules.command = command = CommandHandler()
        m.submodules.rom = rom = BlockRam(8, identity.DEPTH, contents)
        wiring.connect(m, wiring.flipped(self.i), command.i)
        wiring.connect(m, wiring.flipped(self.i_error), command.i_error)
        wiring.connect(m, command.o_latents, wiring.flipped(self.o_latents))
        wiring.connect(m, command.o_jobs, wiring.flipped(self.o_jobs))
        address = Signal.like(command.rom_addr)
        m.d.sync += address.eq(command.rom_addr)
        m.d.comb += [rom.address.eq(address), command.rom_data.eq(rom.data)]
        return m


def request(kind, payload=b"", *, version=VERSION):
    """Return a request as the frame receiver hands it on."""
    return bytes([len(payload), version, kind]) + TAG.to_bytes(2, "little") + payload


def carry_out(*requests, stall=0.0, error=None):
    """Return the jobs (kind, tag, value) and the latents that `requests` become."""
    dut = Dut()
    rng = np.random.default_rng(1)
    jobs, latents, done = [], [], []

    async def send(ctx):
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
        while not done:
            ctx.set(dut.o_latents.ready, rng.random() >= stall)
            _, _, job, latent, ready, fields, value = await ctx.tick().sample(
                dut.o_jobs.valid,
                dut.o_latents.valid,
                dut.o_latents.ready,
                dut.o_jobs.p,
                dut.o_latents.p,
            )
            if job:
                jobs.append((Kind(fields.kind), fields.tag, fields.value))
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
        request(Request.INFO),
        stall=stall,
    )
    assert kinds(jobs) == [Kind.PICTURE, Kind.SELF_TEST, Kind.PICTURE, Kind.INFO]
    assert {tag for _, tag, _ in jobs} == {TAG}
    assert latents == OTHER + SELF_TEST + OTHER


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
        (request(Request.GENERATE, GENERATE[:3]), Error.LENGTH),
        (request(Request.INFO, b"\x00\x01\x02"), Error.LENGTH),
        (request(Request.SELF_TEST, bytes(108)), Error.LENGTH),
        (request(Request.BAUD, b"\x08"), Error.LENGTH),
        (request(Request.BAUD, protocol.DIVISOR.pack(protocol.MIN_DIVISOR - 1)), Error.DIVISOR),
        (request(9, bytes(range(30))), Error.TYPE),
        (request(Request.GENERATE, GENERATE, version=VERSION + 1), Error.VERSION),
    ],
)
def test_a_refused_request_is_skipped_whole(bad, code):
    jobs, latents = carry_out(bad, request(Request.GENERATE, GENERATE))
    assert jobs[0] == (Kind.ERROR, TAG, code)
    assert kinds(jobs[1:]) == [Kind.PICTURE]
    assert latents == OTHER


def test_rates_down_to_the_least_divisor():
    payload = protocol.DIVISOR.pack(protocol.MIN_DIVISOR)
    jobs, _ = carry_out(request(Request.BAUD, payload))
    assert jobs == [(Kind.BAUD, TAG, protocol.MIN_DIVISOR)]


def test_a_dropped_frame_is_told_without_a_tag():
    jobs, _ = carry_out(request(Request.INFO), error=Error.BROKEN)
    assert jobs[0] == (Kind.ERROR, NO_TAG, Error.BROKEN)
    assert kinds(jobs[1:]) == [Kind.INFO]
