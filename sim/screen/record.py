# SPDX-License-Identifier: Apache-2.0
"""Run a design with a screen, and record what its pins carry."""

from __future__ import annotations

import os
import select
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.harness import program
from sim.runner import NotSimulated
from support.environment import clean_environment

HARNESS = Path(__file__).with_name("pins.cpp")
HEAD = struct.Struct("=2I")
ACT = struct.Struct("=9I")
TALLY = struct.Struct("=3I")
PATIENCE = 300.0  # seconds of silence
CHUNK = 1 << 16


@dataclass(frozen=True)
class Act:
    """A time in which payloads go in.

    Attributes
    ----------
    clocks : int
    size, grey : int
        Of the pictures.
    payloads : array of int
        Of 32 bits at most.
    burst, interval : int
        So many payloads are offered one behind the other, and the next ones `interval` clocks
        later, or as soon as these are taken; with a burst of 0 all at once.
    restart : int
        The display begins anew in the first clock.
    seed : int
        Of latents that are drawn on the chip.
    """

    clocks: int
    size: int
    payloads: np.ndarray
    grey: int = 0
    burst: int = 0
    interval: int = 0
    restart: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Recording:
    """What was seen.

    Attributes
    ----------
    pins : uint8 array
        An element a clock: bits 0 to 2 the data lanes in its first half, bit 3 the lane of the
        clock; bits 4 to 7 the same in its second half.
    taken : list of int
        Payloads that went in, by act.
    late : int
        Clocks in which the display missed a line.
    fetch : int
        Clocks that the slowest line took to come from a memory outside.
    """

    pins: np.ndarray
    taken: list[int]
    late: int
    fetch: int


def record(text, acts, *, progress=lambda clocks: None):
    """Play acts one behind the other; return the :class:`Recording`.

    Parameters
    ----------
    text : str
        Verilog of a :class:`sim.screen.tops.ScreenTop`, named `top`.
    acts : sequence of Act
    progress : callable
        Takes the clocks that have passed since it was called before.

    Raises
    ------
    InputError
        It cannot be built.
    sim.runner.NotSimulated
        The simulation ended, or was silent for long.
    """
    orders, first = [], 0
    for act in acts:
        count = len(act.payloads)
        burst = act.burst or count
        head = (act.clocks, act.restart, act.seed, act.size, act.grey)
        orders.append(ACT.pack(*head, first, count, burst, act.interval))
        first += count
    payloads = np.concatenate([np.asarray(act.payloads, "<u4") for act in acts])
    order = b"".join([HEAD.pack(len(acts), len(payloads)), *orders, payloads.tobytes()])
    pins = np.empty(sum(act.clocks for act in acts), np.uint8)
    tallies = bytearray(TALLY.size * len(acts))
    process = subprocess.Popen(
        [program(text, HARNESS)],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        try:
            process.stdin.write(order)
            process.stdin.close()
        except BrokenPipeError as error:
            raise NotSimulated("the simulation ended") from error
        _fill(process, pins, progress)
        _fill(process, tallies, lambda size: None)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    taken, late, fetch = zip(*TALLY.iter_unpack(tallies), strict=True)
    return Recording(pins, list(taken), sum(late), fetch[-1])


def _fill(process, buffer, progress):
    view, filled = memoryview(buffer), 0
    while filled < len(view):
        if not select.select([process.stdout], [], [], PATIENCE)[0]:
            raise NotSimulated(f"the simulation is silent for {PATIENCE:.0f} s")
        size = os.readv(process.stdout.fileno(), [view[filled : filled + CHUNK]])
        if not size:
            raise NotSimulated("the simulation ended")
        filled += size
        progress(size)
