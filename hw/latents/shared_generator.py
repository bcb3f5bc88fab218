# SPDX-License-Identifier: Apache-2.0
"""One generator for the line and for the wall: latent by latent, picture by picture."""

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hw.uart.protocol import MAX_LATENT, MAX_PIXELS
from hw.uart.responder import PIXEL

DEPTH = 8  # pictures in the generator at most: more than it stores


class SharedGenerator(wiring.Component):
    """Let latents of the line and of the wall in, and send each picture where it was asked for.

    Where both wait the line goes first. A latent takes a cycle more than its numbers, a picture one
    more than its pixels. Pictures come in the order of their latents: one that the wall does not
    take holds up those behind it, so the screen must take each in a bounded time.

    Members
    -------
    latent : In(range(MAX_LATENT + 1)), pixels : In(range(MAX_PIXELS + 1))
        Numbers of a latent, pixels of a picture.
    i_line, i_wall : In(stream.Signature(signed(8)))
    go : In(1)
        A latent of the wall may begin.
    o_latents : Out(stream.Signature(signed(8))), i_pixels : In(stream.Signature(PIXEL))
        The generator's.
    o_line, o_wall : Out(stream.Signature(PIXEL))
    begun : Out(1)
        One cycle: a latent of the wall begins.
    busy : Out(1)
        The generator has some of the wall, or gets it.
    """

    latent: In(range(MAX_LATENT + 1))
    pixels: In(range(MAX_PIXELS + 1))
    i_line: In(stream.Signature(signed(8)))
    i_wall: In(stream.Signature(signed(8)))
    go: In(1)
    o_latents: Out(stream.Signature(signed(8)))
    i_pixels: In(stream.Signature(PIXEL))
    o_line: Out(stream.Signature(PIXEL))
    o_wall: Out(stream.Signature(PIXEL))
    begun: Out(1)
    busy: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.order = order = SyncFIFOBuffered(width=1, depth=DEPTH)
        ended = Signal()  # a picture of the wall has left
        self._latents(m, order)
        self._pixels(m, order, ended)
        inside = Signal(range(DEPTH + 2))
        m.d.sync += inside.eq(inside + self.begun - ended)
        m.d.comb += self.busy.eq(inside.any())
        return m

    def _latents(self, m, order):
        walls = Signal()  # the latent that goes in
        left = Signal.like(self.latent)  # of its numbers
        one_left = Signal()
        m.d.comb += order.w_data.eq(~self.i_line.valid)
        with m.FSM():
            with m.State("CHOOSE"):
                m.d.sync += [
                    walls.eq(order.w_data),
                    left.eq(self.latent),
                    one_left.eq(self.latent == 1),
                ]
                with m.If(order.w_rdy & (self.i_line.valid | (self.go & self.i_wall.valid))):
                    m.d.comb += [order.w_en.eq(1), self.begun.eq(order.w_data)]
                    m.next = "PASS"
            with m.State("PASS"):
                source = Mux(walls, self.i_wall.valid, self.i_line.valid)
                m.d.comb += [
                    self.o_latents.p.eq(Mux(walls, self.i_wall.p, self.i_line.p)),
                    self.o_latents.valid.eq(source),
                    self.i_line.ready.eq(self.o_latents.ready & ~walls),
                    self.i_wall.ready.eq(self.o_latents.ready & walls),
                ]
                with m.If(self.o_latents.valid & self.o_latents.ready):
                    m.d.sync += [left.eq(left - 1), one_left.eq(left == 2)]
                    with m.If(one_left):
                        m.next = "CHOOSE"

    def _pixels(self, m, order, ended):
        walls = Signal()  # the picture that comes out
        left = Signal.like(self.pixels)
        one_left = Signal()
        m.d.comb += [self.o_line.p.eq(self.i_pixels.p), self.o_wall.p.eq(self.i_pixels.p)]
        with m.FSM():
            with m.State("NEXT"):
                m.d.comb += order.r_en.eq(1)
                m.d.sync += [
                    walls.eq(order.r_data),
                    left.eq(self.pixels),
                    one_left.eq(self.pixels == 1),
                ]
                with m.If(order.r_rdy):
                    m.next = "PASS"
            with m.State("PASS"):
                m.d.comb += [
                    self.o_wall.valid.eq(self.i_pixels.valid & walls),
                    self.o_line.valid.eq(self.i_pixels.valid & ~walls),
                    self.i_pixels.ready.eq(Mux(walls, self.o_wall.ready, self.o_line.ready)),
                ]
                with m.If(self.i_pixels.valid & self.i_pixels.ready):
                    m.d.sync += [left.eq(left - 1), one_left.eq(left == 2)]
                    with m.If(one_left):
                        m.d.comb += ended.eq(walls)
                        m.next = "NEXT"
