# SPDX-License-Identifier: Apache-2.0
"""Loads: there is no model but one that came whole and has passed its self-test."""

import struct
import types

from amaranth.hdl import Assert, Assume, Cat, Const, Cover, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.capacity import LoadedMemory
from hw.engine.load_bus import load_bus
from hw.uart import identity
from hw.uart.facts import State
from hw.uart.protocol import Request
from sim.formal.proof import Harness, Proof

MEMORIES = (LoadedMemory("words", 8, 4),)
# A small handler, of the same code: ids of four bytes, none of the model, a memory without delay,
# offsets of a byte. Its bytes have two bits: they are compared, and no more.
ID_SIZE = 4
BEGIN = struct.Struct(f"<{ID_SIZE}sII")
OFFSET = struct.Struct("<B")
DATA = OFFSET.size + 1  # bytes of the payload: an offset, and one of the image
BYTE = 2
PART_DEPTH = 4


class AnyLoader(wiring.Component):
    """In the place of :class:`hw.uart.loader.Loader`, whatever its sum may be, and its form.

    It writes what it is given.
    """

    def __init__(self, whole, crc):
        self.is_whole, self.sum = whole, crc
        super().__init__(
            {
                "clear": In(1),
                "i": In(stream.Signature(8)),
                "load": Out(load_bus(MEMORIES)),
                "part_en": Out(1),
                "part_address": Out(range(PART_DEPTH)),
                "part_data": Out(8),
                "crc": Out(32),
                "whole": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bytes_ = [self.sum.word_select(n, BYTE) for n in range(4)]
        crc = Cat(Cat(byte, Const(0, 8 - BYTE)) for byte in bytes_)
        m.d.comb += [self.i.ready.eq(1), self.whole.eq(self.is_whole), self.crc.eq(crc)]
        m.d.sync += [
            self.load.enable.eq(self.i.valid),
            self.part_en.eq(self.i.valid),
            self.part_address.eq(self.i.p),
            self.part_data.eq(self.i.p),
        ]
        return m


class AnyHead(wiring.Component):
    """In the place of :class:`hw.uart.model_head.ModelHead`: done at once, whatever it reads."""

    def __init__(self, source):
        self.any_source = source
        super().__init__(
            {
                "read": In(1),
                "done": Out(1),
                "rom_en": Out(1),
                "rom_addr": Out(range(identity.DEPTH)),
                "rom_data": In(8),
                "source": Out(2),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.done.eq(self.read)
        m.d.comb += self.source.eq(self.any_source)
        return m


class NoModelButAWholeOne(Harness):
    """Requests of a load in any order, with any payload; a model of three bytes, or less.

    What came is counted beside the handler: a load that was begun, so many bytes of it in order, a
    right sum and form as it ended, a self-test that passed behind that.

    Parameters
    ----------
    module : module
        A copy of :mod:`hw.uart.load_handler`, whose loader is replaced.
    """

    start: In(1)
    request: In(2)
    byte: In(BYTE)
    quiet: In(1)
    tested: In(1)
    passed: In(1)
    rom_data: In(BYTE)
    source: In(2)
    whole: In(1)
    crc: In(4 * BYTE)

    def __init__(self, module):
        super().__init__()
        module.Loader = lambda memories: AnyLoader(self.whole, self.crc)
        module.ModelHead = lambda: AnyHead(self.source)
        small = {
            name: getattr(identity, name) for name in ("DEPTH", "CAPACITY_ID", "LOAD", "MODEL")
        }
        module.identity = types.SimpleNamespace(**small, LATENCY=0)
        module.ID_SIZE, module.LOAD_BEGIN, module.OFFSET = ID_SIZE, BEGIN, OFFSET
        self.handler = module.LoadHandler(MEMORIES, test_limit=64)

    def check(self, m):
        m.submodules.handler = handler = self.handler
        request = Signal(8)
        sizes = {Request.LOAD_BEGIN: BEGIN.size, Request.LOAD_DATA: DATA, Request.LOAD_END: 0}
        size = Signal.like(handler.size)
        with m.Switch(self.request):
            for n, (kind, bytes_) in enumerate(sizes.items()):
                with m.Case(n):
                    m.d.comb += [request.eq(kind), size.eq(bytes_)]

        # A request is one after another, and its kind and size hold while it is carried out.
        busy, held, held_size = Signal(), Signal(8), Signal.like(size)
        testing = Signal()
        with m.If(self.start):
            m.d.sync += [busy.eq(1), held.eq(request), held_size.eq(size)]
        with m.If(handler.done):
            m.d.sync += busy.eq(0)
        settled = Signal(range(5))
        with m.If(settled != 4):
            m.d.sync += settled.eq(settled + 1)
        m.d.comb += [
            Assume(~self.start | (~busy & ~testing & (settled == 4) & (request != 0))),
            handler.start.eq(self.start),
            handler.request.eq(request),
            handler.size.eq(size),
            handler.i.valid.eq(busy),
            handler.i.p.eq(self.byte),
            handler.quiet.eq(self.quiet),
            handler.tested.eq(self.tested),
            handler.passed.eq(self.passed),
            handler.rom_data.eq(self.rom_data),
        ]
        with m.If(busy):
            m.d.comb += [handler.request.eq(held), handler.size.eq(held_size)]

        # The load, as the bytes tell.
        taken = handler.i.valid & handler.i.ready
        place = Signal(range(BEGIN.size + 1))
        length, wanted = Signal(32), Signal(32)
        with m.If(self.start):
            m.d.sync += place.eq(0)
        with m.Elif(taken):
            m.d.sync += place.eq(place + 1)
        begun, count = Signal(), Signal(32)
        offset, byte = Signal(8), Signal(8)
        m.d.comb += byte.eq(self.byte)
        with m.If(taken & (held == Request.LOAD_BEGIN)):
            with m.If(place == ID_SIZE):
                m.d.sync += [begun.eq(0), count.eq(0)]
            with m.If((place >= ID_SIZE) & (place < ID_SIZE + 4)):
                m.d.sync += length.eq(Cat(length[8:], byte))
            with m.If(place >= ID_SIZE + 4):
                m.d.sync += wanted.eq(Cat(wanted[8:], byte))
        with m.If(handler.done & (held == Request.LOAD_BEGIN) & (handler.error == 0)):
            m.d.sync += begun.eq(1)
        with m.If(taken & (held == Request.LOAD_DATA)):
            with m.If(place < OFFSET.size):
                m.d.sync += offset.eq(byte)
        with m.If(handler.done & (held == Request.LOAD_DATA) & (handler.error == 0)):
            with m.If(offset == count):
                m.d.sync += count.eq(count + 1)
        right = Signal()
        crc = Cat(wanted.word_select(n, 8)[:BYTE] for n in range(4))
        m.d.sync += right.eq(self.whole & (self.crc == crc))
        with m.If(handler.done & (held == Request.LOAD_END) & (handler.error == 0)):
            m.d.sync += testing.eq(1)
        with m.If(testing & self.tested):
            m.d.sync += testing.eq(0)
        end_right = Signal()
        whole_before = Signal(4)
        m.d.sync += whole_before.eq(Cat(right, whole_before))
        m.d.comb += end_right.eq(Cat(right, whole_before).any())

        before, was_testing = Signal(2), Signal()
        passed, seen = Signal(), Signal()
        m.d.sync += [
            before.eq(handler.source),
            was_testing.eq(testing),
            passed.eq(self.tested & self.passed),
            seen.eq(settled == 4),
        ]
        checked = Signal()  # the end that was accepted last had all bytes, and was right
        with m.If(handler.done & (held == Request.LOAD_END) & (handler.error == 0)):
            m.d.sync += checked.eq(begun & (count == length) & end_right)
        comes = seen & (before == State.NO_MODEL) & (handler.source != State.NO_MODEL)
        writes_flag = handler.write_en & (handler.write_addr == identity.MODEL)
        m.d.comb += [
            Assert(~comes | (was_testing & passed & checked)),
            Assert(~(handler.load.enable.any() & handler.running)),
            Assert(~(writes_flag & (handler.write_data != 0)) | (handler.source != 0)),
            Assert(~(handler.loading & (handler.source != 0))),
            Cover(comes & (length == Const(1))),
            Cover(handler.done & (handler.error != 0)),
        ]


PROOFS = [
    Proof(
        name="no-model-but-a-whole-one",
        make=NoModelButAWholeOne,
        module="hw.uart.load_handler",
        fault=("with m.Elif(~right):", "with m.Elif(0):"),
        depth=37,
        cover=37,
    ),
]
