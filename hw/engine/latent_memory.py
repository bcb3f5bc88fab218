# SPDX-License-Identifier: Apache-2.0
"""Latents in, a number a row of the array out."""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.feature_memory import FeatureMemory
from hw.primitives.block_ram import BlockRam
from hw.primitives.countdown import Countdown
from hw.primitives.delay import delay


class LatentMemory(wiring.Component):
    """Keep the latents of two passes.

    A number a cycle in, counted a cycle later, and two cycles of rest behind those of a pass, of
    which the first number of the next one may be in already; a word of `rows` a cycle out,
    ``numbers`` follows ``address`` by :attr:`latency` cycles. While one half is in use the other is
    filled. Number n of slot s is in row ``n % rows`` of word ``(n // rows) * slots + s``.

    Parameters
    ----------
    words : int
        Of a pass.
    rows : int
        Numbers of a word: rows of the array.
    most : int
        Numbers of the longest latent.

    Members
    -------
    known : In(1)
        `last` and `latents` are those of the program.
    last : In(range(most))
        Numbers of a latent, less 1.
    latents : In(2)
        Latents of a pass, less 1.
    i : In(stream.Signature(signed(8)))
        Latents in order, one after another.
    ready : Out(1)
        All latents of a pass are in, and stored two cycles later, before which none is read.
    done : In(1)
        They are not needed any more.
    address : In(range(words))
    numbers : Out(ArrayLayout(signed(8), rows))
    """

    latency = FeatureMemory.latency  # both feed the array

    def __init__(self, words, *, rows, most):
        self.words, self.rows = words, rows
        super().__init__(
            {
                "known": In(1),
                "last": In(range(max(2, most))),
                "latents": In(2),
                "i": In(stream.Signature(signed(8))),
                "ready": Out(1),
                "done": In(1),
                "address": In(range(max(2, words))),
                "numbers": Out(data.ArrayLayout(signed(8), rows)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        stride = 1 << len(self.address)

        # What comes in is counted twice: here, where it comes from, so that no number too many is
        # taken, and some cycles later at the memory. Between the two there may be a chip's width.
        filled = Signal(range(3))  # halves stored and not done
        left = Countdown(len(self.last) + len(self.latents), "left")  # numbers of the pass
        held = Signal()  # a number came in, not yet counted
        number = Signal(8, reset_less=True)
        room, take, complete, stored = Signal(), Signal(), Signal(), Signal()
        of_pass = Signal.like(left.limit, reset_less=True)
        known = delay(m, self.known, 2, reset_less=False)
        more = self.last + 1  # once for each bit of `latents`; a product would take a multiplier
        m.d.sync += of_pass.eq(
            self.last + Mux(self.latents[0], more, 0) + Mux(self.latents[1], more << 1, 0)
        )
        with m.If(room):
            m.d.sync += [held.eq(self.i.valid), number.eq(self.i.p)]
        m.d.comb += [
            self.i.ready.eq(room),
            self.ready.eq(filled != 0),
            take.eq(held & room),
            complete.eq(take & left.last),
        ]
        m.d.sync += [
            stored.eq(complete),
            filled.eq(filled + stored - self.done),
            room.eq(known & ~complete & ~stored & (filled != 2)),
        ]
        with m.If(take):
            m.d.sync += left.step()
        with m.If(~known):
            m.d.sync += left.start(of_pass)

        numbers, slots = Countdown(len(self.last), "number"), Countdown(2, "slot")
        came = delay(m, take, 1, reset_less=False)
        place = delay(m, came, 1, reset_less=False)
        ends = delay(m, came & numbers.last, 1, reset_less=False)  # of a latent
        with m.If(came):
            m.d.sync += numbers.step()
        with m.If(ends):
            m.d.sync += slots.step()
        with m.If(~known):
            m.d.sync += [*numbers.start(self.last), *slots.start(self.latents)]

        half_in, half_out = Signal(), Signal()
        row, slot = Signal(range(self.rows)), Signal(2)
        word, base = Signal.like(self.address), Signal.like(self.address)
        m.d.comb += word.eq(base + slot)
        with m.If(place):
            m.d.sync += row.eq(row + 1)
            with m.If(row == self.rows - 1):
                m.d.sync += [row.eq(0), base.eq(base + self.latents + 1)]
            with m.If(ends):
                m.d.sync += [row.eq(0), base.eq(0), slot.eq(slot + 1)]
                with m.If(slots.last):
                    m.d.sync += [slot.eq(0), half_in.eq(~half_in)]
        with m.If(self.done):
            m.d.sync += half_out.eq(~half_out)

        m.submodules.words = words = BlockRam(8 * self.rows, 2 * stride, lanes=self.rows)
        m.d.comb += [
            words.write_address.eq(delay(m, Cat(word, half_in), 1)),
            words.write_data.eq(delay(m, number, 3).replicate(self.rows)),
            words.write_en.eq(delay(m, (place << row)[: self.rows], 1, reset_less=False)),
            words.address.eq(Cat(self.address, half_out)),
            self.numbers.eq(delay(m, words.data, self.latency - BlockRam.latency)),
        ]
        return m
