# SPDX-License-Identifier: Apache-2.0
"""Random words: three shift registers."""

from amaranth import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

SIZES = (31, 29, 28)  # bits of the registers
TAPS = (13, 2, 3)
STEPS = (12, 4, 17)  # of a word
WORD_BITS = 32


class Tausworthe(wiring.Component):
    """The words of taus88 (docs/hardware.md), one a cycle at most.

    A register is kept as the last 32 bits of its sequence, the oldest highest: bit n of the
    sequence is bit n - `size` plus bit n - `size` + `tap`. A word moves it on by some bits at once,
    which costs an exclusive or a bit.

    Members
    -------
    seed : In(32)
    begin : In(1)
        Take the seed. The word behind it is no word yet.
    step : In(1)
        The next word, from the next cycle on.
    word : Out(32)
    """

    seed: In(WORD_BITS)
    begin: In(1)
    step: In(1)
    word: Out(WORD_BITS)

    def elaborate(self, platform):
        m = Module()
        one = Const(1, 1)
        firsts = (
            Cat(Const(0, 1), self.seed[:30], one),
            Cat(Const(0, 3), self.seed[4:], one),
            Cat(Const(0, 31), one),
        )
        registers = []
        for size, tap, step, first in zip(SIZES, TAPS, STEPS, firsts, strict=True):
            register = Signal(WORD_BITS)
            low = WORD_BITS - size  # bits that follow from the others
            new = (register ^ register << tap)[size - step : WORD_BITS]
            with m.If(self.begin):
                m.d.sync += register.eq(first)
            with m.Elif(self.step):
                m.d.sync += register.eq(Cat(new, register[low : WORD_BITS - step]))
            registers.append(register)
        a, b, c = registers
        m.d.comb += self.word.eq(a ^ b ^ c)
        return m
