# SPDX-License-Identifier: Apache-2.0
"""Take in what a wall is told: its seed, its mode, and perhaps the name in its text."""

from amaranth.hdl import Cat, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.display.text import NAME, NAME_LENGTH
from hw.uart.protocol import MAX_TEXT, WALL, WALL_OFF, WALL_STEPS, Error, WallError

ORDER = data.StructLayout({"seed": 32, "mode": 8, "text": 1})
assert MAX_TEXT <= NAME_LENGTH

MEMBERS = {  # of a command handler
    **dict.fromkeys(("drawable", "fits", "roomy", "known", "slot"), In(1)),
    "wall": Out(ORDER),
    "wall_set": Out(1),
    "name": Out(NAME),
}


class OrderStates:
    """The part of a command handler that takes orders.

    Parameters
    ----------
    m : Module
        The handler's.
    handler : wiring.Component
        With :data:`MEMBERS`, and ``i`` and ``held``.
    remaining : Signal
        Bytes of the payload that are not taken yet, settled for two clocks where it is asked.

    Attributes
    ----------
    right_length : Signal
        An order may have so many bytes; or none, where nobody orders anything.
    """

    def __init__(self, m, handler, remaining):
        self.handler, self.remaining = handler, remaining
        self.right_length, self.named = Signal(), Signal()
        most = WALL.size + MAX_TEXT
        m.d.sync += [
            self.right_length.eq(
                (remaining == 0) | ((remaining >= WALL.size) & (remaining <= most))
            ),
            self.named.eq(remaining > WALL.size),
        ]
        order, name = handler.wall, handler.name
        self.last = remaining[: most.bit_length()] == 1
        self.odd = Signal()  # some character cannot be shown
        self.is_off, self.beyond, self.no_room = Signal(), Signal(), Signal()
        high = Signal()  # bit 7 of the character
        m.d.sync += [
            Cat(name.code, high).eq(handler.i.p),
            *(name.valid.eq(0), name.last.eq(self.last), name.slot.eq(~handler.slot)),
            self.is_off.eq(order.mode == WALL_OFF),
            self.beyond.eq(order.mode > WALL_STEPS),
            self.no_room.eq(order.text & ~handler.roomy),
        ]
        printable = ~high & (name.code >= ord(" ")) & (name.code <= ord("~"))
        with m.If(name.valid & ~printable):
            m.d.sync += self.odd.eq(1)

    def begin(self, m):
        """Go on with a request for a wall, in the handler's machine of states."""
        m.d.sync += [self.handler.wall.text.eq(self.named), self.odd.eq(0)]
        with m.If(self.remaining != 0):
            m.next = "WALL"

    def add(self, m, taken, count, refuse):
        """Add states to the handler's machine; they end in "JOB".

        Parameters
        ----------
        m : Module
        taken : Signal
            A byte is.
        count : Signal
            0 at first.
        refuse : callable
            Statements by an error code.
        """
        handler, remaining = self.handler, self.remaining
        order, name = handler.wall, handler.name
        with m.State("WALL"):
            m.d.comb += handler.i.ready.eq(1)
            with m.If(taken):
                m.d.sync += [
                    Cat(order.seed, order.mode).eq(Cat(order.seed[8:], order.mode, handler.i.p)),
                    remaining.eq(remaining - 1),
                    count.eq(count + 1),
                ]
                with m.If(count == WALL.size - 1):
                    m.d.sync += count.eq(0)
                    m.next = "WALL TAKEN"
                    with m.If(order.text):
                        m.next = "NAME"
        with m.State("NAME"):
            m.d.comb += handler.i.ready.eq(1)
            m.d.sync += [name.valid.eq(taken), name.at.eq(count)]
            with m.If(taken):
                m.d.sync += [remaining.eq(remaining - 1), count.eq(count + 1)]
                with m.If(self.last):
                    m.next = "WALL TAKEN"
        with m.State("WALL TAKEN"):  # perhaps the flash's model has just come
            with m.If(handler.known):
                m.next = "WALL KNOWN"
        with m.State("WALL KNOWN"):
            m.next = "JOB"
            with m.If(self.odd):
                m.d.sync += refuse(WallError.TEXT)
            with m.Elif(self.is_off):
                m.d.comb += handler.wall_set.eq(1)
            with m.Elif(self.beyond):
                m.d.sync += refuse(WallError.WALK)
            with m.Elif(~handler.held):
                m.d.sync += refuse(Error.NO_MODEL)
            with m.Elif(~handler.drawable):
                m.d.sync += refuse(WallError.LATENTS)
            with m.Elif(~handler.fits):
                m.d.sync += refuse(WallError.SIZE)
            with m.Elif(self.no_room):
                m.d.sync += refuse(WallError.ROOM)
            with m.Else():
                m.d.comb += handler.wall_set.eq(1)
