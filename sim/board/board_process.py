# SPDX-License-Identifier: Apache-2.0
"""The inside of the virtual board: a simulated top's pins behind a pseudo-terminal.

Runs inside the simulator. Its own process imports no arithmetic of the generator: whatever
picture leaves the terminal, the simulated hardware made.
"""

import fcntl
import os
import select
import signal
import socket
import struct
import termios
import time
import tty
from contextlib import contextmanager
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, First, RisingEdge, Timer
from cocotb.utils import get_sim_time

from hw.uart.protocol import BAUD, BYTE_BITS

PERIOD = 1000  # steps of simulated time in a clock
SLICE = 8  # byte-times at the start-up rate between looks at the terminal
FULL_TERMINAL = 1.0  # seconds that an unread answer holds the board up before it is dropped
LOOK = 1.0  # seconds between looks for a signal while the board sleeps

TCGETS2 = 0x802C542A  # asm-generic/ioctls.h
TERMIOS2 = struct.Struct("=4IB19B2I")  # asm-generic/termbits.h; the last is the output speed


class Terminal:
    """The board's end of a pseudo-terminal, and the line to the process that started it.

    Parameters
    ----------
    control : socket.socket
        Closed by the parent, or by its death, to end the board; asks for the board's clock.
    clock_hz : int
        Clocks in a simulated second.
    """

    def __init__(self, control, clock_hz):
        self.control, self.clock_hz = control, clock_hz
        self.stopped = False
        self._stood = 0.0  # seconds for which simulated time stood still, before it last began to
        self._standing_since = None
        self.master, self.slave = os.openpty()  # our own slave end keeps the terminal alive
        tty.setraw(self.slave)
        attributes = termios.tcgetattr(self.slave)
        attributes[4] = attributes[5] = termios.B115200
        termios.tcsetattr(self.slave, termios.TCSANOW, attributes)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self.slave)
        self.pending = bytearray()
        self.speed = BAUD

    def stop(self, *_):
        """End the board at the next look; also a signal handler."""
        self.stopped = True

    def wait(self, seconds):
        """Sleep until the host sends, the parent ends the board, or `seconds` have passed."""
        ready, _, _ = select.select([self.master, self.control], [], [], seconds)
        if self.control in ready:
            self._heed_parent()

    def sleep(self):
        """Wait with the board's clock running on; simulated time stands still."""
        with self._standing():
            self.wait(LOOK)

    @contextmanager
    def _standing(self):
        """Let the board's clock run on while simulated time stands still."""
        self._standing_since = time.monotonic()
        yield
        self._stood += time.monotonic() - self._standing_since
        self._standing_since = None

    def clock(self):
        """Return the seconds on the board's clock."""
        stood = self._stood
        if self._standing_since is not None:
            stood += time.monotonic() - self._standing_since
        return get_sim_time("step") / (PERIOD * self.clock_hz) + stood

    def _heed_parent(self):
        if self.control.recv(1):
            self.control.send(f"{self.clock()}\n".encode())
        else:
            self.stopped = True

    def read(self):
        """Return the host's next byte, or None."""
        if not self.pending:
            self.wait(0)
            try:
                self.pending += os.read(self.master, 4096)
            except BlockingIOError:
                return None
        return self.pending.pop(0)

    def write(self, byte):
        """Give the host a byte; drop it where nobody reads."""
        deadline = time.monotonic() + FULL_TERMINAL
        while not self.stopped:
            try:
                os.write(self.master, bytes([byte]))
                return
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                with self._standing():
                    ready, _, _ = select.select([self.control], [self.master], [], left)
                if ready:
                    self._heed_parent()

    def bit(self):
        """Return the steps in a bit at the speed that the host has set."""
        raw = fcntl.ioctl(self.master, TCGETS2, bytes(TERMIOS2.size))
        self.speed = TERMIOS2.unpack(raw)[-1] or self.speed  # 0 is a hang-up, not a rate
        return max(2, round(PERIOD * self.clock_hz / self.speed))


