# SPDX-License-Identifier: Apache-2.0
"""Latents from a seed, without end."""

from amaranth import Cat, Module, Mux, ResetInserter, Signal, signed
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.latents.tables import (
    ARC,
    ARC_BITS,
    ARC_ONE,
    CHOSEN,
    LARGEST,
    MAGNITUDE_BITS,
    WARM_UP,
    cosines,
    limits,
    sines,
)
from hw.latents.tausworthe import WORD_BITS, Tausworthe
from hw.primitives.block_ram import BlockRam
from hw.uart.facts import CHOICES
from hw.uart.protocol import MAX_LATENT

SCALE = 8  # bits behind the point of sines
AHEAD = 2  # sizes that the look-up is before the comparison


class LatentSource(wiring.Component):
    """Draw the latents of ``avatar generate --on-chip-seed``, number after number.

    Nothing is in a hurry: a picture takes some 40,000 cycles. A normal number is found by counting
    through the limits of the sizes, a cycle each, and mixed bit by bit: 46 cycles on average,
    148 at most. A choice takes 43, each number of a categorical latent one. Whatever decides where
    the state machine goes is a register: its parts may lie far from each other.

    Members
    -------
    restart : In(1)
        Begin with `seed`. All inputs hold still from then on until the next one.
    seed : In(32)
    categorical : In(1)
        The model's latents are choices, not normal numbers.
    latent : In(range(MAX_LATENT + 1))
        Numbers of a latent, of a categorical one a multiple of 5.
    walk : In(range(ARC_BITS + 1))
        2 to this power steps lead from one normal latent to the next; where it is not 0, a
        categorical one changes by one choice.
    o : Out(stream.Signature(signed(8)))
    """

    def __init__(self):
        super().__init__(
            {
                "restart": In(1),
                "seed": In(WORD_BITS),
                "categorical": In(1),
                "latent": In(range(MAX_LATENT + 1)),
                "walk": In(range(ARC_BITS + 1)),
                "o": Out(stream.Signature(signed(8))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.random = random = Tausworthe()
        # Of normal latents both ends of an arc, a half each; else the five choices.
        m.submodules.kept = kept = BlockRam(8, 2 * MAX_LATENT)
        wait = Signal(BlockRam.latency + 1, init=1)  # one bit, which goes round
        index = Signal(range(max(MAX_LATENT, WARM_UP)))  # of the number; of a word that is dropped
        options = Signal(8)  # of a choice
        rest = Signal.like(self.latent)
        warm = Signal()
        m.d.comb += random.seed.eq(self.seed)

        def read(address, following):
            """Go on with `following` when the memory's word is there."""
            m.d.comb += kept.address.eq(address)
            m.d.sync += wait.eq(wait.rotate_left(1))
            with m.If(wait[-1]):
                m.next = following

        with m.FSM():
            with m.State("SEED"):
                m.d.comb += random.begin.eq(1)
                m.d.sync += rest.eq(self.latent)
                m.next = "WARM UP"
            with m.State("WARM UP"):
                m.d.comb += random.step.eq(1)
                m.d.sync += [index.eq(index + 1), warm.eq(index == WARM_UP - 2)]
                with m.If(rest >= CHOICES):
                    m.d.sync += [rest.eq(rest - CHOICES), options.eq(options + 1)]
                with m.If(warm):
                    m.d.sync += index.eq(0)
                    m.next = "DRAW"
                    with m.If(self.categorical):
                        m.next = "CHOICE"
            self._normal(m, random, kept, read, index)
            self._categorical(m, random, kept, read, options)
        return ResetInserter(self.restart)(m)

    def _normal(self, m, random, kept, read, index):
        """Add the states of normal numbers, from ``DRAW`` on."""
        size = Signal(range(LARGEST + AHEAD + 1))  # whose limit is looked up
        limit = Signal(MAGNITUDE_BITS)
        below = Signal()  # the word is, or no size is larger
        found = Signal(range(LARGEST + 1))
        drawn = Signal(signed(8))
        m.d.sync += [
            limit.eq(_table(m, "limits", MAGNITUDE_BITS, limits(), size[: len(found)])),
            below.eq((random.word[-1 - MAGNITUDE_BITS : -1] < limit) | (size == LARGEST + 1)),
            found.eq(size - AHEAD),
        ]
        m.d.comb += drawn.eq(Mux(random.word[-1], -found, found))

        half = Signal()  # of the memory, that the arc begins in
        filling = Signal(init=1)  # the very first latent is drawn
        step = Signal(ARC_BITS)  # of the arc; 0: its end is drawn
        begin, end, both = Signal(signed(8)), Signal(signed(8)), Signal(signed(9))
        sine, cosine = (Signal(range(ARC_ONE + 1)) for _ in range(2))
        bit = Signal(range(len(sine)))
        mixed = Signal(signed(2 + len(begin) + len(sine)))
        whole = Signal(signed(len(mixed) - SCALE))
        last, turns = Signal(), Signal()  # of a latent's numbers; the next has a new end
        hop, following = Signal(range(ARC + 1)), Signal.like(step)  # of the arc
        m.d.sync += [
            last.eq(index + 1 == self.latent),
            turns.eq(Mux(last, following, step) == 0),
            hop.eq(ARC >> self.walk),
            following.eq(step + hop),
        ]

        with m.State("DRAW"):
            m.d.comb += random.step.eq(1)
            m.d.sync += size.eq(0)
            m.next = "LOOK UP"
        with m.State("LOOK UP"):
            m.d.sync += size.eq(size + 1)
            m.next = "COMPARE"
        with m.State("COMPARE"):
            m.d.sync += size.eq(size + 1)
            m.next = "SEARCH"
        with m.State("SEARCH"):
            m.d.sync += size.eq(size + 1)
            with m.If(below):
                m.next = "DRAWN"
        with m.State("DRAWN"):
            m.d.comb += [
                kept.write_en.eq(1),
                kept.write_address.eq(Cat(index, half ^ ~filling)),
                kept.write_data.eq(drawn),
            ]
            m.d.sync += end.eq(drawn)
            m.next = "BEGIN"
            with m.If(filling):
                m.d.sync += index.eq(index + 1)
                m.next = "DRAW"
                with m.If(last):
                    m.d.sync += [index.eq(0), filling.eq(0)]
        with m.State("END"):
            m.d.sync += end.eq(kept.data)
            read(Cat(index, ~half), "BEGIN")
        with m.State("BEGIN"):
            m.d.sync += [
                begin.eq(kept.data),
                sine.eq(_table(m, "sines", len(sine), sines(), step)),
                cosine.eq(_table(m, "cosines", len(sine), cosines(), step)),
                bit.eq(len(sine) - 1),
                mixed.eq(0),
            ]
            read(Cat(index, half), "BOTH")
        with m.State("BOTH"):
            m.d.sync += both.eq(begin + end)
            m.next = "MIX"
        with m.State("MIX"):
            added = Mux(cosine[-1], Mux(sine[-1], both, begin), Mux(sine[-1], end, 0))
            m.d.sync += [
                mixed.eq((mixed << 1) + added),
                cosine.eq(cosine << 1),
                sine.eq(sine << 1),
                bit.eq(bit - 1),
            ]
            with m.If(bit == 0):
                m.next = "ROUND"
        with m.State("ROUND"):
            m.d.sync += whole.eq((mixed + (1 << SCALE - 1)) >> SCALE)
            m.next = "MIXED"
        with m.State("MIXED"):
            m.d.comb += [
                self.o.valid.eq(1),
                self.o.p.eq(Mux(whole > 127, 127, Mux(whole < -128, -128, whole))),
            ]
            with m.If(self.o.ready):
                m.d.sync += index.eq(index + 1)
                with m.If(last):
                    m.d.sync += [index.eq(0), step.eq(following), half.eq(half ^ (following == 0))]
                with m.If(turns):
                    m.next = "DRAW"
                with m.Else():
                    m.next = "END"

    def _categorical(self, m, random, kept, read, options):
        """Add the states of categorical latents, from ``CHOICE`` on."""
        first = Signal(init=1)  # latent of all
        turn = Signal(range(CHOICES))  # choice that changes next
        choice = Signal.like(turn)
        anew, on = Signal(), Signal()  # all choices are drawn; this one is
        chosen = Signal.like(options)
        number = Signal.like(options)  # of the choice's
        last = Signal()  # of the choice's numbers
        count, ends = Signal(range(WORD_BITS)), Signal()  # bits of the word; this one is the last
        bits = Signal(WORD_BITS)
        product = Signal.like(options)
        moved, wrapped = Signal(len(options) + 1), Signal(signed(len(options) + 2))
        factor = Signal.like(options)
        m.d.sync += [  # settled while the choice of before is read
            anew.eq(first | (self.walk == 0)),
            on.eq(anew | (choice == turn)),
            factor.eq(options - ~anew),
            moved.eq(chosen + product + 1),
            wrapped.eq(moved - options),
        ]

        with m.State("CHOICE"):
            m.d.sync += [chosen.eq(kept.data), number.eq(0), product.eq(0), count.eq(0)]
            m.d.sync += last.eq(options == 1)
            read(choice, "OLD")
        with m.State("OLD"):
            m.d.comb += random.step.eq(on)
            m.next = "CHOSEN"
            with m.If(on):
                m.next = "WORD"
        with m.State("WORD"):
            m.d.sync += bits.eq(random.word)
            m.next = "MULTIPLY"
        with m.State("MULTIPLY"):  # (word * factor) >> 32, the lowest bit first
            addend = Mux(bits[0], factor, 0)
            m.d.sync += [product.eq((product + addend) >> 1), bits.eq(bits >> 1)]
            m.d.sync += [count.eq(count + 1), ends.eq(count == WORD_BITS - 2)]
            with m.If(ends):
                m.next = "MOVE"
        with m.State("MOVE"):
            m.next = "WRAP"
        with m.State("WRAP"):
            m.next = "NEW"
        with m.State("NEW"):
            m.d.sync += chosen.eq(Mux(wrapped < 0, moved, wrapped))
            with m.If(anew):
                m.d.sync += chosen.eq(product)
            m.next = "CHOSEN"
        with m.State("CHOSEN"):
            m.d.comb += [
                self.o.valid.eq(1),
                self.o.p.eq(Mux(number == chosen, CHOSEN, 0)),
                kept.write_en.eq(1),
                kept.write_address.eq(choice),
                kept.write_data.eq(chosen),
            ]
            with m.If(self.o.ready):
                m.d.sync += [number.eq(number + 1), last.eq(number + 2 == options)]
                with m.If(last):
                    m.d.sync += choice.eq(choice + 1)
                    m.next = "CHOICE"
                    with m.If(choice == CHOICES - 1):
                        m.d.sync += [choice.eq(0), first.eq(0)]
                        with m.If(~first):
                            m.d.sync += turn.eq(Mux(turn == CHOICES - 1, 0, turn + 1))


def _table(m, name, width, words, address):
    """Return the word at `address` of a table that is logic, not a block RAM."""
    m.submodules[name] = table = memory.Memory(
        shape=width, depth=1 << len(address), init=words, attrs={"rom_style": "logic"}
    )
    port = table.read_port(domain="comb")
    m.d.comb += port.addr.eq(address)
    return port.data
