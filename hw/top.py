# SPDX-License-Identifier: Apache-2.0
"""The board-independent top: a generator behind a serial line."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from golden.spec import QUAD
from hw.primitives.block_ram import BlockRam
from hw.primitives.stream_register import StreamRegister
from hw.uart import identity
from hw.uart.baud import BaudRate
from hw.uart.command import JOB, CommandHandler
from hw.uart.frame_receiver import FrameReceiver
from hw.uart.frame_sender import FrameSender
from hw.uart.layer_crc import LayerCrc
from hw.uart.protocol import BAUD
from hw.uart.protocol import divisor as clocks_a_bit
from hw.uart.receiver import Receiver
from hw.uart.responder import PIXEL, Responder
from hw.uart.slip import BODY_BYTE, Decoder
from hw.uart.stopwatch import Stopwatch
from hw.uart.transmitter import Transmitter


class Top(wiring.Component):
    """Answer the requests of ``docs/protocol.md`` with a generator's pictures.

    Requests are carried out in order. The latents of the next go in while a picture goes out, and
    one more request waits in the receive buffer.

    Parameters
    ----------
    generator : wiring.Component
        Has ``i_latents``, 100 signed bytes an avatar, ``o_pixels``, 1024 structs of r, g, b, and
        ``o_trace``, of which the fields valid, layer, mask and values count.
    about : hw.uart.identity.Identity
        Facts and self-test, kept in a memory. Its clock is the clock of this top.
    baud : int
        Bits a second after reset.

    Members
    -------
    rx : In(1)
        Serial line in; synchronised here.
    tx : Out(1)
        Serial line out, from a register.
    active : Out(1)
        Something is under way on the line, in the generator or in a time-out: with this low and
        `rx` high, nothing changes. A lamp on a board.
    error : Out(1)
        The last frame that came was broken. A lamp on a board.
    """

    rx: In(1, init=1)
    tx: Out(1, init=1)
    active: Out(1)
    error: Out(1)

    def __init__(self, generator, about, *, baud=BAUD):
        self.generator = generator
        self.about = about
        self.startup = clocks_a_bit(about.facts.clock_hz, baud)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.generator = generator = self.generator
        m.submodules.baud = baud = BaudRate(self.startup)
        m.submodules.receiver = receiver = Receiver()
        m.submodules.decoder = decoder = Decoder()
        m.submodules.frames = frames = FrameReceiver()
        m.submodules.command = command = CommandHandler()
        m.submodules.jobs = jobs = SyncFIFOBuffered(width=JOB.size, depth=2)
        m.submodules.responder = responder = Responder()
        m.submodules.sender = sender = FrameSender()
        m.submodules.transmitter = transmitter = Transmitter()
        m.submodules.stopwatch = stopwatch = Stopwatch()
        m.submodules.layers = layers = LayerCrc()
        m.submodules.identity = rom = BlockRam(8, identity.DEPTH, self.about.contents())

        wiring.connect(m, receiver.o, decoder.i)
        wiring.connect(m, decoder.o, frames.i)
        m.submodules.request_register = request = StreamRegister(8)
        wiring.connect(m, frames.o, request.i)
        wiring.connect(m, request.o, command.i)
        wiring.connect(m, frames.o_error, command.i_error)
        m.submodules.body_register = body = StreamRegister(BODY_BYTE)
        wiring.connect(m, responder.o, body.i)
        wiring.connect(m, body.o, sender.i)
        wiring.connect(m, sender.o, transmitter.i)
        m.submodules.latents_register = latents = StreamRegister(signed(8))
        m.submodules.pixels_register = pixels = StreamRegister(PIXEL)
        wiring.connect(m, command.o_latents, latents.i)
        wiring.connect(m, latents.o, generator.i_latents)
        wiring.connect(m, generator.o_pixels, pixels.i)
        wiring.connect(m, pixels.o, responder.i_pixels)
        m.d.comb += [
            jobs.w_data.eq(command.o_jobs.p),
            jobs.w_en.eq(command.o_jobs.valid),
            command.o_jobs.ready.eq(jobs.w_rdy),
            Value.cast(responder.i_jobs.p).eq(jobs.r_data),
            responder.i_jobs.valid.eq(jobs.r_rdy),
            jobs.r_en.eq(responder.i_jobs.ready),
            command.rom_data.eq(rom.data),
            responder.rom_data.eq(rom.data),
        ]

        rom_address = Signal.like(rom.address, reset_less=True)
        m.d.sync += [
            rom_address.eq(Mux(command.rom_en, command.rom_addr, responder.rom_addr)),
            responder.rom_busy.eq(command.rom_en),
        ]
        m.d.comb += rom.address.eq(rom_address)

        trace = generator.o_trace
        m.d.comb += [
            layers.valid.eq(trace.valid),
            layers.layer.eq(trace.layer),
            layers.mask.eq(trace.mask),
            *(layers.values[lane].eq(trace.values[lane]) for lane in range(QUAD)),
            layers.picture_done.eq(responder.picture_done),
            layers.index.eq(responder.layer),
            responder.layer_crc.eq(layers.crc),
        ]

        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            receiver.divisor.eq(baud.divisor),
            transmitter.divisor.eq(baud.divisor),
            frames.divisor.eq(baud.divisor),
            decoder.clear.eq(frames.clear),
            baud.set.eq(responder.set_divisor),
            baud.new.eq(responder.divisor),
            responder.ready.eq(generator.i_latents.ready),
            responder.core_cycles.eq(stopwatch.core_cycles),
            responder.stalled_cycles.eq(stopwatch.stalled_cycles),
        ]
        m.d.sync += [
            stopwatch.latent_taken.eq(generator.i_latents.valid & generator.i_latents.ready),
            stopwatch.pixel_taken.eq(generator.o_pixels.valid & generator.o_pixels.ready),
            stopwatch.pixel_waits.eq(generator.o_pixels.valid & ~generator.o_pixels.ready),
        ]

        # A cycle late is early enough: the register holds the last byte of an answer as it goes in.
        m.d.sync += responder.line_active.eq(body.o.valid | sender.active | transmitter.active)

        m.d.sync += [baud.good.eq(frames.good), baud.bad.eq(frames.bad)]
        with m.If(frames.good | frames.bad):
            m.d.sync += self.error.eq(frames.bad)
        m.d.sync += self.active.eq(
            receiver.active
            | decoder.o.valid
            | frames.active
            | request.o.valid
            | command.active
            | jobs.level.any()
            | responder.active
            | body.o.valid
            | sender.active
            | transmitter.active
            | baud.probation
            | ~generator.i_latents.ready
        )

        return m
