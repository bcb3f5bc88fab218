# SPDX-License-Identifier: Apache-2.0
"""A loop's counter whose last turn is known from a register."""

from amaranth import Mux, Signal


class Countdown:
    """Count turns of a loop; ``last`` leaves a register, so that loops may nest in one cycle.

    Parameters
    ----------
    width : int
        Bits of `limit`.
    name : str

    Attributes
    ----------
    limit : Signal
        Turns, less 1.
    last : Signal
        This turn is the last one.
    """

    def __init__(self, width, name):
        self.limit = Signal(width, name=f"{name}_limit", reset_less=True)
        self.left = Signal(width, name=f"{name}_left", reset_less=True)
        self.last = Signal(name=f"{name}_last")

    def start(self, limit):
        """Return the statements that begin the loop's first turn."""
        return [self.limit.eq(limit), self.left.eq(limit), self.last.eq(limit == 0)]

    def step(self):
        """Return the statements that begin the next turn; behind the last one the first."""
        return [
            self.left.eq(Mux(self.last, self.limit, self.left - 1)),
            self.last.eq(Mux(self.last, self.limit == 0, self.left == 1)),
        ]
