# SPDX-License-Identifier: Apache-2.0
"""Whose chunk is next."""

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.memory.bus import chunk_layout


class Arbiter(wiring.Component):
    """Give the ports their turns.

    The port with a deadline, number 0, goes first, but not twice in a row while another one waits.
    The others take turns. So every port waits for a bounded number of chunks. The choice is made a
    clock ahead, and anew in each clock, so the payload of `o` may change until it is taken.

    Parameters
    ----------
    geometry : hw.memory.timing.Geometry
    ports : int

    Members
    -------
    i0, i1, ... : In(stream.Signature(chunk_layout(geometry)))
    o : Out(stream.Signature(chunk_layout(geometry)))
        But for the rule that a payload holds until it is taken.
    """

    def __init__(self, geometry, ports):
        chunk = stream.Signature(chunk_layout(geometry))
        self.ports = ports
        super().__init__({"o": Out(chunk), **{f"i{n}": In(chunk) for n in range(ports)}})

    def elaborate(self, platform):
        m = Module()
        offers = [getattr(self, f"i{n}") for n in range(self.ports)]
        valid = Signal(self.ports)
        m.d.comb += [valid[n].eq(offer.valid) for n, offer in enumerate(offers)]
        before = Signal(range(self.ports))  # who had the last turn
        turn = Signal(range(1, self.ports), init=1)  # who of the others had
        other = Signal.like(turn)
        best, chosen = Signal(range(self.ports)), Signal(range(self.ports))
        taken = self.o.valid & self.o.ready
        with m.Switch(turn):
            for last in range(1, self.ports):
                with m.Case(last):
                    order = [*range(last + 1, self.ports), *range(1, last + 1)]
                    for n in reversed(order):  # the one asked last wins: the first in order
                        with m.If(valid[n]):
                            m.d.comb += other.eq(n)
        with m.If(valid[1:].any() & ~(valid[0] & (before != 0))):
            m.d.comb += best.eq(other)
        # An offer that is taken is gone in the next clock.
        m.d.sync += [chosen.eq(best), self.o.valid.eq(valid.any() & ~taken)]
        with m.Switch(chosen):
            for n, offer in enumerate(offers):
                with m.Case(n):
                    m.d.comb += self.o.p.eq(offer.p)
        with m.If(taken):
            m.d.comb += [offer.ready.eq(chosen == n) for n, offer in enumerate(offers)]
            m.d.sync += before.eq(chosen)
            with m.If(chosen != 0):
                m.d.sync += turn.eq(chosen)
        return m
