# SPDX-License-Identifier: Apache-2.0
"""A frame store in block RAM: few pixels, shown large, every bit of them."""

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.display.layout import SMALL
from hw.display.scan import LINE, X
from hw.display.tile_writer import PLACED
from hw.engine.pixel_buffer import RGB
from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay

# A block has 9, 18 or 36 bits a word. 24 bits side by side waste least as 18 and 6: 14 blocks for
# 96 x 96 pixels, where three times 9 bits take 15.
HIGH, LOW = 18, 6
DEPTH = SMALL.width * SMALL.height


class BlockStore(wiring.Component):
    """Keep a canvas of :data:`hw.display.layout.SMALL`.

    Members
    -------
    i : In(stream.Signature(PLACED, always_ready=True))
    settled, ready : Out(1)
        Always: what is taken is stored four clocks later.
    next, line : In(LINE)
        Of :class:`hw.display.scan.Scan`; `next` is for stores that must fetch it.
    turn : In(1)
    pixel : In(X)
    colour : Out(RGB)
        Of `pixel` in `line`, three clocks later.
    late : Out(1)
        Never: for stores that must fetch.
    """

    canvas = SMALL

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(PLACED, always_ready=True)),
                "settled": Out(1, init=1),
                "ready": Out(1, init=1),
                "next": In(LINE),
                "line": In(LINE),
                "turn": In(1),
                "pixel": In(X),
                "colour": Out(RGB),
                "late": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.high = high = BlockRam(HIGH, DEPTH)
        m.submodules.low = low = BlockRam(LOW, DEPTH)
        address, write_address = Signal(range(DEPTH)), Signal(range(DEPTH))
        line, write_line = Signal(range(DEPTH)), Signal(range(DEPTH))
        m.d.sync += [
            line.eq(first_of(self.line.y)),
            address.eq(line + self.pixel),
            write_line.eq(first_of(self.i.p.y)),
            write_address.eq(write_line + delay(m, self.i.p.x, 1)),
        ]
        write_en = delay(m, self.i.valid, 2, reset_less=False)
        word = delay(m, self.i.p.pixel.as_value(), 2)
        for ram, part in ((high, word[LOW:]), (low, word[:LOW])):
            m.d.comb += [
                ram.address.eq(address),
                ram.write_en.eq(write_en),
                ram.write_address.eq(write_address),
                ram.write_data.eq(part),
            ]
        m.d.comb += self.colour.as_value().eq(Cat(low.data, high.data))
        m.d.comb += [self.settled.eq(1), self.ready.eq(1)]
        return m


def first_of(y):
    """Return the address of a line's first pixel: each has 96 of them, 64 and 32."""
    return (y << 6) + (y << 5)
