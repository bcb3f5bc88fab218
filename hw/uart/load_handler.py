# SPDX-License-Identifier: Apache-2.0
"""Carry out the requests of a load, and know whether there is a model."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.load_bus import load_bus
from hw.uart import identity
from hw.uart.facts import State
from hw.uart.loader import Loader
from hw.uart.model_head import ModelHead
from hw.uart.protocol import ID_SIZE, LOAD_BEGIN, MAX_PAYLOAD, OFFSET, Error, Request

TEST_LIMIT = 1 << 30  # clocks in which a self-test ends: some seconds


class LoadHandler(wiring.Component):
    """Write an image into the memories; let it count only once it has passed its self-test.

    A load begins when everything that was asked before is answered. It takes the engine into reset
    and the model's flag out of the identity memory, so that a board which is reset in mid-load
    holds none. Data go in as they come; a frame of them is taken whole or not at all. The flag is
    written when length, form, CRC and self-test were good, and at no other time.

    Parameters
    ----------
    memories : sequence of hw.capacity.LoadedMemory
        In the order of the image and of the bus.
    test_limit : int
        Clocks after which a self-test that does not end has failed; a power of two.
    wall : bool
        As of :class:`hw.uart.model_head.ModelHead`.

    Members
    -------
    start : In(1), request : In(8), size : In(range(MAX_PAYLOAD + 1))
        A request of a load, whose length is right, begins; and bytes of its payload.
    i : In(stream.Signature(8))
        The payload; all of it is taken.
    done : Out(1)
        The request is carried out; after a good `LOAD_END` a self-test has to follow.
    error : Out(8)
        With `done`: a :class:`hw.uart.protocol.Error`, or 0.
    next : Out(32)
        Offset of the image's byte that comes next.
    quiet : In(1)
        All requests before this one are answered.
    tested, passed : In(1)
        A self-test is over: its sums are the stored ones.
    memory_ready : In(1)
        1 unless connected. Without it no load begins, and no model is there from power-up on.
    damaged : In(1)
        The weights are not those that were loaded: there is no model any more. What is on its way
        comes to its end.
    abort : Out(1)
        A self-test takes too long: end it.
    running : Out(1)
        For the engine.
    source : Out(2)
        A :class:`hw.uart.facts.State` but `LOADING`: no model, or where it came from.
    loading : Out(1)
    head : Out(ModelHead's latent, pixels, grey, hidden, latents)
    rom_en : Out(1), rom_addr : Out(range(DEPTH)), rom_data : In(8)
        Identity memory, read where `rom_en` is set; data come
        :data:`hw.uart.identity.LATENCY` cycles after the address.
    write_en : Out(1), write_addr : Out(range(DEPTH)), write_data : Out(8)
        The same memory's other port.
    load : Out(load_bus(memories))
    active : Out(1)
    """

    def __init__(self, memories, *, test_limit=TEST_LIMIT, wall=False):
        self.memories, self.test_limit = memories, test_limit
        self.head = ModelHead(wall=True) if wall else ModelHead()
        super().__init__(
            {
                "start": In(1),
                "request": In(8),
                "size": In(range(MAX_PAYLOAD + 1)),
                "i": In(stream.Signature(8)),
                "done": Out(1),
                "error": Out(8),
                "next": Out(32),
                "quiet": In(1),
                "tested": In(1),
                "passed": In(1),
                "memory_ready": In(1, init=1),
                "damaged": In(1),
                "abort": Out(1),
                "running": Out(1),
                "source": Out(2),
                "loading": Out(1),
                "rom_en": Out(1),
                "rom_addr": Out(range(identity.DEPTH)),
                "rom_data": In(8),
                "write_en": Out(1),
                "write_addr": Out(range(identity.DEPTH)),
                "write_data": Out(8),
                "load": Out(load_bus(memories)),
                "active": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.head = head = self.head
        m.submodules.loader = loader = Loader(self.memories)
        wiring.connect(m, loader.load, wiring.flipped(self.load))

        taken = Signal()
        remaining = Signal.like(self.size)  # bytes of the payload not yet taken
        one_left, none_left = Signal(), Signal()
        m.d.comb += [taken.eq(self.i.valid & self.i.ready), loader.i.p.eq(self.i.p)]
        with m.If(taken):
            m.d.sync += [
                remaining.eq(remaining - 1),
                one_left.eq(remaining == 2),
                none_left.eq(one_left),
            ]

        # The load under way. What is compared is settled some cycles before its use.
        left = Signal(32)  # bytes of the image that have not come
        wanted = Signal(32)  # CRC of the image
        last = Signal(32)  # where the last data began
        all_there, fits, right = Signal(), Signal(), Signal()
        data_size = Signal.like(self.size)
        m.d.sync += [
            loader.clear.eq(0),
            all_there.eq(left == 0),
            fits.eq(left >= data_size),
            right.eq((loader.crc == wanted) & loader.whole),
        ]

        expected, before = Signal(32), Signal(32)  # bytes of `next`, of `last`: the lowest is due
        not_next, not_last = Signal(), Signal()
        count = Signal(range(LOAD_BEGIN.size))
        compared, difference, differs = Signal(), Signal(8), Signal()
        wait = Signal(range(identity.LATENCY + 1))
        clocks = Signal(range(self.test_limit + 1))  # of the self-test
        late = Signal()
        m.d.comb += late.eq(clocks[-1])

        address = Signal(range(identity.DEPTH))  # of the id of the capacity
        m.d.comb += [
            head.rom_data.eq(self.rom_data),
            self.rom_addr.eq(Mux(head.rom_en, head.rom_addr, address)),
        ]
        m.d.sync += [difference.eq(self.i.p ^ self.rom_data), compared.eq(0)]
        with m.If(compared & difference.any()):
            m.d.sync += differs.eq(1)

        def write(address, value):
            return [
                self.write_en.eq(1),
                self.write_addr.eq(address),
                self.write_data.eq(value),
            ]

        # The model's flag is not the image's to set.
        flag = Signal()
        m.d.comb += flag.eq(loader.part_address == 0)
        m.d.sync += [
            self.write_en.eq(loader.part_en & ~flag),
            self.write_addr.eq(identity.MODEL + loader.part_address),
            self.write_data.eq(loader.part_data),
        ]

        def finish(code):
            """End the request once its payload is taken."""
            m.d.sync += self.error.eq(code)
            m.next = "DROP"

        with m.FSM() as fsm:
            with m.State("RESET"):
                m.d.comb += head.read.eq(1)
                m.next = "POWER UP"
            with m.State("POWER UP"):
                m.d.comb += self.rom_en.eq(1)
                with m.If(head.done):
                    # The start of a memory outside writes over what was there before a reset.
                    with m.If(self.memory_ready):
                        m.d.sync += [
                            self.source.eq(head.source),
                            self.running.eq(head.source.any()),
                        ]
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.sync += [
                    self.error.eq(0),
                    remaining.eq(self.size),
                    data_size.eq(self.size - OFFSET.size),
                    one_left.eq(self.size == 1),
                    none_left.eq(self.size == 0),
                    expected.eq(self.next),
                    before.eq(last),
                    not_next.eq(0),
                    not_last.eq(0),
                    differs.eq(0),
                    count.eq(0),
                    wait.eq(identity.LATENCY),
                    address.eq(identity.CAPACITY_ID),
                ]
                with m.If(self.damaged & self.source.any()):
                    m.d.sync += [
                        self.source.eq(State.NO_MODEL),
                        write(identity.MODEL, State.NO_MODEL),
                    ]
                with m.If(self.start):
                    with m.Switch(self.request):
                        with m.Case(Request.LOAD_BEGIN):
                            m.next = "QUIET"
                        with m.Case(Request.LOAD_DATA):
                            m.next = "OFFSET"
                        with m.Case(Request.LOAD_END):
                            m.next = "WHOLE"

            # A load begins.
            with m.State("QUIET"):
                with m.If(self.quiet):
                    m.next = "CAPACITY"
            with m.State("CAPACITY"):
                m.d.comb += [self.rom_en.eq(1), self.i.ready.eq(wait == 0)]
                with m.If(wait != 0):
                    m.d.sync += wait.eq(wait - 1)
                with m.If(taken):
                    m.d.sync += [
                        compared.eq(1),
                        address.eq(address + 1),
                        wait.eq(identity.LATENCY),
                        count.eq(count + 1),
                    ]
                    with m.If(count == ID_SIZE - 1):
                        m.next = "CAPACITY COMPARED"
            with m.State("CAPACITY COMPARED"):
                m.next = "CAPACITY KNOWN"
            with m.State("CAPACITY KNOWN"):
                m.d.sync += address.eq(identity.LOAD)
                m.next = "BEGIN"
                with m.If(~self.memory_ready):
                    finish(Error.MEMORY)
                with m.If(differs):
                    finish(Error.CAPACITY)
            with m.State("BEGIN"):
                m.d.sync += [
                    loader.clear.eq(1),
                    self.source.eq(State.NO_MODEL),
                    self.running.eq(0),
                    self.loading.eq(1),
                    self.next.eq(0),
                    last.eq(0),
                    write(identity.MODEL, State.NO_MODEL),
                ]
                m.next = "RECORD"
            with m.State("RECORD"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(taken):
                    m.d.sync += [
                        write(address, self.i.p),
                        address.eq(address + 1),
                        count.eq(count + 1),
                    ]
                    with m.If(count[2:] == ID_SIZE // 4):
                        m.d.sync += left.eq(Cat(left[8:], self.i.p))
                    with m.If(count[2:] == ID_SIZE // 4 + 1):
                        m.d.sync += wanted.eq(Cat(wanted[8:], self.i.p))
                    with m.If(one_left):
                        finish(0)

            # Data come.
            with m.State("OFFSET"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(taken):
                    m.d.sync += [
                        expected.eq(expected >> 8),
                        before.eq(before >> 8),
                        not_next.eq(not_next | (self.i.p != expected[:8])),
                        not_last.eq(not_last | (self.i.p != before[:8])),
                        count.eq(count + 1),
                    ]
                    with m.If(count == OFFSET.size - 1):
                        m.next = "OFFSET KNOWN"
            with m.State("OFFSET KNOWN"):
                finish(Error.ORDER)
                with m.If(~self.loading):
                    m.d.sync += self.error.eq(Error.NO_LOAD)
                with m.Elif(~not_next):
                    m.d.sync += self.error.eq(Error.LENGTH)
                    with m.If(fits):
                        m.d.sync += last.eq(self.next)
                        m.next = "DATA"
                with m.Elif(~not_last):
                    m.d.sync += self.error.eq(0)
            with m.State("DATA"):
                m.d.comb += [self.i.ready.eq(loader.i.ready), loader.i.valid.eq(self.i.valid)]
                with m.If(taken):
                    m.d.sync += [self.next.eq(self.next + 1), left.eq(left - 1)]
                    with m.If(one_left):
                        finish(0)

            # The image is to be there.
            with m.State("WHOLE"):
                m.next = "END"
            with m.State("END"):
                with m.If(self.loading):
                    with m.If(~all_there):
                        finish(Error.ORDER)
                    with m.Elif(~right):
                        finish(Error.CRC)
                    with m.Else():
                        m.d.comb += head.read.eq(1)
                        m.next = "READ HEAD"
                with m.Elif(self.source == State.UPLOADED):
                    m.next = "GOOD"
                with m.Else():
                    finish(Error.NO_LOAD)
            with m.State("READ HEAD"):
                m.d.comb += self.rom_en.eq(1)
                with m.If(head.done):
                    m.d.sync += self.running.eq(1)
                    m.next = "GOOD"
            with m.State("GOOD"):
                m.d.comb += self.done.eq(1)
                m.d.sync += clocks.eq(0)
                m.next = "TEST"
            with m.State("TEST"):
                with m.If(late):
                    m.d.comb += self.abort.eq(1)
                    m.d.sync += self.running.eq(0)
                with m.Else():
                    m.d.sync += clocks.eq(clocks + 1)
                with m.If(self.tested):
                    m.next = "FAILED"
                    with m.If(self.passed & ~late):
                        m.d.sync += [
                            self.source.eq(State.UPLOADED),
                            self.loading.eq(0),
                            write(identity.MODEL, State.UPLOADED),
                        ]
                        m.next = "IDLE"
            with m.State("FAILED"):
                m.d.sync += [
                    self.source.eq(State.NO_MODEL),
                    self.running.eq(0),
                    write(identity.MODEL, State.NO_MODEL),
                ]
                m.next = "IDLE"

            with m.State("DROP"):
                m.d.comb += self.i.ready.eq(~none_left)
                with m.If(none_left):
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        m.d.comb += self.active.eq(~fsm.ongoing("IDLE"))

        return m