class Pace:
    """Keep simulated time from running ahead of the clock on the wall.

    A board's time-outs may pass late in a slow simulation, never early. Time lost is not caught up.
    """

    def __init__(self, terminal):
        self.terminal = terminal
        self.due = time.monotonic()

    def passed(self, seconds):
        """Wait, unless the host sends, until `seconds` more have passed."""
        now = time.monotonic()
        self.due = max(self.due + seconds, now)
        self.terminal.wait(self.due - now)


async def _transmit(dut, terminal):
    """Carry bytes from pin `tx` to the terminal."""
    while True:
        await FallingEdge(dut.tx)
        bit = terminal.bit()
        await Timer(bit + bit // 2, unit="step")
        byte = 0
        for n in range(8):
            byte |= int(dut.tx.value) << n
            await Timer(bit, unit="step")
        terminal.write(byte)
        if not dut.tx.value:  # no stop bit: the rates differ
            await RisingEdge(dut.tx)


async def _screen(dut, folder):
    """Take the pictures of a wall, and put each into a file: SCREEN-NUMBER.ppm or .pgm."""
    for port in (dut.wall_start, dut.wall_button):
        port.value = 0
    dut.wall_fits.value = dut.wall_roomy.value = 1
    ready, valid, pixel = (
        getattr(dut, f"wall_pixels__{name}") for name in ("ready", "valid", "payload")
    )
    ready.value = 1
    screen = number = 0
    pixels = bytearray()
    while True:
        if not valid.value and not dut.wall_restart.value:
            await First(RisingEdge(valid), RisingEdge(dut.wall_restart))
        await RisingEdge(dut.clk)
        if dut.wall_restart.value:
            screen, number = screen + 1, 0
        elif valid.value:
            pixels += int(pixel.value).to_bytes(3, "little")
            size = int(dut.wall_size.value)
            if len(pixels) == 3 * size * size:
                path = Path(folder, f"{screen:03}-{number:06}.ppm")
                path.write_bytes(f"P6 {size} {size} 255\n".encode() + pixels)
                number += 1
                pixels.clear()


async def _send(dut, byte, bit):
    """Put one byte on pin `rx`."""
    level = 1
    held = 0
    for n in range(BYTE_BITS):
        value = (byte << 1 | 0x200) >> n & 1
        if value != level:
            if held:
                await Timer(held * bit, unit="step")
            dut.rx.value = level = value
            held = 0
        held += 1
    await Timer(held * bit, unit="step")


async def _receive(dut, terminal):
    """Carry bytes from the terminal to pin `rx` until the board is stopped.

    With the line and the top at rest nothing can change, so simulated time stands still and the
    process sleeps.
    """
    pace = Pace(terminal)
    clocks = SLICE * BYTE_BITS * terminal.clock_hz // BAUD
    rested = False
    while not terminal.stopped:
        byte = terminal.read()
        if byte is not None:
            await _send(dut, byte, terminal.bit())
            rested = False
        elif rested and not dut.active.value:
            terminal.sleep()
        else:
            await Timer(clocks * PERIOD, unit="step")
            pace.passed(clocks / terminal.clock_hz)
            rested = True


@cocotb.test()
async def serve(dut):
    """Be a board until the parent closes the control socket, or SIGTERM."""
    clock_hz = int(os.environ["AVATAR_BOARD_CLOCK"])
    control = socket.socket(fileno=int(os.environ["AVATAR_BOARD_CONTROL"]))
    link = os.environ.get("AVATAR_BOARD_LINK")
    terminal = Terminal(control, clock_hz)
    signal.signal(signal.SIGTERM, terminal.stop)

    dut.rx.value = 1
    dut.rst.value = 1
    Clock(dut.clk, PERIOD, unit="step").start()
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    cocotb.start_soon(_transmit(dut, terminal))
    if folder := os.environ.get("AVATAR_BOARD_WALL"):
        cocotb.start_soon(_screen(dut, folder))

    if link:
        os.symlink(terminal.path, link)
    try:
        control.send((terminal.path + "\n").encode())
        await _receive(dut, terminal)
    finally:
        if link and os.path.islink(link) and os.readlink(link) == terminal.path:
            Path(link).unlink()
