# SPDX-License-Identifier: Apache-2.0
"""The virtual board: the real top under Verilator, behind a pseudo-terminal."""

import socket
import subprocess
import tempfile
from pathlib import Path

from hw.uart.protocol import BAUD
from sim.chips import flash, sdram
from sim.generator.external import SETUPS, WithMemory
from sim.runner import Simulation
from sim.verilog import cached_verilog
from support.failures import InputError

CLOCK_HZ = 8 * BAUD  # eight clocks a bit
TOP = "top"
START_TIMEOUT = 60.0  # seconds from the start of the process to its terminal
STOP_TIMEOUT = 5.0


def build(plan, *, notice=lambda text: None):
    """Return the simulation of a board; one built before is there at once.

    Parameters
    ----------
    plan : hw.build_plan.BuildPlan
    notice : callable
        Takes one line of text, where the build will take a while.

    Returns
    -------
    sim.runner.Simulation
    """
    held = plan.model and (plan.model.digest, plan.self_test, plan.answer)
    bus = plan.capacity.array.weight_bus
    key = plan.build_id + repr((held, SETUPS[bus] if bus else None)).encode()

    def top():
        notice("building the virtual board, once; a minute or two")
        return WithMemory(plan.top(), bus) if bus else plan.top()

    text = cached_verilog(TOP, key, top)
    chips = (sdram, flash) if bus else ()
    return Simulation(text + "".join(chip.SOURCE.read_text() for chip in chips), TOP)


class VirtualBoard:
    """A simulated board that runs until it is stopped; a context manager.

    The board is a process of its own. It ends when this object stops it, on SIGTERM, and when the
    process that made it is gone, however that ended.

    Parameters
    ----------
    simulation : sim.runner.Simulation
        A build of :class:`hw.top.Top`, as :func:`build` gives it.
    link : path, optional
        A name for the terminal, kept as long as the board runs.
    clock_hz : int
        The clock that the design was made for.
    wall : path, optional
        An empty folder for the pictures of the wall, if the design has one: 001-000000.ppm is the
        first of the first screen.
    stored : bytes
        What lies in the flash of a board that has one (:func:`hw.flash.stored.stored`).

    Attributes
    ----------
    path : str
        The terminal to open.
    process : subprocess.Popen

    Raises
    ------
    InputError
        `link` exists, or its folder does not; or the simulation did not start: the message holds
        the end of its log.
    """

    def __init__(self, simulation, *, link=None, clock_hz=CLOCK_HZ, wall=None, stored=b""):
        if link is not None:
            link = free_link(link)
        self._folder = tempfile.TemporaryDirectory(prefix="avatar-board-")
        self._control, theirs = socket.socketpair()
        log = Path(self._folder.name, "board.log")
        environment = {
            "AVATAR_BOARD_CLOCK": str(clock_hz),
            "AVATAR_BOARD_CONTROL": str(theirs.fileno()),
            "COCOTB_REWRITE_ASSERTION_FILES": "",
            "COCOTB_LOG_LEVEL": "WARNING",
        }
        if link is not None:
            environment["AVATAR_BOARD_LINK"] = str(link)
        if wall is not None:
            environment["AVATAR_BOARD_WALL"] = str(Path(wall).absolute())
        argv, environment = simulation.command("sim.board.board_process", env=environment)
        contents = Path(self._folder.name, "flash")
        contents.write_bytes(stored)
        argv.append(flash.FILE.format(contents))
        with log.open("wb") as output, theirs:
            self.process = subprocess.Popen(
                argv,
                env=environment,
                cwd=self._folder.name,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C reaches the parent, which stops the board
            )
        try:
            self.path = self._await_path(log)
        except BaseException:
            self.stop()
            raise

    def _await_path(self, log):
        self._control.settimeout(START_TIMEOUT)
        received = b""
        while not received.endswith(b"\n"):
            try:
                chunk = self._control.recv(4096)
            except TimeoutError:
                chunk = b""
            if not chunk:
                words = log.read_text().strip().splitlines() or ["nothing"]
                raise InputError(f"the virtual board did not start; its last words: {words[-1]}")
            received += chunk
        return received.decode().strip()

    def clock(self):
        """Return the seconds on the board's own clock: simulated ones, and those of its sleep.

        Raises
        ------
        InputError
            The board is gone.
        """
        try:
            self._control.send(b"?")
            return float(self._control.recv(64))
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path}: the virtual board is gone") from error

    def stop(self):
        """End the board and wait until it is gone."""
        self._control.close()
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def free_link(link):
    """Return `link` absolute, and free: a name left by a board that is gone is removed."""
    link = Path(link)
    if not link.parent.is_dir():
        raise InputError(f"{link}: there is no folder {link.parent}; create it, or link elsewhere")
    if link.is_symlink() and not link.exists() and link.readlink().is_relative_to("/dev"):
        link.unlink()
    if link.exists() or link.is_symlink():
        raise InputError(f"{link}: exists already; remove it, or give --link another name")
    return link.absolute()
