# SPDX-License-Identifier: Apache-2.0
"""A button of a board: one pulse a press, however its contacts bounce."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out


class Button(wiring.Component):
    """Tell that a button has been pressed, once it has been held for a while.

    Parameters
    ----------
    clocks : int
        That it must be held; and let go, before it counts again.

    Members
    -------
    level : In(1)
        1 while it is held; asynchronous.
    pressed : Out(1)
        One cycle.
    """

    level: In(1)
    pressed: Out(1)

    def __init__(self, clocks):
        self.clocks = clocks
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        level = Signal()
        m.submodules.synchronizer = FFSynchronizer(self.level, level)
        held = Signal()  # as it has been for long enough
        left = Signal(range(self.clocks), init=self.clocks - 1)
        m.d.sync += [left.eq(left - 1), self.pressed.eq(0)]
        with m.If(level == held):
            m.d.sync += left.eq(self.clocks - 1)
        with m.Elif(left == 0):
            m.d.sync += [held.eq(level), self.pressed.eq(level)]
        return m
