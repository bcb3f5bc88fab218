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
    ID_SIZE,
    LOAD_BEGIN,
    MAX_DATA,
    MAX_LATENT,
    MAX_PAYLOAD,
    MIN_DIVISOR,
    NO_TAG,
    OFFSET,
    VERSION,
    Error,
    Request,
)
from hw.uart.wall_order import MEMBERS, OrderStates


class Kind(enum.Enum, shape=4):
    """What the responder has to answer."""

    INFO = 0
    PICTURE = 1
    SELF_TEST = 2
    BAUD = 3
    LOAD_BEGIN = 4
    LOAD_DATA = 5
    LOAD_END = 6  # with a self-test
    ERROR = 7
    ORDER = 8  # the error that tells an offset


# A wall's answer. It is no member of `Kind`, whose names are a part of every machine's RTLIL.
WALL_KIND = len(Kind)
JOB = data.StructLayout({"kind": Kind, "tag": 16, "value": 32})
FIXED_SIZES = {
    Request.INFO: 0,
    Request.SELF_TEST: 0,
    Request.BAUD: DIVISOR.size,
    Request.LOAD_BEGIN: LOAD_BEGIN.size,
    Request.LOAD_END: 0,
}
LOADS = {
    Request.LOAD_BEGIN: Kind.LOAD_BEGIN,
    Request.LOAD_DATA: Kind.LOAD_DATA,
    Request.LOAD_END: Kind.LOAD_END,
}
WAITING = 16  # latents between here and the generator; half of them are on their way already


