# SPDX-License-Identifier: Apache-2.0
"""Eight bits to ten for a lane: transition-minimised differential signalling.

Source: Digital Visual Interface, revision 1.0 (DDWG, 1999), section 3.2.
"""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

TOKENS = (0b1101010100, 0b0010101011, 0b0101010100, 0b1010101011)  # by the control bits


def ones(bits):
    """Return how many bits of a value are 1."""
    return sum(bits[n] for n in range(len(bits)))


class TmdsEncoder(wiring.Component):
    """Encode a pixel's byte, or two control bits, of one lane.

    A word follows its pixel by :attr:`latency` steps.

    Members
    -------
    step : In(1)
        The parts of the encoder move on.
    seen : In(1)
        The pixel has `data`; else `control` counts, and the balance begins anew.
    data, control : In(8), In(2)
    word : Out(10)
        Bit 0 goes first.
    """

    latency = 4

    step: In(1)
    seen: In(1)
    data: In(8)
    control: In(2)
    word: Out(10)

    def elaborate(self, platform):
        m = Module()
        data, inverts = Signal(8), Signal()  # its chain is of XNORs
        chain, chained = Signal(8), Signal(9)
        excess = Signal(signed(4))  # ones of the first eight bits, less 4: half their balance
        seen, control = Signal(3), [Signal(2, name=f"control_{n}") for n in range(3)]
        balance = Signal(signed(5))  # half of the ones less the zeros that have been sent

        many = Signal(range(9))
        m.d.comb += many.eq(ones(self.data))
        m.d.comb += chain[0].eq(data[0])
        for n in range(1, 8):
            m.d.comb += chain[n].eq(chain[n - 1] ^ data[n] ^ inverts)

        first = chained[:8]
        level = (balance == 0) | (excess == 0)
        same = (balance < 0) == (excess < 0)  # the word would make the balance worse
        flips = Signal()
        m.d.comb += flips.eq(Mux(level, ~chained[8], same))
        # What the word adds to the balance: eight bits, flipped or not, and the two behind them.
        change = Signal(signed(5))
        with m.If(level):
            m.d.comb += change.eq(Mux(chained[8], excess, -excess))
        with m.Elif(flips):
            m.d.comb += change.eq(Mux(chained[8], 1, 0) - excess)
        with m.Else():
            m.d.comb += change.eq(excess - Mux(chained[8], 0, 1))

        with m.If(self.step):
            m.d.sync += [
                Cat(seen).eq(Cat(self.seen, seen[:2])),
                control[0].eq(self.control),
                control[1].eq(control[0]),
                control[2].eq(control[1]),
                data.eq(self.data),
                inverts.eq((many > 4) | ((many == 4) & ~self.data[0])),
            ]
            staged = Signal(9)
            m.d.sync += [
                staged.eq(Cat(chain, ~inverts)),
                chained.eq(staged),
                excess.eq(ones(staged[:8]) - 4),
            ]
            with m.If(seen[2]):
                m.d.sync += [
                    self.word.eq(Cat(first ^ flips.replicate(8), chained[8], flips)),
                    balance.eq(balance + change),
                ]
            with m.Else():
                with m.Switch(control[2]):
                    for bits, token in enumerate(TOKENS):
                        with m.Case(bits):
                            m.d.sync += self.word.eq(token)
                m.d.sync += balance.eq(0)
        return m
