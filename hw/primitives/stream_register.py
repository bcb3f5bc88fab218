# SPDX-License-Identifier: Apache-2.0
"""Registers across a stream, in both directions."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class StreamRegister(wiring.Component):
    """Let a stream cross the chip: valid, payload and ready all leave registers.

    One cycle of latency, a payload a cycle. What comes while the other side is found busy waits in
    a spare register.

    Parameters
    ----------
    shape : ShapeLike
        Of the payload.

    Members
    -------
    i : In(stream.Signature(shape))
    o : Out(stream.Signature(shape))
    """

    def __init__(self, shape):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        room = Signal(init=1)  # the spare register is free
        spare = Signal.like(self.i.p, reset_less=True)
        m.d.comb += self.i.ready.eq(room)
        with m.If(room):
            m.d.sync += spare.eq(self.i.p)
        with m.If(self.o.ready | ~self.o.valid):
            m.d.sync += [
                room.eq(1),
                self.o.valid.eq(self.i.valid | ~room),
                self.o.p.eq(Mux(room, self.i.p, spare)),
            ]
        with m.Elif(self.i.valid):
            m.d.sync += room.eq(0)
        return m


def registered(m, source, *names):
    """Return the stream `source` behind a :class:`StreamRegister` of each of these names."""
    for name in names:
        m.submodules[name] = register = StreamRegister(source.p.shape())
        wiring.connect(m, source, register.i)
        source = register.o
    return source
