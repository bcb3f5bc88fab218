# SPDX-License-Identifier: Apache-2.0
"""The wall: pictures of latents that the machine draws for itself, without end."""

from amaranth import Module, Mux, ResetInserter, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.display.text import TEXT
from hw.latents.latent_source import LatentSource
from hw.latents.shared_generator import SharedGenerator
from hw.primitives.stream_register import StreamRegister
from hw.uart.facts import LATENT_KINDS
from hw.uart.protocol import MAX_LATENT, MAX_PIXELS, WALL_OFF
from hw.uart.responder import PIXEL, WALL_STATUS
from hw.uart.wall_order import ORDER

SIDE = 128  # pixels of the largest picture's
FIRST_SEED = 1  # of a wall that nobody has given one
# From a size until whether there is room is surely known: more than the 294 clocks that
# hw.display.layout.WallFinder takes, and all ones.
FITS_LATENCY = 511
ANEW = 1  # the mode of such a wall: each latent is drawn anew


class Wall(wiring.Component):
    """Fill a screen: begin, change and end as the line, a button or the board itself says.

    The wall begins when no picture of an earlier one is on its way any more, and first clears the
    screen. It ends in the same way. Without a model it ends by itself.

    Members
    -------
    set : In(1), order : In(hw.uart.wall_order.ORDER)
        Begin anew with this seed and mode, and a text or none, or end; all are valid
        (:mod:`hw.uart.protocol`). The name of a text lies in the slot that is not the text's.
    start : In(1)
        One cycle: begin with the seed that there is, as soon as there is a model; unless an order
        comes first.
    button : In(1)
        One cycle: begin with the next seed. Without a model it does nothing.
    held : In(1)
        There is a model.
    stands : In(1)
        The generator is held in reset, and drops what it has.
    latents : In(range(len(LATENT_KINDS)))
        The kind of its latents.
    latent, pixels : In
        As of :class:`hw.latents.shared_generator.SharedGenerator`.
    damaged : In(1)
        The weights are not those that were loaded: pixels are black, until there is no model.
    hold : In(1)
        Begin no picture. From then on those that are on their way come to their end.
    busy : Out(1)
        Some are.
    drawable : Out(1)
        The wall draws such latents.
    fits : In(1)
        1 unless connected. The screen has room for pictures of `size`, some cycles later.
    known : Out(1)
        `fits` is of the model that there is, or there is none.
    status : Out(WALL_STATUS)
        Seed, mode and text as they are, and the pictures begun since then.
    text : Out(hw.display.text.TEXT)
        What text there is, at first none; who else begins a wall leaves it as it is.
    i_latents, o_latents, i_pixels, o_pixels
        From the line to the generator, and from there to the line.
    wall_pixels : Out(stream.Signature(PIXEL))
        To the screen, which takes each picture in a bounded time.
    size : Out(range(SIDE + 1))
        Pixels of a side of a picture, 128 cycles after the model has come.
    restart : Out(1)
        One cycle: clear the screen; the next picture is the first one.
    active : Out(1)
        A wall is on, begins or ends.
    """

    def __init__(self):
        shared = SharedGenerator.__annotations__
        super().__init__(
            {
                "set": In(1),
                "order": In(ORDER),
                "start": In(1),
                "button": In(1),
                "held": In(1),
                "stands": In(1),
                "latents": In(range(len(LATENT_KINDS))),
                "latent": In(range(MAX_LATENT + 1)),
                "pixels": In(range(MAX_PIXELS + 1)),
                "damaged": In(1),
                "hold": In(1),
                "busy": Out(1),
                "drawable": Out(1),
                "fits": In(1, init=1),
                "known": Out(1),
                "status": Out(WALL_STATUS, init={"seed": FIRST_SEED}),
                "text": Out(TEXT),
                "i_latents": shared["i_line"],
                "o_latents": shared["o_latents"],
                "i_pixels": shared["i_pixels"],
                "o_pixels": shared["o_line"],
                "wall_pixels": Out(stream.Signature(PIXEL)),
                "size": Out(range(SIDE + 1)),
                "restart": Out(1),
                "active": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.source = source = LatentSource()
        shared = SharedGenerator()
        m.submodules.shared = ResetInserter(self.stands)(shared)
        # Registers between what computes a number, what chooses it, and the generator. None keeps
        # a number that its source or its taker has forgotten.
        drawn, fed = StreamRegister(signed(8)), StreamRegister(signed(8))
        m.submodules.drawn = ResetInserter(source.restart)(drawn)
        m.submodules.fed = ResetInserter(self.stands)(fed)
        wiring.connect(m, source.o, drawn.i)
        wiring.connect(m, drawn.o, shared.i_wall)
        wiring.connect(m, shared.o_latents, fed.i)
        for own, inner in (
            (self.i_latents, shared.i_line),
            (self.o_latents, fed.o),
            (self.i_pixels, shared.i_pixels),
            (self.o_pixels, shared.o_line),
        ):
            wiring.connect(m, wiring.flipped(own), inner)
        mode, seed = self.status.mode, self.status.seed
        walk = Signal.like(source.walk)  # of the latents that are drawn now
        dark = Signal()  # `damaged`, but for the time in which a pixel waits
        with m.If(~shared.o_wall.valid | self.wall_pixels.ready):
            m.d.sync += dark.eq(self.damaged)
        m.d.comb += [
            self.wall_pixels.p.eq(Mux(dark, 0, shared.o_wall.p.as_value())),
            self.wall_pixels.valid.eq(shared.o_wall.valid),
            shared.o_wall.ready.eq(self.wall_pixels.ready),
            self.busy.eq(shared.busy),
            self.drawable.eq(self.latents[0]),
            source.categorical.eq(self.latents[1]),
            source.latent.eq(self.latent),
            shared.latent.eq(self.latent),
            shared.pixels.eq(self.pixels),
            source.seed.eq(seed),
            source.walk.eq(walk),
        ]
        changed = Signal()  # seed or mode are not those that are carried out

        pictures, begun = self.status.pictures, Signal()
        m.d.sync += [begun.eq(shared.begun), pictures.eq(pictures + begun)]
        with m.FSM() as fsm:
            with m.State("OFF"):
                m.d.comb += source.restart.eq(1)
                with m.If(mode != WALL_OFF):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(~shared.busy):
                    m.next = "CLEAR"
            with m.State("CLEAR"):
                m.d.comb += [self.restart.eq(1), source.restart.eq(1)]
                m.d.sync += [walk.eq(mode - ANEW), pictures.eq(0), changed.eq(0)]
                m.next = "ON"
                with m.If(mode == WALL_OFF):
                    m.next = "OFF"
            with m.State("ON"):
                m.d.comb += shared.go.eq(~self.hold)
                with m.If(changed | (mode == WALL_OFF)):
                    m.next = "DRAIN"
        m.d.comb += self.active.eq(~fsm.ongoing("OFF") | (mode != WALL_OFF))
        measured = self._measured(m)
        m.d.comb += self.known.eq(measured | ~self.held)
        with m.If(self._orders(m, mode, seed, measured)):
            m.d.sync += changed.eq(1)
        return m

    def _measured(self, m):
        """Find the side of a picture while there is a model; return whether `fits` is of it."""
        rest, measured = Signal.like(self.pixels), Signal()
        side, odd = Signal.like(self.size), Signal(range(2 * SIDE + 2))
        # A square is the sum of the first odd numbers.
        m.d.sync += [rest.eq(rest - odd), odd.eq(odd + 2), side.eq(side + 1)]
        with m.If(~self.held):
            m.d.sync += [rest.eq(self.pixels), odd.eq(1), side.eq(1), measured.eq(0)]
        with m.Elif(rest <= odd):
            m.d.sync += [rest.eq(rest), odd.eq(odd), side.eq(side)]
            m.d.sync += [self.size.eq(side), measured.eq(1)]
        since, known = Signal(range(FITS_LATENCY + 1)), Signal()
        m.d.sync += [since.eq(since + ~since.all()), known.eq(measured & since.all())]
        with m.If(~measured):
            m.d.sync += since.eq(0)
        return known

    def _orders(self, m, mode, seed, measured):
        """Let seed and mode be the last ones that somebody wanted; return whether they change."""
        wanted = Signal()  # by `start`
        new = Signal()
        ready = self.held & self.drawable & measured & self.fits
        m.d.sync += wanted.eq(wanted | self.start)
        m.d.sync += self.status.text.eq(self.text.on)
        with m.If(self.set):
            m.d.comb += new.eq(1)
            m.d.sync += mode.eq(self.order.mode)
            with m.If(self.order.mode != WALL_OFF):
                m.d.sync += [
                    seed.eq(self.order.seed),
                    self.text.on.eq(self.order.text),
                    self.text.slot.eq(self.text.slot ^ self.order.text),
                ]
        with m.Elif((wanted | self.button) & ready):
            m.d.comb += new.eq(1)
            m.d.sync += seed.eq(seed + self.button)
            with m.If(mode == WALL_OFF):
                m.d.sync += mode.eq(ANEW)
        with m.If(new):
            m.d.sync += wanted.eq(0)
        with m.If(~self.held):
            m.d.sync += mode.eq(WALL_OFF)
        return new
