# SPDX-License-Identifier: Apache-2.0
"""What the link's tests share: a generator's stand-in, and a host at the pins of a top."""

import zlib

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hw.top import Top
from hw.uart import protocol
from hw.uart.identity import Identity
from hw.uart.responder import PIXEL

FACTS = protocol.Facts(
    build_id=b"build-id",
    model_id=bytes.fromhex("c0dbdcdd00112233"),
    latent=100,
    channels=(128, 64, 32),
    weight_bits=(8, 7, 6, 5),
    clock_hz=4 * protocol.BAUD,
    macs_per_cycle=256,
)
SELF_TEST = tuple(range(-50, 50))


def stub_picture(latents):
    """Return the 3072 bytes that :class:`StubGenerator` makes of 100 latents."""
    picture = bytearray()
    for n in range(protocol.PIXELS):
        value = latents[n % protocol.LATENT]
        picture += bytes([value & 0xFF, (value + n) & 0xFF, n & 0xFF])
    return bytes(picture)


TRACE = data.StructLayout(
    {"valid": 1, "layer": 2, "mask": 4, "values": data.ArrayLayout(signed(10), 4)}
)


def stub_sums(latents):
    """Return the sums of a self-test with these latents."""
    layers = [bytearray() for _ in range(protocol.SUMMED_LAYERS)]
    for n, value in enumerate(latents[:-1]):
        lanes = [value & 0xFF, n, value & 0xFF, n] if n % 3 else [value & 0xFF, n, 0, 0]
        layers[n // 33] += bytes(lanes)
    return (*map(zlib.crc32, layers), zlib.crc32(stub_picture(latents)))


class StubGenerator(wiring.Component):
    """The generator's ports around :func:`stub_picture`; one picture at a time.

    Each latent is traced as it is taken: 33 words a layer, and one of the last layer.
    """

    i_latents: In(stream.Signature(signed(8)))
    o_pixels: Out(stream.Signature(PIXEL))
    o_trace: Out(TRACE)

    def elaborate(self, platform):
        m = Module()
        m.submodules.latents = latents = memory.Memory(shape=8, depth=protocol.LATENT, init=[])
        write, read = latents.write_port(), latents.read_port(domain="comb")
        pixel = Signal(range(protocol.PIXELS))
        third = Signal(range(3))
        with m.If(write.en):
            m.d.sync += third.eq(Mux(third == 2, 0, third + 1))
            with m.If(write.addr == protocol.LATENT - 1):
                m.d.sync += third.eq(0)
        m.d.comb += [
            self.o_trace.valid.eq(write.en),
            self.o_trace.layer.eq(sum(write.addr >= 33 * n for n in (1, 2, 3))),
            self.o_trace.mask.eq(Mux(third == 0, 0b0011, 0b1111)),
            *(
                self.o_trace.values[lane].eq(write.addr if lane & 1 else self.i_latents.p)
                for lane in range(4)
            ),
            write.data.eq(self.i_latents.p),
            write.en.eq(self.i_latents.valid & self.i_latents.ready),
            self.o_pixels.p.r.eq(read.data),
            self.o_pixels.p.g.eq(read.data + pixel),
            self.o_pixels.p.b.eq(pixel),
        ]
        with m.FSM():
            with m.State("IN"):
                m.d.comb += self.i_latents.ready.eq(1)
                with m.If(self.i_latents.valid):
                    m.d.sync += write.addr.eq(write.addr + 1)
                    with m.If(write.addr == protocol.LATENT - 1):
                        m.d.sync += write.addr.eq(0)
                        m.next = "OUT"
            with m.State("OUT"):
                m.d.comb += self.o_pixels.valid.eq(1)
                with m.If(self.o_pixels.ready):
                    m.d.sync += [pixel.eq(pixel + 1), read.addr.eq(read.addr + 1)]
                    with m.If(read.addr == protocol.LATENT - 1):
                        m.d.sync += read.addr.eq(0)
                    with m.If(pixel == protocol.PIXELS - 1):
                        m.d.sync += read.addr.eq(0)
                        m.next = "IN"
        return m


def stub_top(answer=(0, 0, 0, 0)):
    """Return a top around the stand-in, four clocks a bit."""
    return Top(StubGenerator(), Identity(FACTS, SELF_TEST, answer))


class Host:
    """Bytes in and out at the pins of `dut` (ports rx and tx), one bit in `divisor` clocks."""

    def __init__(self, ctx, dut, divisor=4):
        self.ctx = ctx
        self.dut = dut
        self.divisor = divisor

    async def idle(self, bits):
        """Let the line rest for so many bit-times."""
        self.ctx.set(self.dut.rx, 1)
        await self.ctx.tick().repeat(bits * self.divisor)

    async def send(self, chunk):
        """Send bytes without a gap."""
        for byte in chunk:
            for bit in range(10):
                self.ctx.set(self.dut.rx, (byte << 1 | 0x200) >> bit & 1)
                await self.ctx.tick().repeat(self.divisor)

    async def receive(self, bodies=1, byte_times=200):
        """Return the frames of so many bodies, fewer once the line was silent for `byte_times`."""
        unstuffer, frames = protocol.Unstuffer(), []
        while len(frames) < bodies:
            silence = 0
            while self.ctx.get(self.dut.tx):
                await self.ctx.tick()
                silence += 1
                if silence > byte_times * 10 * self.divisor:
                    return frames
            await self.ctx.tick().repeat(self.divisor // 2)
            byte = 0
            for bit in range(8):
                await self.ctx.tick().repeat(self.divisor)
                byte |= self.ctx.get(self.dut.tx) << bit
            await self.ctx.tick().repeat(self.divisor)
            assert self.ctx.get(self.dut.tx), "stop bit"
            frames += [protocol.Frame.decode(body) for body in unstuffer.feed([byte])]
        return frames


def simulate(dut, *testbenches, cycles=100_000):
    """Run testbenches on `dut` to their ends, and fail if that takes more clocks."""
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(testbench)

    for _ in range(2 * cycles):  # both edges
        if not simulator.advance():
            return
    raise AssertionError(f"not done after {cycles} clocks")