class CommandHandler(wiring.Component):
    """Check each request, feed its latents to the generator, and order its answer.

    The answer is ordered before the latents go: while the responder sends one picture, the
    generator can work on the next. Latents leave one a cycle. Whether they may go on is known a
    cycle late, from a register, and a FIFO takes those under way: no path leads from the
    generator's ready to an address of a memory. A self-test is alone in the generator: it waits for
    what was asked before, and what comes behind waits for it.

    Parameters
    ----------
    wall : bool
        The machine has one: it is asked about, and told.

    Members
    -------
    i : In(stream.Signature(8))
        Requests, as :class:`hw.uart.frame_receiver.FrameReceiver` gives them.
    i_error : In(stream.Signature(8))
        Codes of dropped frames.
    o_latents : Out(stream.Signature(signed(8)))
    o_jobs : Out(stream.Signature(JOB))
        Answers to send, in the order of the requests. `value` is the divisor, the error code or the
        offset of the image's byte that comes next.
    held : In(1), latent : In(range(MAX_LATENT + 1))
        There is a model, and its latents have so many numbers.
    quiet : In(1)
        All jobs are answered.
    tested : In(1)
        The responder is done with a self-test.
    load_start : Out(1), load_request : Out(8), load_size : Out(range(MAX_PAYLOAD + 1)),
    o_load : Out(stream.Signature(8)), load_done : In(1), load_error : In(8), load_next : In(32)
        Requests of a load, for :class:`hw.uart.load_handler.LoadHandler`.
    rom_en : Out(1), rom_addr : Out(range(DEPTH)), rom_data : In(8)
        Identity memory, read where `rom_en` is set; data come :data:`hw.uart.identity.LATENCY`
        cycles after the address.
    active : Out(1)
        A request is being carried out.
    drawable, fits, roomy : In(1)
        Of a wall: it draws latents such as the model's; there is room for its pictures, and for a
        text beside them.
    known : In(1)
        Whether there is, is known.
    slot : In(1)
        Where its text's name lies.
    wall : Out(hw.uart.wall_order.ORDER)
        What it is to do, with `wall_set`; its mode is one that there is.
    wall_set : Out(1)
    name : Out(hw.display.text.NAME)
        A name for the other slot. The order that it is of comes behind it, unless it is refused.
    """

    def __init__(self, *, wall=False):
        self.has_wall = wall
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "i_error": In(stream.Signature(8)),
                "o_latents": Out(stream.Signature(signed(8))),
                "o_jobs": Out(stream.Signature(JOB)),
                "held": In(1),
                "latent": In(range(MAX_LATENT + 1)),
                "quiet": In(1),
                "tested": In(1),
                "load_start": Out(1),
                "load_request": Out(8),
                "load_size": Out(range(MAX_PAYLOAD + 1)),
                "o_load": Out(stream.Signature(8)),
                "load_done": In(1),
                "load_error": In(8),
                "load_next": In(32),
                "rom_en": Out(1),
                "rom_addr": Out(range(identity.DEPTH)),
                "rom_data": In(8),
                "active": Out(1),
            }
            | (MEMBERS if wall else {})
        )

    def elaborate(self, platform):
        m = Module()
        job = Signal(JOB)
        remaining = Signal(range(MAX_PAYLOAD + 1))  # bytes of the payload not yet taken
        none_left = Signal()  # `remaining` is 0; settled once it is decided what to do with them
        version = Signal(8)
        request = Signal(8)
        count = Signal(range(max(ID_SIZE, MAX_LATENT + 1)))  # bytes of an id; latents left
        one_left = Signal()
        taken = Signal()
        same_model = Signal()
        compared = Signal()  # `difference` is that of an id's byte
        difference = Signal(8)
        m.d.sync += [difference.eq(self.i.p ^ self.rom_data), compared.eq(self.rom_en & taken)]
        with m.If(compared & difference.any()):
            m.d.sync += same_model.eq(0)
        if self.has_wall:
            self.orders = OrderStates(m, self, remaining)
        right_version, right_length = self._checks(m, version, request, remaining)
        wait = Signal(range(identity.LATENCY + 1))  # until rom_data are those of rom_addr
        m.d.sync += none_left.eq(Mux(taken, remaining == 1, remaining == 0))
        m.d.comb += [
            taken.eq(self.i.valid & self.i.ready),
            self.o_jobs.p.eq(job),
            self.load_request.eq(request),
            self.load_size.eq(remaining),
            self.o_load.p.eq(self.i.p),
        ]

        fetch, fed = Signal(), Signal()
        room, waiting = self._latents(m, fetch, fed)
        m.d.sync += fed.eq(0)

        over = Signal()  # the self-test is, or the load's part of a request
        with m.If(self.tested):
            m.d.sync += over.eq(1)

        def refuse(code):
            return [job.kind.eq(Kind.ERROR), job.value.eq(code)]

        def feed(one, following):
            """Count a latent; behind the last one goes `following`."""
            with m.If(one):
                m.d.sync += [count.eq(count - 1), one_left.eq(count == 2)]
                with m.If(one_left):
                    m.next = following

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
                        m.next = "SIZE HIGH"
            for state, target, then in (
                ("SIZE HIGH", remaining[8:], "VERSION"),
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
                m.d.sync += [refuse(Error.TYPE), wait.eq(identity.LATENCY), over.eq(0)]
                with m.Switch(request):
                    for kind in Request:
                        if kind == Request.WALL and not self.has_wall:
                            continue
                        with m.Case(kind):
                            with m.If(right_length & right_version):
                                self._decide(m, kind, job)
                            with m.Else():
                                m.d.sync += refuse(Error.LENGTH)
                with m.Switch(request):
                    with m.Case(Request.GENERATE, Request.SELF_TEST):
                        with m.If(~self.held):
                            m.d.sync += refuse(Error.NO_MODEL)
                            m.next = "JOB"
                with m.If(~right_version):
                    m.d.sync += refuse(Error.VERSION)
                    m.next = "JOB"
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
                        job.value[:16].eq(Cat(job.value[8:16], self.i.p)),
                        remaining.eq(remaining - 1),
                    ]
                    with m.If(remaining[:2] == 1):
                        m.next = "DIVISOR KNOWN"
            with m.State("DIVISOR KNOWN"):
                m.d.sync += job.kind.eq(Kind.BAUD)
                with m.If(job.value[:16] < MIN_DIVISOR):
                    m.d.sync += refuse(Error.DIVISOR)
                m.next = "JOB"
            if self.has_wall:
                self.orders.add(m, taken, count, refuse)
            with m.State("LOAD"):
                m.d.comb += [
                    self.o_load.valid.eq(self.i.valid & ~none_left),
                    self.i.ready.eq(self.o_load.ready & ~none_left),
                ]
                with m.If(taken):
                    m.d.sync += remaining.eq(remaining - 1)
                with m.If(self.load_done):
                    m.d.sync += [job.value.eq(self.load_error), over.eq(1)]
                with m.If(over & none_left):
                    m.next = "LOADED"
            with m.State("LOADED"):
                m.next = "JOB"
                with m.If(job.value[:4] == 0):
                    m.d.sync += job.value.eq(self.load_next)
                    with m.If(job.kind == Kind.LOAD_END):
                        m.next = "QUIET"
                with m.Elif(job.value[:4] == Error.ORDER):
                    m.d.sync += [job.kind.eq(Kind.ORDER), job.value.eq(self.load_next)]
                with m.Else():
                    m.d.sync += job.kind.eq(Kind.ERROR)
            with m.State("QUIET"):
                with m.If(self.quiet):
                    m.next = "JOB"
            with m.State("JOB"):
                m.d.comb += self.o_jobs.valid.eq(1)
                m.d.sync += [
                    self.rom_addr.eq(identity.LATENTS),
                    over.eq(0),
                    count.eq(self.latent),
                    one_left.eq(self.latent == 1),
                ]
                with m.If(self.o_jobs.ready):
                    with m.Switch(job.kind):
                        with m.Case(Kind.PICTURE):
                            m.next = "FEED"
                        with m.Case(Kind.SELF_TEST, Kind.LOAD_END):
                            m.next = "FEED STORED"
                        with m.Default():
                            m.next = "DROP"
            with m.State("DROP"):
                m.d.comb += self.i.ready.eq(~none_left)
                with m.If(taken):
                    m.d.sync += remaining.eq(remaining - 1)
                with m.If(none_left):
                    m.next = "IDLE"
            with m.State("FEED"):
                m.d.comb += self.i.ready.eq(room)
                m.d.sync += fed.eq(taken)
                feed(taken, "IDLE")
            with m.State("FEED STORED"):
                m.d.comb += [fetch.eq(room), self.rom_en.eq(room)]
                m.d.sync += self.rom_addr.eq(self.rom_addr + room)
                feed(fetch, "TESTING")
            with m.State("TESTING"):
                with m.If(over):
                    m.next = "IDLE"
        m.d.comb += self.active.eq(~fsm.ongoing("IDLE") | fed | waiting)

        return m

    def _checks(self, m, version, request, remaining):
        """Return whether version and length are right: settled before `DECIDE` needs them."""
        right_version, right_length = Signal(), Signal()
        m.d.sync += right_version.eq(version == VERSION)
        generate_size, picture, some = Signal.like(remaining), Signal(), Signal()
        m.d.sync += [
            generate_size.eq(self.latent + ID_SIZE),
            picture.eq(remaining == generate_size),
            some.eq((remaining > OFFSET.size) & (remaining <= OFFSET.size + MAX_DATA)),
        ]
        with m.Switch(request):
            for kind, size in FIXED_SIZES.items():
                with m.Case(kind):
                    m.d.sync += right_length.eq(remaining == size)
            if self.has_wall:
                with m.Case(Request.WALL):
                    m.d.sync += right_length.eq(self.orders.right_length)
            with m.Case(Request.GENERATE):
                m.d.sync += right_length.eq(picture)
            with m.Case(Request.LOAD_DATA):
                m.d.sync += right_length.eq(some)
        return right_version, right_length

    def _decide(self, m, kind, job):
        """Go on with a request of this kind, whose length and version are right."""
        if kind == Request.INFO:
            m.d.sync += [job.kind.eq(Kind.INFO), job.value.eq(self.load_next)]
        elif kind == Request.GENERATE:
            m.next = "MODEL"
        elif kind == Request.SELF_TEST:
            m.d.sync += job.kind.eq(Kind.SELF_TEST)
            m.next = "QUIET"
        elif kind == Request.BAUD:
            m.next = "DIVISOR"
        elif kind == Request.WALL:
            m.d.sync += job.kind.as_value().eq(WALL_KIND)
            self.orders.begin(m)
        else:
            m.d.comb += self.load_start.eq(1)
            m.d.sync += job.kind.eq(LOADS[kind])
            m.next = "LOAD"

    def _latents(self, m, fetch, fed):
        """Let latents wait for the generator: those fetched from memory, and those `fed`.

        Returns whether there is room for more, and whether some wait.
        """
        m.submodules.latents = latents = SyncFIFOBuffered(width=8, depth=WAITING)
        fetched = delay(m, fetch, identity.LATENCY, reset_less=False)
        room, number = Signal(), Signal(8)
        m.d.sync += [room.eq(latents.level < WAITING // 2), number.eq(self.i.p)]
        m.d.comb += [
            latents.w_en.eq(fetched | fed),
            latents.w_data.eq(Mux(fetched, self.rom_data, number)),
            self.o_latents.p.eq(latents.r_data),
            self.o_latents.valid.eq(latents.r_rdy),
            latents.r_en.eq(self.o_latents.ready),
        ]
        return room, latents.level != 0
