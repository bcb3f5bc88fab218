# SPDX-License-Identifier: Apache-2.0
"""A port that writes words, each with its address."""

from amaranth import Module, Signal
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.memory.bus import CHUNK, chunk_layout, place_layout, write_head_signature, write_layout
from hw.primitives.stream_register import StreamRegister

DEPTH = 16


class Writer(wiring.Component):
    """Keep words until the chip takes them, and offer a chunk as soon as there is one.

    Words that follow each other within a row go in one chunk, others in one each.

    Parameters
    ----------
    geometry : hw.memory.timing.Geometry
    port : int

    Members
    -------
    i : In(stream.Signature(write_layout(geometry)))
    pending : Out(1)
        A word that was taken is not in the chip yet. A read that is asked for while it is 0 sees
        all of them.
    chunk : Out(stream.Signature(chunk_layout(geometry)))
    head : Out(write_head_signature(geometry))
    """

    def __init__(self, geometry, port):
        self.geometry, self.port = geometry, port
        super().__init__(
            {
                "i": In(stream.Signature(write_layout(geometry))),
                "pending": Out(1),
                "chunk": Out(stream.Signature(chunk_layout(geometry))),
                "head": Out(write_head_signature(geometry)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        place = place_layout(self.geometry)
        entry = data.StructLayout({"place": place, "data": self.geometry.width, "follows": 1})
        m.submodules.waiting = waiting = fifo.SyncFIFOBuffered(width=entry.size, depth=DEPTH)
        # Whether a word is taken is known late in a clock: registers lie between it and the FIFO.
        m.submodules.register = register = StreamRegister(entry)
        wiring.connect(m, waiting.r_stream, register.i)

        held = Signal(self.i.p.shape())
        full = Signal()  # `held` has not gone on
        before = Signal(place)
        into, head = data.View(entry, waiting.w_data), register.o.p
        held_place = data.View(place, held.address)
        m.d.comb += [
            self.i.ready.eq(~full | waiting.w_rdy),
            waiting.w_en.eq(full),
            into.place.eq(held_place),
            into.data.eq(held.data),
            into.follows.eq((held_place.row == before.row) & (held_place.bank == before.bank)),
        ]
        with m.If(self.i.ready):
            m.d.sync += [full.eq(self.i.valid), held.eq(self.i.p)]
        with m.If(full & waiting.w_rdy):
            m.d.sync += before.eq(held_place)

        given = Signal()  # a chunk of this port is on its way
        with m.If(self.chunk.valid & self.chunk.ready):
            m.d.sync += given.eq(1)
        with m.If(self.head.done):
            m.d.sync += given.eq(0)
        m.d.comb += [
            self.chunk.valid.eq(register.o.valid & ~given),
            self.chunk.p.place.eq(head.place),
            self.chunk.p.port.eq(self.port),
            self.chunk.p.write.eq(1),
            self.chunk.p.last.eq(CHUNK - 1),
            self.head.valid.eq(register.o.valid),
            self.head.follows.eq(head.follows),
            self.head.column.eq(head.place.column),
            self.head.data.eq(head.data),
            register.o.ready.eq(self.head.take),
        ]
        # The chunk that wrote the last word may be over a clock after it.
        inside = full | (waiting.level != 0) | register.o.valid | given
        m.d.sync += self.pending.eq(self.i.valid | inside)
        return m
