# SPDX-License-Identifier: Apache-2.0
"""Carry out proven requests."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hw.primitives.delay import delay
from hw.uart import identity
from hw.uart.protocol import (
    DIVISOR,
    GENERATE,
    ID_SIZE,
    LATENT,
    MIN_DIVISOR,
    NO_TAG,
    VERSION,
    Error,
    Request,
)


class Kind(enum.Enum, shape=3):
    """What the responder has to answer."""

    INFO = 0
    PICTURE = 1
    SELF_TEST = 2
    BAUD = 3
    ERROR = 4


JOB = data.StructLayout({"kind": Kind, "tag": 16, "value": 16})
PAYLOAD_SIZES = {
    Request.INFO: 0,
    Request.GENERATE: GENERATE.size,
    Request.SELF_TEST: 0,
    Request.BAUD: DIVISOR.size,
}
WAITING = 16  # latents between here and the generator; half of them are on their way already


class CommandHandler(wiring.Component):
    """Check each request, feed its latents to the generator, and order its answer.

    The answer is ordered before the latents go: while the responder sends one picture, the
    generator can work on the next. Latents leave one a cycle. Whether they may go on is known a
    cycle late, from a register, and a FIFO takes those under way: no path leads from the
    generator's ready to an address of a memory.

    Members
    -------
    i : In(stream.Signature(8))
        Requests, as :class:`hw.uart.frame_receiver.FrameReceiver` gives them.
    i_error : In(stream.Signature(8))
        Codes of dropped frames.
    o_latents : Out(stream.Signature(signed(8)))
    o_jobs : Out(stream.Signature(StructLayout({"kind": Kind, "tag": 16, "value": 16})))
        Answers to send, in the order of the requests. `value` is the divisor or the error code.
    rom_en : Out(1), rom_addr : Out(8), rom_data : In(8)
        Identity memory, read where `rom_en` is set; data come :data:`hw.uart.identity.LATENCY`
        cycles after the address.
    active : Out(1)
        A request is being carried out.
    """

    i: In(stream.Signature(8))
    i_error: In(stream.Signature(8))
    o_latents: Out(stream.Signature(signed(8)))
    o_jobs: Out(stream.Signature(JOB))
    rom_en: Out(1)
    rom_addr: Out(8)
    rom_data: In(8)
    active: Out(1)

    def elaborate(self, platform):
        m = Module()
        job = Signal(JOB)
        remaining = Signal(8)  # bytes of the payload not yet taken
        version = Signal(8)
        request = Signal(8)
        count = Signal(range(LATENT))
        taken = Signal()
        same_model = Signal()
        compared = Signal()  # `difference` is that of an id's byte
        difference = Signal(8)
        m.d.sync += [difference.eq(self.i.p ^ self.rom_data), compared.eq(self.rom_en & taken)]
        with m.If(compared & difference.any()):
            m.d.sync += same_model.eq(0)
        right_version, right_length = Signal(), Signal()  # settled two bytes before their use
        m.d.sync += right_version.eq(version == VERSION)
        with m.Switch(request):
            for kind, size in PAYLOAD_SIZES.items():
                with m.Case(kind):
                    m.d.sync += right_length.eq(remaining == size)
        wait = Signal(range(identity.LATENCY + 1))  # until rom_data are those of rom_addr
        m.d.comb += [taken.eq(self.i.valid & self.i.ready), self.o_jobs.p.eq(job)]

        m.submodules.latents = latents = SyncFIFOBuffered(width=8, depth=WAITING)
        room = Signal()
        fetch = Signal()
        fetched = delay(m, fetch, identity.LATENCY, reset_less=False)
        fed, number = Signal(), Signal(8)
        m.d.sync += [room.eq(latents.level < WAITING // 2), fed.eq(0), number.eq(self.i.p)]
        m.d.comb += [
            latents.w_en.eq(fetched | fed),
            latents.w_data.eq(Mux(fetched, self.rom_data, number)),
            self.o_latents.p.eq(latents.r_data),
            self.o_latents.valid.eq(latents.r_rdy),
            latents.r_en.eq(self.o_latents.ready),
        ]

        def refuse(code):
            return [job.kind.eq(Kind.ERROR), job.value.eq(code)]

        def feed(one):
            """Count a latent; the last one ends the request."""
            with m.If(one):
                m.d.sync += count.eq(count + 1)
                with m.If(count == LATENT - 1):
                    m.next = "IDLE"

        with m.FSM() as fsm:
            with m.State("IDLE"):
                m.d.sync += [count.eq(0), same_model.eq(1), self.rom_addr.eq(identity.MODEL_ID)]
                with m.If(self.i_error.valid):
                    m.d.comb += self.i_error.ready.eq(1)
                    m.d.sync += [refuse(self.i_error.p), job.tag.eq(NO_TAG), remaining.eq(0)]
                    m.next = "JOB"
                with m.Else():
                    m.d.comb += self.i.ready.eq(1)
                    with m.If(taken):
                        m.d.sync += remaining.eq(self.i.p)
                        m.next = "VERSION"
            for state, target, then in (
                ("VERSION", version, "TYPE"),
                ("TYPE", request, "TAG LOW"),
                ("TAG LOW", job.tag[:8], "TAG HIGH"),
                ("TAG HIGH", job.tag[8:], "DECIDE"),
            ):
                with m.State(state):
                    m.d.comb += self.i.ready.eq(1)
                    with m.If(taken):
                        m.d.sync += target.eq(self.i.p)
                        m.next = then
            with m.State("DECIDE"):
                m.next = "JOB"
                m.d.sync += [refuse(Error.TYPE), wait.eq(identity.LATENCY)]
                with m.Switch(request):
                    for kind in PAYLOAD_SIZES:
                        with m.Case(kind):
                            with m.If(~right_length):
                                m.d.sync += refuse(Error.LENGTH)
                            with m.Elif(right_version):
                                if kind == Request.INFO:
                                    m.d.sync += job.kind.eq(Kind.INFO)
                                elif kind == Request.GENERATE:
                                    m.next = "MODEL"
                                elif kind == Request.SELF_TEST:
                                    m.d.sync += job.kind.eq(Kind.SELF_TEST)
                                else:
                                    m.next = "DIVISOR"
                with m.If(~right_version):
                    m.d.sync += refuse(Error.VERSION)
            with m.State("MODEL"):
                m.d.comb += [self.rom_en.eq(1), self.i.ready.eq(wait == 0)]
                with m.If(wait != 0):
                    m.d.sync += wait.eq(wait - 1)
                with m.If(taken):
                    m.d.sync += [
                        self.rom_addr.eq(self.rom_addr + 1),
                        wait.eq(identity.LATENCY),
                        remaining.eq(remaining - 1),
                        count.eq(count + 1),
                    ]
                    with m.If(count == ID_SIZE - 1):
                        m.d.sync += count.eq(0)
                        m.next = "MODEL COMPARED"
            with m.State("MODEL COMPARED"):
                m.next = "MODEL KNOWN"
            with m.State("MODEL KNOWN"):
                m.d.sync += job.kind.eq(Kind.PICTURE)
                with m.If(~same_model):
                    m.d.sync += refuse(Error.MODEL)
                m.next = "JOB"
            with m.State("DIVISOR"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(taken):
                    m.d.sync += [
                        job.value.eq(Cat(job.value[8:], self.i.p)),
                        remaining.eq(remaining - 1),
                    ]
                    with m.If(remaining == 1):
                        m.next = "DIVISOR KNOWN"
            with m.State("DIVISOR KNOWN"):
                m.d.sync += job.kind.eq(Kind.BAUD)
                with m.If(job.value < MIN_DIVISOR):
                    m.d.sync += refuse(Error.DIVISOR)
                m.next = "JOB"
            with m.State("JOB"):
                m.d.comb += self.o_jobs.valid.eq(1)
                m.d.sync += self.rom_addr.eq(identity.LATENTS)
                with m.If(self.o_jobs.ready):
                    with m.Switch(job.kind):
                        with m.Case(Kind.PICTURE):
                            m.next = "FEED"
                        with m.Case(Kind.SELF_TEST):
                            m.next = "FEED STORED"
                        with m.Default():
                            m.next = "DROP"
            with m.State("DROP"):
                with m.If(remaining == 0):
                    m.next = "IDLE"
                with m.Else():
                    m.d.comb += self.i.ready.eq(1)
                    m.d.sync += remaining.eq(remaining - self.i.valid)
            with m.State("FEED"):
                m.d.comb += self.i.ready.eq(room)
                m.d.sync += fed.eq(taken)
                feed(taken)
            with m.State("FEED STORED"):
                m.d.comb += [fetch.eq(room), self.rom_en.eq(room)]
                m.d.sync += self.rom_addr.eq(self.rom_addr + room)
                feed(fetch)
        m.d.comb += self.active.eq(~fsm.ongoing("IDLE") | fed | (latents.level != 0))

        return m
