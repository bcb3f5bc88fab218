# SPDX-License-Identifier: Apache-2.0
"""The FIFOs as this project uses them: what goes in comes out, in order, and nothing else."""

from amaranth.hdl import Assert, Assume, Cover, Signal
from amaranth.lib.wiring import In

from hw.uart import stopwatch
from sim.formal.proof import Harness, Proof

WIDTH = 2  # the width of what a FIFO holds does not matter to it
JOBS = 2  # depth of the job FIFO of hw.top
STANDS_FOR_16 = 8  # of the same code; the bytes that wait are twice as many: too many for z3


class Order(Harness):
    """Element number `index`, whichever it is, comes out as it went in.

    Parameters
    ----------
    fifo : component
        With the members of :class:`amaranth.lib.fifo.FIFOInterface`.
    """

    w_en: In(1)
    w_data: In(WIDTH)
    r_en: In(1)
    index: In(5)

    def __init__(self, fifo):
        self.fifo = fifo
        super().__init__()

    def check(self, m):
        m.submodules.fifo = fifo = self.fifo
        m.d.comb += [
            fifo.w_en.eq(self.w_en),
            fifo.w_data.eq(self.w_data),
            fifo.r_en.eq(self.r_en),
        ]
        begun = Signal()
        index = Signal.like(self.index)
        m.d.sync += [begun.eq(1), index.eq(self.index)]
        m.d.comb += Assume(~begun | (self.index == index))

        entered, left = Signal(6), Signal(6)
        element = Signal(WIDTH)
        with m.If(fifo.w_en & fifo.w_rdy):
            m.d.sync += entered.eq(entered + 1)
            with m.If(entered == self.index):
                m.d.sync += element.eq(self.w_data)
        with m.If(fifo.r_en & fifo.r_rdy):
            m.d.sync += left.eq(left + 1)
            m.d.comb += Assert(left < entered)
            with m.If(left == self.index):
                m.d.comb += [Assert(fifo.r_data == element), Cover(self.index == fifo.depth)]
        m.d.comb += [
            Assert(fifo.level == entered - left),
            Assert(fifo.level <= fifo.depth),
            Cover(~fifo.w_rdy),
        ]


def order(depth):
    """Return the proof for a FIFO of this depth."""
    return Proof(
        name=f"fifo-order-{depth}",
        make=lambda fifo: Order(fifo.SyncFIFOBuffered(width=WIDTH, depth=depth)),
        module="amaranth.lib.fifo",
        fault=("inner_r_rdy & (~self.r_rdy | self.r_en)", "inner_r_rdy"),
        depth=depth + 6,
        cover=depth + 6,
        registers=True,
    )


PROOFS = [order(depth) for depth in (JOBS, stopwatch.IN_FLIGHT, STANDS_FOR_16)]
