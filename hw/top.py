# SPDX-License-Identifier: Apache-2.0
"""The board-independent top: a generator behind a line."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from golden.spec import QUAD
from hw.display.text import NAME
from hw.flash.reader import PINS
from hw.flash.switch import RequestSwitch
from hw.latents.wall import Wall
from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay
from hw.primitives.stream_register import registered
from hw.uart import identity
from hw.uart.command import JOB, CommandHandler
from hw.uart.facts import Memory, State
from hw.uart.frame_receiver import FrameReceiver
from hw.uart.frame_sender import FrameSender
from hw.uart.layer_crc import LayerCrc
from hw.uart.load_handler import TEST_LIMIT, LoadHandler
from hw.uart.responder import Responder
from hw.uart.slip import Decoder
from hw.uart.stopwatch import Stopwatch

JOBS = 8  # answers that wait for the one that is sent; pictures in the making among them


WALL_PORTS = {
    "wall_start": "start",
    "wall_button": "button",
    "wall_fits": "fits",
    "wall_text": "text",
    "wall_pixels": "wall_pixels",
    "wall_size": "size",
    "wall_restart": "restart",
}


class Top(wiring.Component):
    """Answer the requests of ``docs/protocol.md`` with a generator's pictures.

    Requests are carried out in order. The latents of the next go in while a picture goes out, and
    more requests wait in the receive buffer.

    Parameters
    ----------
    generator : wiring.Component
        Has ``i_latents``, ``o_pixels``, structs of r, g, b, and ``o_trace``, of which the fields
        valid, layer, last, mask and values count; ``load``, over which an image's words come, and
        ``running``, low while they do. The sizes of latents and pictures are the model's. It may
        have ``memory``, a :func:`hw.memory.machine_port.machine_port`, and ``damaged``.
    memories : sequence of hw.capacity.LoadedMemory
        The generator's, in the order of its bus.
    about : hw.uart.identity.Identity
        Facts and self-test, kept in a memory. Its clock is the clock of this top.
    line : wiring.Component
        Brings bytes and takes them: a :class:`hw.uart.serial_line.SerialLine` or a
        :class:`hw.axi.line.AxiLine`.
    test_limit : int
        As of :class:`hw.uart.load_handler.LoadHandler`.
    wall : bool
        Draw pictures for a screen, too: :class:`hw.latents.wall.Wall`. Pictures that are asked for
        go before the next one of the wall.
    flash : hw.flash.loader.FlashLoader, optional
        Loads from the flash, where the generator has ``memory``.

    Members
    -------
    rx, tx; or s_axi_..., interrupt
        Of the line.
    memory : Out(machine_port(...))
        If the generator has one.
    wall_start, wall_button, wall_fits : In(1), wall_pixels : Out(stream.Signature(PIXEL)),
    wall_size : Out, wall_restart : Out(1), wall_text : Out(TEXT)
        If there is a wall, its members of these names.
    wall_grey : Out(1)
        Its pixels have r only.
    wall_roomy : In(1)
        1 unless connected. The screen has room for a text beside pictures of `wall_size`, some
        cycles later.
    wall_name : Out(hw.display.text.NAME)
        A character of a name for a text.
    flash : Out(hw.flash.reader.PINS)
        The pins of a `flash`.
    holds : Out(1)
        There is a model. With a `flash` only: a lamp on a board.
    refused : Out(1)
        What lies in a `flash` was refused, or the memory did not start. Another lamp.
    active : Out(1)
        Something is under way on the line, in the generator or in a time-out: with this low and
        the line at rest, nothing changes. A lamp on a board.
    error : Out(1)
        The last frame that came was broken. A lamp on a board.
    """

    def __init__(
        self, generator, memories, about, line, *, test_limit=TEST_LIMIT, wall=False, flash=None
    ):
        self.generator, self.memories, self.about, self.line = generator, memories, about, line
        self.test_limit, self.flash_loader = test_limit, flash
        members = line.signature.members.items()
        self.pins = {name: member for name, member in members if name != "link"}
        own = generator.signature.members
        self.has_memory = "memory" in own
        port = {"memory": own["memory"]} if self.has_memory else {}
        self.wall = Wall() if wall else None
        if wall:
            members = self.wall.signature.members
            port |= {pin: members[name] for pin, name in WALL_PORTS.items()}
            port |= {"wall_grey": Out(1), "wall_roomy": In(1, init=1), "wall_name": Out(NAME)}
        if flash is not None:
            port |= {"flash": Out(PINS), "holds": Out(1), "refused": Out(1)}
        super().__init__({**self.pins, **port, "active": Out(1), "error": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.generator = generator = self.generator
        m.submodules.line = self.line
        m.submodules.decoder = decoder = Decoder()
        m.submodules.frames = frames = FrameReceiver()
        has_wall = self.wall is not None
        m.submodules.command = command = CommandHandler(wall=has_wall)
        m.submodules.loads = loads = LoadHandler(
            self.memories, test_limit=self.test_limit, wall=has_wall
        )
        m.submodules.jobs = jobs = SyncFIFOBuffered(width=JOB.size, depth=JOBS)
        m.submodules.responder = responder = Responder(wall=has_wall)
        m.submodules.sender = sender = FrameSender()

        line = self.line.link
        for name, member in self.pins.items():
            pin, own = getattr(self.line, name), getattr(self, name)
            m.d.comb += own.eq(pin) if member.flow == Out else pin.eq(own)
        wiring.connect(m, line.received, decoder.i)
        wiring.connect(m, decoder.o, frames.i)
        requests = registered(m, frames.o, "request_leave", "request_register")
        answers, held = responder.o, []  # a byte is on its way to the switch
        if self.flash_loader is not None:
            m.submodules.flash_switch = switch = RequestSwitch()
            wiring.connect(m, requests, switch.i)
            answers = registered(m, answers, "answers_register")
            held.append(answers.valid)
            wiring.connect(m, answers, switch.i_answers)
            requests, answers = switch.o, switch.o_answers
        wiring.connect(m, requests, command.i)
        wiring.connect(m, frames.o_error, command.i_error)
        body = registered(m, answers, "body_register")
        wiring.connect(m, body, sender.i)
        wiring.connect(m, sender.o, line.send)
        m.d.comb += [
            jobs.w_data.eq(command.o_jobs.p),
            jobs.w_en.eq(command.o_jobs.valid),
            command.o_jobs.ready.eq(jobs.w_rdy),
            Value.cast(responder.i_jobs.p).eq(jobs.r_data),
            responder.i_jobs.valid.eq(jobs.r_rdy),
            jobs.r_en.eq(responder.i_jobs.ready),
        ]
        quiet = Signal()
        answered = ~jobs.level.any() & ~reduce(or_, [responder.active, *held])
        m.d.sync += quiet.eq(answered & ~self.wall.busy if has_wall else answered)
        m.d.comb += [
            frames.divisor.eq(line.divisor),
            decoder.clear.eq(frames.clear),
            line.set.eq(responder.set_divisor),
            line.new.eq(responder.divisor),
        ]

        self._memory(m, command, loads, responder)
        self._loads(m, command, loads, responder, quiet)
        self._generator(m, generator, command, loads, responder)
        if self.has_memory:
            self._weights(m, generator, loads, responder)
        if self.flash_loader is not None:
            self._flash(m, switch, command, loads, responder, answered)

        # A cycle late is early enough: the register holds the last byte of an answer as it goes in.
        sent = [body.valid, sender.active, line.sending, *held]
        m.d.sync += responder.line_active.eq(reduce(or_, sent))

        m.d.sync += [line.good.eq(frames.good), line.bad.eq(frames.bad)]
        with m.If(frames.good | frames.bad):
            m.d.sync += self.error.eq(frames.bad)
        starts = ~(self.memory.ready | self.memory.failed) if self.has_memory else Const(0)
        if self.flash_loader is not None:
            starts |= self.flash_loader.active
        busy = Cat(  # all over the chip; a lamp follows it
            line.active,
            line.sending,
            decoder.o.valid,
            frames.active,
            m.submodules.request_leave.o.valid,
            requests.valid,
            command.active,
            loads.active,
            jobs.level.any(),
            responder.active,
            *held,
            body.valid,
            sender.active,
            loads.running & ~generator.i_latents.ready,
            starts,
            *([self.wall.active] if has_wall else []),
        )
        m.d.sync += self.active.eq(delay(m, busy, 1).any())

        return m

    def _memory(self, m, command, loads, responder):
        """Share the identity memory: what a request needs goes before an answer's bytes."""
        m.submodules.identity = memory = BlockRam(8, identity.DEPTH, self.about.contents())
        address = Signal.like(memory.address, reset_less=True)
        busy = Signal()
        m.d.comb += busy.eq(command.rom_en | loads.rom_en)
        m.d.sync += [
            address.eq(
                Mux(busy, Mux(loads.rom_en, loads.rom_addr, command.rom_addr), responder.rom_addr)
            ),
            responder.rom_busy.eq(busy),
        ]
        m.d.comb += [
            memory.address.eq(address),
            memory.write_en.eq(loads.write_en),
            memory.write_address.eq(loads.write_addr),
            memory.write_data.eq(loads.write_data),
            command.rom_data.eq(memory.data),
            loads.rom_data.eq(memory.data),
            responder.rom_data.eq(memory.data),
        ]

    def _loads(self, m, command, loads, responder, quiet):
        """Let a load have its requests, and tell everyone what model there is."""
        m.d.sync += [
            loads.start.eq(command.load_start),
            loads.tested.eq(responder.tested),
            loads.passed.eq(responder.passed),
            command.tested.eq(responder.tested),
        ]
        head = loads.head
        wiring.connect(m, registered(m, command.o_load, "load_register"), loads.i)
        m.d.comb += [
            loads.request.eq(command.load_request),
            loads.size.eq(command.load_size),
            command.load_done.eq(loads.done),
            command.load_error.eq(loads.error),
            command.load_next.eq(loads.next),
            loads.quiet.eq(quiet),
            command.quiet.eq(quiet),
            responder.abort.eq(loads.abort),
            command.held.eq(loads.source.any()),
            command.latent.eq(head.latent),
            responder.pixels.eq(head.pixels),
            responder.grey.eq(head.grey),
            responder.hidden.eq(head.hidden),
            responder.status.state.eq(Mux(loads.loading, State.LOADING, loads.source)),
        ]

    def _generator(self, m, generator, command, loads, responder):
        """Join the generator, which stands still without a model: what is on its way is dropped."""
        stands = Signal(init=1)
        m.d.sync += stands.eq(~loads.running)
        m.submodules.stopwatch = stopwatch = ResetInserter(stands)(Stopwatch())
        m.submodules.layers = layers = LayerCrc()
        latents = registered(m, command.o_latents, "latents_leave", "latents_register")
        pixels = registered(m, generator.o_pixels, "pixels_leave", "pixels_register")
        wiring.connect(m, loads.load, generator.load)
        to_generator, trace = generator.i_latents, generator.o_trace
        to_engine, to_line = to_generator, responder.i_pixels
        if self.wall is not None:
            to_engine, to_line = self._wall(m, generator, command, loads, responder, stands)
        m.d.comb += [
            generator.running.eq(~stands),
            to_engine.p.eq(latents.p),
            to_engine.valid.eq(latents.valid & ~stands),
            latents.ready.eq(to_engine.ready | stands),
            to_line.p.eq(pixels.p),
            to_line.valid.eq(pixels.valid & ~stands),
            pixels.ready.eq(to_line.ready | stands),
            layers.clear.eq(responder.testing),
            layers.valid.eq(trace.valid),
            layers.layer.eq(trace.layer),
            layers.last.eq(trace.last),
            layers.mask.eq(trace.mask),
            *(layers.values[lane].eq(trace.values[lane]) for lane in range(QUAD)),
            layers.index.eq(responder.layer),
            responder.layer_crc.eq(layers.crc),
            responder.status.ready.eq(to_generator.ready & ~stands),
            responder.status.core_cycles.eq(stopwatch.core_cycles),
            responder.status.stalled_cycles.eq(stopwatch.stalled_cycles),
            stopwatch.latent.eq(loads.head.latent),
            stopwatch.pixels.eq(loads.head.pixels),
        ]
        taken = generator.o_pixels.valid & generator.o_pixels.ready
        m.d.sync += [
            stopwatch.latent_taken.eq(to_generator.valid & to_generator.ready),
            stopwatch.pixel_taken.eq(taken),
            stopwatch.pixel_waits.eq(generator.o_pixels.valid & ~generator.o_pixels.ready),
        ]

    def _wall(self, m, generator, command, loads, responder, stands):
        """Put the wall between; return where latents go, and pixels.

        A request that is being carried out holds the wall. One that wants the generator for itself
        reads its first bytes meanwhile, so that ``quiet`` knows of what has begun.
        """
        m.submodules.wall = wall = self.wall
        wiring.connect(m, wall.o_latents, generator.i_latents)
        wiring.connect(m, wall.o_pixels, responder.i_pixels)
        for pin, name in WALL_PORTS.items():
            if pin != "wall_pixels":
                outer, inner = getattr(self, pin), getattr(wall, name)
                is_out = self.signature.members[pin].flow == Out
                m.d.comb += outer.eq(inner) if is_out else inner.eq(outer)
        wiring.connect(m, wall.wall_pixels, wiring.flipped(self.wall_pixels))
        m.d.sync += [wall.hold.eq(command.active), self.wall_name.eq(command.name)]
        m.d.comb += [
            wall.set.eq(command.wall_set),
            wall.order.eq(command.wall),
            command.drawable.eq(wall.drawable),
            command.fits.eq(wall.fits),
            command.roomy.eq(self.wall_roomy),
            command.known.eq(wall.known),
            command.slot.eq(wall.text.slot),
            wall.stands.eq(stands),
            wall.held.eq(loads.source.any()),
            wall.latents.eq(loads.head.latents),
            wall.latent.eq(loads.head.latent),
            wall.pixels.eq(loads.head.pixels),
            responder.wall.eq(wall.status),
            self.wall_grey.eq(loads.head.grey),
        ]
        return wall.i_latents, wall.i_pixels

    def _weights(self, m, generator, loads, responder):
        """Hand the memory outside on, and say how it is."""
        wiring.connect(m, generator.memory, wiring.flipped(self.memory))
        memory, status = self.memory, responder.status
        damaged, ready, failed = (
            delay(m, flag, 1) for flag in (generator.damaged, memory.ready, memory.failed)
        )
        state = Signal(8)
        m.d.sync += state.eq(Mux(ready, Memory.READY, Mux(failed, Memory.FAILED, Memory.STARTING)))
        with m.If(damaged):
            m.d.sync += state.eq(Memory.DAMAGED)
        m.d.comb += [
            loads.memory_ready.eq(ready),
            loads.damaged.eq(damaged),
            *([self.wall.damaged.eq(damaged)] if self.wall is not None else []),
            responder.damaged.eq(damaged),
            status.memory.eq(state),
            status.window.eq(delay(m, memory.window, 1)),
            status.phase.eq(delay(m, memory.phase, 1)),
        ]

    def _flash(self, m, switch, command, loads, responder, answered):
        """Let the flash's requests in, and say what became of its image."""
        m.submodules.flash_loader = flash = self.flash_loader
        wiring.connect(m, flash.pins, wiring.flipped(self.flash))
        wiring.connect(m, flash.o, switch.i_flash)
        status, memory = responder.status, self.memory
        given_up = Signal()
        m.d.comb += [
            switch.busy.eq(command.active),
            flash.memory_ready.eq(loads.memory_ready),
            flash.memory_failed.eq(delay(m, memory.failed, 1)),
            flash.done.eq(loads.done & switch.flash),
            flash.error.eq(loads.error),
            flash.over.eq(switch.over),
            flash.source.eq(loads.source),
            status.memory[4:].eq(flash.state),
        ]
        m.d.sync += [
            switch.quiet.eq(answered),  # whatever a wall does: it answers nobody
            given_up.eq(flash.own & ~flash.active),
            flash.stop.eq(loads.done & ~switch.flash & (loads.error == 0) & loads.loading),
            self.holds.eq(loads.source.any()),
            self.refused.eq(flash.refused | flash.memory_failed),
        ]
        with m.If(given_up & loads.loading):  # nobody goes on with it
            m.d.comb += status.state.eq(State.NO_MODEL)
