# SPDX-License-Identifier: Apache-2.0
"""The screen, from pictures to pins."""

from amaranth import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.display.face_counter import FaceCounter
from hw.display.layout import WALL, WallFinder
from hw.display.mode import CLOCK_HZ, VGA
from hw.display.raster import Raster
from hw.display.scan import Scan
from hw.display.serializer import LANES, Serializer
from hw.display.text import NAME, TEXT, TextLine
from hw.display.tile_writer import TileWriter
from hw.display.tmds import TmdsEncoder
from hw.engine.pixel_buffer import RGB
from hw.primitives.delay import delay
from hw.primitives.stream_register import StreamRegister

BEHIND = 2  # pixels from the raster to the colour
WHITE = (1 << RGB.size) - 1


class Display(wiring.Component):
    """Show the newest pictures as a wall, 640 x 480 pixels over DVI.

    The domain ``sync`` runs at five times the clock of pixels, 125 MHz. The pictures' size, and
    whether there is a text, is taken over where a frame ends, behind `restart` and at the start.
    Until then no pixel is taken; then the whole wall is black until new faces come.

    Parameters
    ----------
    store : hw.display.block_store.BlockStore or hw.display.line_store.LineStore
    pins : object
        As :class:`hw.display.serializer.Serializer` has them.
    second : int
        Clocks of a second, in which the text counts faces.

    Members
    -------
    i : In(stream.Signature(RGB))
        Pictures, row-major, one behind the other. What cannot be shown is taken and dropped. Each
        face begins within a frame, and then its pixels are taken as fast as the store does.
    size : In(8)
        Pixels of a picture's side.
    grey : In(1)
        Pixels have ``r`` alone.
    restart : In(1)
        What comes next is the first pixel of a picture, which goes to the first place.
    fits : Out(1)
        The wall has room for pictures of `size`, some 300 clocks later, and its memory works.
    roomy : Out(1)
        And for a text beside them.
    text : In(TEXT), name : In(NAME)
        As of :class:`hw.display.text.TextLine`.
    late : Out(1)
        A line was not there in time; it is black.
    frame : Out(1)
        A frame ends with this clock.
    """

    def __init__(self, store, pins, *, second=CLOCK_HZ):
        self.store, self.pins, self.second = store, pins, second
        super().__init__(
            {
                "i": In(stream.Signature(RGB)),
                "size": In(8),
                "grey": In(1),
                "restart": In(1),
                "fits": Out(1),
                "roomy": Out(1),
                "text": In(TEXT),
                "name": In(NAME),
                "late": Out(1),
                "frame": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        store = self.store
        m.submodules.finder = finder = WallFinder(store.canvas)
        m.submodules.raster = raster = Raster(VGA)
        m.submodules.scan = scan = Scan()
        m.submodules.writer = writer = TileWriter()
        m.submodules.text = text = TextLine()
        m.submodules.counter = counter = FaceCounter(self.second)
        m.submodules.store = store
        m.submodules.serializer = serializer = Serializer(self.pins)

        # A pixel that waits as a restart comes belongs to a picture of before.
        register = StreamRegister(RGB)
        m.submodules.register = ResetInserter(self.restart)(register)
        wiring.connect(m, wiring.flipped(self.i), register.i)
        pixel = register.o.p

        wall = Signal(WALL)
        pending, begin = Signal(init=1), Signal()
        m.d.comb += [finder.size.eq(self.size), self.fits.eq(finder.o.fits & store.ready)]
        worded = Signal()  # the next wall is beside a text
        m.d.comb += self.roomy.eq(finder.o.roomy)
        m.d.sync += worded.eq(self.text.on & finder.o.roomy)
        m.d.comb += self.frame.eq(raster.tick & raster.frame_ends)
        m.d.sync += begin.eq(self.frame & pending)
        with m.If(self.frame & pending):
            m.d.sync += [pending.eq(0), wall.eq(finder.o)]
            m.d.sync += [text.on.eq(worded), text.slot.eq(self.text.slot)]
            with m.If(worded):
                m.d.sync += wall.rows.eq(finder.o.text_rows)
        with m.If(self.restart):
            m.d.sync += pending.eq(1)

        m.d.comb += [
            scan.wall.eq(wall),
            scan.progress.eq(writer.progress),
            scan.tick.eq(raster.tick),
            scan.x.eq(raster.x),
            scan.y.eq(raster.y),
            writer.wall.eq(wall),
            writer.y.eq(raster.y),
            writer.begin.eq(begin),
            writer.hold.eq(pending | begin | self.restart),
            writer.drop.eq(~(wall.fits & store.ready)),
            writer.settled.eq(store.settled),
            writer.i.valid.eq(register.o.valid),
            writer.i.p.r.eq(pixel.r),
            writer.i.p.g.eq(Mux(self.grey, pixel.r, pixel.g)),
            writer.i.p.b.eq(Mux(self.grey, pixel.r, pixel.b)),
            register.o.ready.eq(writer.i.ready),
            store.next.eq(scan.next),
            store.line.eq(scan.line),
            store.turn.eq(scan.turn),
            store.pixel.eq(scan.pixel),
            self.late.eq(store.late),
            counter.face.eq(writer.stored),
            counter.frame.eq(self.frame),
            text.digits.eq(counter.digits),
            text.line.eq(wall.text),
            text.left.eq(wall.left),
            text.text.eq(self.text),
            text.name.eq(self.name),
            text.tick.eq(raster.tick),
            text.turn.eq(scan.turn),
            text.x.eq(raster.x),
            text.y.eq(raster.y),
        ]
        wiring.connect(m, writer.o, store.i)

        colour = Signal(RGB)
        flags = Cat(raster.seen, raster.hsync, raster.vsync)
        with m.If(raster.tick):
            m.d.sync += colour.eq(Mux(text.lit, WHITE, Mux(scan.shown, store.colour.as_value(), 0)))
            for _ in range(BEHIND):
                stage = Signal.like(flags, init=0b110)
                m.d.sync += stage.eq(flags)
                flags = stage

        words = []
        for lane, name in enumerate("bgr"):
            m.submodules[f"encoder_{name}"] = encoder = TmdsEncoder()
            m.d.comb += [
                encoder.step.eq(raster.tick),
                encoder.seen.eq(flags[0]),
                encoder.data.eq(colour[name]),
            ]
            if lane == 0:
                m.d.comb += encoder.control.eq(flags[1:])
            words.append(encoder.word)
        assert len(words) == LANES
        m.d.comb += [serializer.words.eq(Cat(words)), serializer.load.eq(delay(m, raster.tick, 1))]
        return m


def join(m, top, display):
    """Let a display show the wall of a :class:`hw.top.Top`, which begins by itself."""
    wiring.connect(m, top.wall_pixels, display.i)
    begun = Signal()
    m.d.sync += begun.eq(1)
    m.d.comb += [
        top.wall_start.eq(~begun),
        display.size.eq(top.wall_size),
        display.grey.eq(top.wall_grey),
        display.restart.eq(top.wall_restart),
        top.wall_fits.eq(display.fits),
        top.wall_roomy.eq(display.roomy),
        display.text.eq(top.wall_text),
        display.name.eq(top.wall_name),
    ]
