# SPDX-License-Identifier: Apache-2.0
"""Faces a second, counted as people read numbers."""

from amaranth import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.primitives.delay import delays

# The fastest face, of 8 x 8 pixels, takes 64 clocks and more: fewer than two million come a second.
DIGITS = 7
DIGIT = 4  # bits
UNKNOWN = 0xF  # in place of the last digit, while the first second is not over


class FaceCounter(wiring.Component):
    """Count the faces of each second; keep the last whole one for the whole of a frame.

    Each digit works a clock behind the one below it, so that none waits for a carry through all.

    Parameters
    ----------
    second : int
        Clocks of it, more than `DIGITS`.

    Members
    -------
    face : In(1)
        A face is stored.
    frame : In(1)
        A frame ends: `digits` are taken over, within `DIGITS` clocks.
    digits : Out(ArrayLayout(4, DIGITS))
        The lowest first. At the start the lowest is :data:`UNKNOWN` and the others are 0.
    """

    def __init__(self, second):
        self.second = second
        digits = data.ArrayLayout(DIGIT, DIGITS)
        super().__init__(
            {"face": In(1), "frame": In(1), "digits": Out(digits, init=[UNKNOWN])},
        )

    def elaborate(self, platform):
        m = Module()
        left = Signal((self.second - 1).bit_length() + 1, init=self.second - 1)
        over = left[-1]  # it went below 0
        m.d.sync += left.eq(left - 1)
        with m.If(over):
            m.d.sync += left.eq(self.second - 2)

        ends = delays(m, over, DIGITS - 1, reset_less=False)
        shown = delays(m, self.frame, DIGITS - 1, reset_less=False)
        more = self.face
        for place in range(DIGITS):
            count, last = Signal(DIGIT), Signal(DIGIT, init=0 if place else UNKNOWN)
            carry = Signal()
            m.d.sync += carry.eq(0)
            with m.If(ends[place]):
                m.d.sync += [last.eq(count), count.eq(more)]
            with m.Elif(more):
                m.d.sync += count.eq(count + 1)
                with m.If(count == 9):
                    m.d.sync += [count.eq(0), carry.eq(1)]
            with m.If(shown[place]):
                m.d.sync += self.digits[place].eq(last)
            more = carry
        return m
