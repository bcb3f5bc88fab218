# SPDX-License-Identifier: Apache-2.0
"""Latents in, a number a row of the array out."""

from amaranth import Cat, Module, Signal, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.feature_memory import FeatureMemory
from hw.primitives.delay import delay


class LatentMemory(wiring.Component):
    """Keep two latents.

    A number a cycle in, two cycles of rest behind each latent; a word of `rows` a cycle out,
    ``numbers`` follows ``group`` by :attr:`latency` cycles. While one latent is in use the next one
    is taken.

    Parameters
    ----------
    latent : int
        Numbers of a latent.
    rows : int
        Numbers of a word: rows of the array.

    Members
    -------
    i : In(stream.Signature(signed(8)))
        Latents in order, one avatar after another.
    ready : Out(1)
        A whole latent is stored.
    done : In(1)
        It is not needed any more.
    group : In
        Which `rows` numbers.
    numbers : Out(ArrayLayout(signed(8), rows))
    """

    latency = FeatureMemory.latency  # both feed the array

    def __init__(self, latent, *, rows):
        self.latent, self.rows = latent, rows
        groups = -(-latent // rows)
        super().__init__(
            {
                "i": In(stream.Signature(signed(8))),
                "ready": Out(1),
                "done": In(1),
                "group": In(range(max(2, groups))),
                "numbers": Out(data.ArrayLayout(signed(8), rows)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        stride = 1 << len(self.group)

        filled = Signal(range(3))  # latents stored and not done
        slot_in, slot_out = Signal(), Signal()
        count, row, group = (
            Signal(range(self.latent)),
            Signal(range(self.rows)),
            Signal.like(self.group),
        )
        take, complete = Signal(), Signal()
        room, stored = Signal(init=1), Signal()
        m.d.sync += [stored.eq(complete), room.eq(~complete & ~stored & (filled != 2))]
        m.d.comb += [
            self.i.ready.eq(room),
            self.ready.eq(filled != 0),
            take.eq(self.i.valid & self.i.ready),
            complete.eq(take & (count == self.latent - 1)),
        ]
        m.d.sync += filled.eq(filled + stored - self.done)
        with m.If(take):
            m.d.sync += [count.eq(count + 1), row.eq(row + 1)]
            with m.If(row == self.rows - 1):
                m.d.sync += [row.eq(0), group.eq(group + 1)]
            with m.If(complete):
                m.d.sync += [count.eq(0), row.eq(0), group.eq(0), slot_in.eq(~slot_in)]
        with m.If(self.done):
            m.d.sync += slot_out.eq(~slot_out)

        m.submodules.latents = latents = memory.Memory(
            shape=8 * self.rows, depth=2 * stride, init=[]
        )
        write = latents.write_port(granularity=8)
        read = latents.read_port()
        number = delay(m, self.i.p.as_unsigned(), 1)  # written as `stored` says so
        m.d.comb += [
            write.addr.eq(delay(m, Cat(group, slot_in), 1)),
            write.data.eq(number.replicate(self.rows)),
            write.en.eq(delay(m, (take << row)[: self.rows], 1, reset_less=False)),
            read.addr.eq(Cat(self.group, slot_out)),
        ]
        m.d.comb += self.numbers.eq(delay(m, read.data, self.latency - 1))
        return m
