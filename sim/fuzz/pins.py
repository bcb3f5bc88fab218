# SPDX-License-Identifier: Apache-2.0
"""A top under Verilator, played at its serial pins clock by clock: some million clocks a second.

The virtual board runs beside the clock on the wall, for a host with time-outs; here simulated time
is all there is.
"""

import os
import select
import struct
import subprocess
import time
from pathlib import Path

import numpy as np

from hw.uart.protocol import BYTE_BITS
from sim.harness import program
from sim.runner import NotSimulated
from support.environment import clean_environment

HARNESS = Path(__file__).with_name("pins.cpp")
ORDER = struct.Struct("=3I")
ANSWER = struct.Struct("=3I")
RECEIVED = np.dtype([("clock", "u4"), ("value", "u1"), ("stop", "u1"), ("unused", "u2")])
PATIENCE = 300.0  # seconds for one waveform
RX, RST = 1, 2  # bits of a waveform


def wave(chunk, clocks):
    """Return the line's level in each clock for bytes without a gap.

    Parameters
    ----------
    chunk : bytes
    clocks : float
        Clocks a bit.

    Returns
    -------
    uint8 array
    """
    bits = np.ones((len(chunk), BYTE_BITS), np.uint8)
    bits[:, 0] = 0
    data = np.frombuffer(chunk, np.uint8)[:, None]
    bits[:, 1:9] = np.unpackbits(data, axis=1, bitorder="little")
    edges = np.rint(np.arange(bits.size + 1) * clocks).astype(int)
    return np.repeat(bits.reshape(-1), np.diff(edges))


def idle(clocks):
    """Return the level of a line at rest for so many clocks."""
    return np.ones(round(clocks), np.uint8)


class Pins:
    """A simulated top; a context manager.

    Parameters
    ----------
    text : str
        Verilog of a module `top` with clk, rst, rx, tx and active.
    arguments : sequence of str
        Plus arguments of what is simulated.

    Raises
    ------
    InputError
        It cannot be built.
    """

    def __init__(self, text, arguments=()):
        self._process = subprocess.Popen(
            [program(text, HARNESS), *arguments],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.clocks = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()

    def play(self, levels, *, divisor, limit):
        """Put a waveform on the pins, then wait until the top is at rest.

        Parameters
        ----------
        levels : uint8 array
            A clock an element: `RX` where the line is high, and `RST`.
        divisor : int
            Clocks a bit of the bytes that come back.
        limit : int
            Clocks to wait at most.

        Returns
        -------
        received : array of `RECEIVED`
            Bytes in order; `stop` is 0 where the stop bit was low.
        active : bool
            The top is not at rest after `limit` clocks.

        Raises
        ------
        sim.runner.NotSimulated
            The simulation ended, or took too long.
        """
        process = self._process
        order = ORDER.pack(len(levels), divisor, limit)
        try:
            process.stdin.write(order + levels.astype(np.uint8).tobytes())
            process.stdin.flush()
        except BrokenPipeError as error:
            raise NotSimulated("the simulation ended") from error
        clocks, count, active = ANSWER.unpack(self._read(ANSWER.size))
        self.clocks += clocks
        received = np.frombuffer(self._read(count * RECEIVED.itemsize), RECEIVED)
        return received, bool(active)

    def _read(self, size):
        chunks, end = bytearray(), time.monotonic() + PATIENCE
        out = self._process.stdout.fileno()
        while len(chunks) < size:
            if not select.select([out], [], [], max(0.0, end - time.monotonic()))[0]:
                raise NotSimulated(f"the simulation is silent for {PATIENCE:.0f} s")
            chunk = os.read(out, size - len(chunks))
            if not chunk:
                raise NotSimulated("the simulation ended")
            chunks += chunk
        return bytes(chunks)
