# SPDX-License-Identifier: Apache-2.0
"""A frame store in a memory outside: the whole screen, a word a pixel."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.display.layout import LARGE
from hw.display.scan import LINE, X
from hw.display.tile_writer import PLACED
from hw.engine.pixel_buffer import RGB
from hw.memory.bus import request_layout, write_layout
from hw.primitives.block_ram import BlockRam
from hw.primitives.stream_register import registered

WORD = 16  # bits: 5 of red, 6 of green, 5 of blue
PITCH_BITS = 10  # words from line to line: 1,024, so that an address is y and x
CANVAS_BITS = PITCH_BITS + (LARGE.height - 1).bit_length()


def screen_port(geometry):
    """Return the signature of what a screen has of a memory outside, from the screen's side.

    Members
    -------
    request : Out(stream.Signature(request_layout(geometry)))
    word : In(stream.Signature(geometry.width))
    write : Out(stream.Signature(write_layout(geometry)))
    write_pending : In(1)
        Words of it are on their way to the memory.
    ready : In(1)
    """
    return wiring.Signature(
        {
            "request": Out(stream.Signature(request_layout(geometry))),
            "word": In(stream.Signature(geometry.width)),
            "write": Out(stream.Signature(write_layout(geometry))),
            "write_pending": In(1),
            "ready": In(1),
        }
    )


def join(m, memory, port):
    """Join a screen's port to the ports 1 of a memory: the one that reads has a deadline.

    Parameters
    ----------
    m : Module
    memory : hw.memory.external_memory.ExternalMemory
    port : screen_port, from the screen's side
    """
    wiring.connect(m, port.request, memory.i_read1)
    wiring.connect(m, memory.o_read1, port.word)
    wiring.connect(m, port.write, memory.i_write1)
    m.d.comb += [port.write_pending.eq(memory.write_pending1), port.ready.eq(memory.ready)]


def packed(pixel):
    """Return the word of a pixel: the lowest three bits of red and blue and two of green go."""
    return Cat(pixel.b[3:], pixel.g[2:], pixel.r[3:])


class LineStore(wiring.Component):
    """Keep a canvas of :data:`hw.display.layout.LARGE` in a memory outside.

    While a line is shown the next one is fetched, in one request, into the other half of a buffer.
    So a line has all of a line's 4,000 clocks to come, whatever else goes on in the memory. One
    that is late is black.

    The canvas lies at the end of the memory.

    Parameters
    ----------
    geometry : hw.memory.timing.Geometry
        Of 16 bits.

    Members
    -------
    i, settled, ready, next, line, turn, pixel, colour
        As of :class:`hw.display.block_store.BlockStore`.
    late : Out(1)
        A line begins that has not come.
    memory : Out(screen_port(geometry))
    """

    canvas = LARGE

    def __init__(self, geometry):
        if geometry.width != WORD:
            raise ValueError(f"width is {geometry.width}; give {WORD}")
        self.geometry = geometry
        super().__init__(
            {
                "i": In(stream.Signature(PLACED)),
                "settled": Out(1),
                "ready": Out(1),
                "next": In(LINE),
                "line": In(LINE),
                "turn": In(1),
                "pixel": In(X),
                "colour": Out(RGB),
                "late": Out(1),
                "memory": Out(screen_port(geometry)),
            }
        )

    def place(self, y, x):
        """Return the linear address of a pixel."""
        above = Const(-1, self.geometry.address_bits - CANVAS_BITS)
        return Cat(x, y, above)

    def elaborate(self, platform):
        m = Module()
        memory = self.memory
        pixel = registered(m, wiring.flipped(self.i), "register")  # the memory lies far away
        m.d.comb += [
            memory.write.valid.eq(pixel.valid),
            memory.write.p.address.eq(self.place(pixel.p.y, pixel.p.x)),
            memory.write.p.data.eq(packed(pixel.p.pixel)),
            pixel.ready.eq(memory.write.ready),
            self.settled.eq(~pixel.valid & ~memory.write_pending),
            self.ready.eq(memory.ready),
        ]

        m.submodules.lines = lines = BlockRam(WORD, 2 << PITCH_BITS)
        turned = Signal()  # `line` and `next` are new
        half = Signal()  # of the buffer: the line that is shown
        left = Signal(range(LARGE.width + 1))  # words to come
        asked = Signal()  # for the next line
        there = Signal()  # the line has come
        empty = Signal(init=1)  # `left` was 0 a clock before; a line is asked for once in 4,000
        done = Signal()
        m.d.comb += done.eq(asked & empty)
        m.d.sync += empty.eq(left == 0)
        m.d.sync += [turned.eq(self.turn), self.late.eq(0)]
        with m.If(memory.request.valid & memory.request.ready):
            m.d.sync += memory.request.valid.eq(0)
        with m.If(self.turn):
            m.d.sync += [half.eq(~half), there.eq(done), asked.eq(0)]
        with m.If(turned):
            m.d.sync += self.late.eq(self.line.inside & memory.ready & ~there)
            with m.If(self.next.inside & memory.ready & empty):
                m.d.sync += [
                    asked.eq(1),
                    memory.request.valid.eq(1),
                    memory.request.p.address.eq(self.place(self.next.y, Const(0, PITCH_BITS))),
                    left.eq(LARGE.width),
                ]
        with m.If(memory.word.valid):
            m.d.sync += left.eq(left - 1)

        column, into = Signal(PITCH_BITS), Signal()
        m.d.comb += [memory.request.p.words.eq(LARGE.width), memory.word.ready.eq(1)]
        with m.If(turned & empty):
            m.d.sync += [column.eq(0), into.eq(~half)]
        with m.Elif(memory.word.valid):
            m.d.sync += column.eq(column + 1)
        m.d.sync += [
            lines.write_en.eq(memory.word.valid),
            lines.write_address.eq(Cat(column, into)),
            lines.write_data.eq(memory.word.p),
            lines.address.eq(Cat(self.pixel, half)),
        ]
        word = lines.data
        for name, low, bits in (("b", 0, 5), ("g", 5, 6), ("r", 11, 5)):
            part = word[low : low + bits]
            m.d.comb += self.colour[name].eq(Mux(there, Cat(part[2 * bits - 8 :], part), 0))
        return m
