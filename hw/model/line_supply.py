# SPDX-License-Identifier: Apache-2.0
"""How long the words of a line of the screen take to come, whatever else the memory does.

``python -m hw.model.line_supply`` plays ten thousand frames.

The model goes from chunk to chunk as :mod:`hw.memory.arbiter` and :mod:`hw.memory.command_machine`
do: a chunk of the screen, then one of somebody else, who always has one. It rests on the times of
the chip in clocks (:mod:`hw.memory.timing`), on what closing and opening a row costs a chunk beside
its words, and on :data:`LOOK`, :data:`AROUND_REFRESH` and :data:`AROUND_LINE`, which are read off
the controller. tests/sim/screen/test_outside.py holds it against controller and chip in Verilog.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from hw.display.layout import LARGE
from hw.display.line_store import PITCH_BITS
from hw.display.mode import CLOCK_HZ, CLOCKS, VGA
from hw.memory.bus import CHUNK
from hw.memory.timing import Geometry, Timing

CLOCKS_OF_LINE = CLOCKS * VGA.pixels
LOOK = 4  # clocks from the begin of a chunk until it is known whether the next one's row is open
AROUND_REFRESH = 6  # clocks of a refresh beside the chip's own
AROUND_LINE = 18  # clocks from a request to its first chunk, and from the last read to its word
FRAMES = 10_000


@dataclass(frozen=True)
class Longest:
    """The slowest of many lines.

    Attributes
    ----------
    clocks : int
        From its request to its last word.
    mean : float
    lines : int
    late : int
        Lines that took longer than a line is shown.
    """

    clocks: int
    mean: float
    lines: int
    late: int


class Bus:
    """The memory of many frames side by side, each an element of arrays.

    Parameters
    ----------
    frames : int
    geometry : hw.memory.timing.Geometry
    cycles : hw.memory.timing.Cycles
    rng : numpy.random.Generator
    """

    def __init__(self, frames, geometry, cycles, rng):
        self.geometry, self.cycles, self.rng = geometry, cycles, rng
        self.all = np.arange(frames)
        self.begun, self.free = np.zeros((2, frames), np.int64)  # of the chunk before; its end
        self.row = np.full((frames, 1 << geometry.bank_bits), -1)
        self.opened = np.full(self.row.shape, -1000)
        self.wrote = np.full(self.row.shape, -1000)
        self.bank = np.zeros(frames, np.int64)  # of the chunk before
        self.last_read = np.full(frames, -1000)
        self.due = rng.integers(0, cycles.refresh, frames)

    def chunk(self, address, words, write):
        """Carry out a chunk each; arrays, `write` of bool."""
        cycles, at = self.cycles, self.all
        self._refresh()
        bank = address >> self.geometry.column_bits & (1 << self.geometry.bank_bits) - 1
        row = address >> self.geometry.column_bits + self.geometry.bank_bits
        known = self.begun + LOOK
        here = self.row[at, bank]
        # A row is closed and opened while the chunk before goes on, unless that is in the bank.
        may = np.where(bank == self.bank, np.maximum(known, self.free), known)
        closed = np.maximum(may, self.opened[at, bank] + cycles.ras)
        closed = np.maximum(closed, self.wrote[at, bank] + cycles.wr)
        opens = np.where(here < 0, may, closed + cycles.rp)
        opens = np.maximum(opens, self.opened[at, bank] + cycles.rc)
        opens = np.maximum(opens, self.opened.max(axis=1) + cycles.rrd)
        hit = here == row
        ready = np.where(hit, known, opens + cycles.rcd)
        # Each command for a row takes the place of a word of the chunk before.
        steals = np.where(hit, 0, np.where(here < 0, 1, 2))
        begin = np.maximum(ready, self.free + steals)
        turned = self.last_read + cycles.cas_latency + 2
        begin = np.where(write, np.maximum(begin, turned), begin)
        end = begin + words
        self.opened[at, bank] = np.where(hit, self.opened[at, bank], opens)
        self.row[at, bank] = row
        self.wrote[at, bank] = np.where(write, end, self.wrote[at, bank])
        self.last_read = np.where(write, self.last_read, end)
        self.bank, self.begun, self.free = bank, begin, end

    def _refresh(self):
        due = self.free >= self.due
        if due.any():
            cycles = self.cycles
            pause = cycles.wr + cycles.rp + cycles.rfc + AROUND_REFRESH
            self.free = np.where(due, self.free + pause, self.free)
            self.begun = np.where(due, self.free, self.begun)
            self.row[due] = -1
            self.due = np.where(due, self.due + cycles.refresh, self.due)


def play(frames, *, geometry=None, timing=None, clock_hz=CLOCK_HZ, seed=0):
    """Return the :class:`Longest` of all lines of so many frames.

    Beside the screen's reads there are in turn a chunk of weights, a word written to a row of its
    own, as in a load, and a chunk of a face.

    Parameters
    ----------
    frames : int
    geometry : hw.memory.timing.Geometry, optional
    timing : hw.memory.timing.Timing, optional
    clock_hz : int
    seed : int
    """
    geometry, timing = geometry or Geometry(16), timing or Timing()
    rng = np.random.default_rng(seed)
    bus = Bus(frames, geometry, timing.cycles(clock_hz), rng)
    most, total, late = 0, 0, 0
    no, yes = (np.full(frames, each) for each in (False, True))
    full, one = (np.full(frames, each) for each in (CHUNK, 1))
    weights = rng.integers(0, geometry.words // 2, frames)
    turn = 0

    def other():
        nonlocal weights, turn
        turn = (turn + 1) % 3
        if turn == 0:
            weights = weights + CHUNK
            bus.chunk(weights, full, no)
        elif turn == 1:
            bus.chunk(rng.integers(0, geometry.words // 2, frames), one, yes)
        else:
            places = rng.integers(0, LARGE.height << PITCH_BITS, frames)
            bus.chunk(geometry.words // 2 + places, full, yes)

    for line in range(LARGE.height):
        asked = bus.free.copy()
        other()
        for chunk in range(LARGE.width // CHUNK):
            at = geometry.words // 2 + (line << PITCH_BITS) + CHUNK * chunk
            bus.chunk(np.full(frames, at), full, no)
            if chunk < LARGE.width // CHUNK - 1:
                other()
        clocks = bus.free - asked + AROUND_LINE
        most = max(most, int(clocks.max()))
        total += int(clocks.sum())
        late += int((clocks > CLOCKS_OF_LINE).sum())
    lines = frames * LARGE.height
    return Longest(most, total / lines, lines, late)


def main(argv=None):
    """Print what ten thousand frames come to."""
    parser = argparse.ArgumentParser(prog="python -m hw.model.line_supply", description=__doc__)
    parser.add_argument("--frames", type=int, default=FRAMES, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    args = parser.parse_args(argv)
    longest = play(args.frames, seed=args.seed)
    print(
        f"{args.frames:,} frames, {longest.lines:,} lines: a line's words take {longest.mean:,.0f} "
        f"clocks, the slowest {longest.clocks:,} of {CLOCKS_OF_LINE:,}; {longest.late} were late"
    )


if __name__ == "__main__":
    main()
