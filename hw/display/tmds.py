# SPDX-License-Identifier: Apache-2.0
"""Eight bits to ten for a lane: transition-minimised differential signalling.

Source: Digital Visual Interface, revision 1.0 (DDWG, 1999), section 3.2.
"""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

TOKENS = (0b1101010100, 0b0010101011, 0b0101010100, 0b1010101011)  # by the control bits


def ones(byte):
    """Return how many bits of a byte are 1, by adders of single bits: a carry chain is slower."""

    def add(a, b, c):
        return a ^ b ^ c, (a & b) | (a & c) | (b & c)

    first, carry_1 = add(byte[0], byte[1], byte[2])
    second, carry_2 = add(byte[3], byte[4], byte[5])
    third, carry_3 = byte[6] ^ byte[7], byte[6] & byte[7]
    low, carry_4 = add(first, second, third)
    pairs, fours = add(carry_1, carry_2, carry_3)
    middle, carry_5 = pairs ^ carry_4, pairs & carry_4
    return Cat(low, middle, fours ^ carry_5, fours & carry_5)


class TmdsEncoder(wiring.Component):
    """Encode a pixel's byte, or two control bits, of one lane.

    A word follows its pixel by :attr:`latency` steps. Between two steps is a clock or more, in
    which the way of the next word into the balance is found out.

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

        many = Signal(4)
        m.d.sync += many.eq(ones(self.data))
        m.d.comb += chain[0].eq(data[0])
        for n in range(1, 8):
            m.d.comb += chain[n].eq(chain[n - 1] ^ data[n] ^ inverts)

        first = chained[:8]
        level = (balance == 0) | (excess == 0)
        same = (balance < 0) == (excess < 0)  # the word would make the balance worse
        flips = Signal()
        m.d.sync += flips.eq(Mux(level, ~chained[8], same))
        # What the word adds to the balance: eight bits, flipped or not, and the two behind them.
        change = Signal(signed(5))
        with m.If(level):
            m.d.sync += change.eq(Mux(chained[8], excess, -excess))
        with m.Elif(same):
            m.d.sync += change.eq(Mux(chained[8], 1, 0) - excess)
        with m.Else():
            m.d.sync += change.eq(excess - Mux(chained[8], 0, 1))

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
