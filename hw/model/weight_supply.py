# SPDX-License-Identifier: Apache-2.0
"""When words of weights come from a memory outside the chip."""

from math import ceil

from hw.engine.weight_fetcher import waiting_words
from hw.engine.weight_queue import DEPTH

# Words that a clock brings while a stream is read without a pause, by bits of the bus: refreshes
# and changes of rows are off. tests/sim/benches/test_memory.py measures them.
SHARE = {16: 0.979, 32: 0.983}


class WeightSupply:
    """Words of the bus that wait for the array, as levels that rise and fall.

    The memory fills a queue of its words, and the gearbox empties it, a word a cycle, into a queue
    of words of the array. Heads and check of the stream are left out: one word in thousands.

    Parameters
    ----------
    bus : int
        Bits.

    Attributes
    ----------
    now : int
        Cycle of the levels.
    waiting, ready : float
        Words of the bus in the first queue, and in the second.
    """

    def __init__(self, bus):
        self.share, self.most = SHARE[bus], waiting_words(bus)
        self.now, self.waiting, self.ready = 0, self.most, 0

    def take(self, start, words, planes):
        """Return the cycle in which the last word of a tile is in the array.

        Parameters
        ----------
        start : int
            Cycle from which on the array takes words of the tile, one a cycle at most.
        words, planes : int
            Of the tile: of the array, and of the bus.
        """
        self._pass(start, DEPTH * planes / words)
        missing = planes - self.ready
        at_once = min(missing, self.waiting / (1 - self.share))  # as fast as the gearbox can
        cycles = at_once + max(0, missing - at_once) / self.share
        end = start + max(words, ceil(cycles))
        self._pass(end, self.ready + end - start)
        self.ready -= planes
        return end

    def _pass(self, until, most):
        """Go on to a cycle, while the second queue has room for `most`."""
        cycles = until - self.now
        through = max(0, min(cycles, most - self.ready, self.waiting + self.share * cycles))
        self.waiting = min(self.most, self.waiting + self.share * cycles - through)
        self.ready += through
        self.now = until
