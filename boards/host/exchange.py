# SPDX-License-Identifier: Apache-2.0
"""Requests and answers over a serial port: sent again where they get lost, and never for ever."""

import os
import time
from collections import deque
from itertools import islice

import serial

from boards.host.port import open_port, other_programs, why_gone
from hw.uart import protocol
from hw.uart.protocol import ANSWER, ERROR, NO_TAG, Error, Frame, FrameError, WallError
from support.failures import InputError

TRIES = 5  # of each request
WINDOW = 3  # requests under way: the line is busy while an answer is made
ALLOWANCE = 1.0  # seconds of silence beyond byte-times: operating system, adapter, slow simulator
PATIENCE = 30.0  # seconds that an answer may take in all, on the wall's clock and the line's
MAX_STRAY = 1 << 18  # bytes that may arrive in place of an answer: some large pictures


class Failed(Exception):
    """One try failed in a way that another may mend; the message says how."""


class Silent(Failed):
    """Nothing came in time."""


class Refused(InputError):
    """The board refused a request.

    Attributes
    ----------
    code : int or None
        A :class:`hw.uart.protocol.Error`, most often.
    offset : int or None
        Of the image's byte that comes next, with `ORDER`.
    """

    def __init__(self, message, code, offset=None):
        super().__init__(message)
        self.code, self.offset = code, offset


class Exchange:
    """The line to a board on a serial port, opened at the start-up rate.

    Parameters
    ----------
    port : str
        As :func:`boards.host.port.open_port` takes it.
    clock : callable
        Seconds on a clock that runs with the line.

    Attributes
    ----------
    bytes_sent, bytes_received, bytes_needed : int
        Over the wire since the port was opened; those of the received ones that were the answers.
    repeats : int
        Requests sent again.
    serial : serial.SerialBase or boards.host.mmio.MmioPort

    Raises
    ------
    InputError
        The port does not exist, is closed to us, busy, no serial port, or silent. All methods
        raise it too, when the board falls silent, disagrees, or refuses (:class:`Refused`).
    """

    def __init__(self, port, clock):
        self.port, self.clock = port, clock
        self.bytes_sent = self.bytes_received = self.bytes_needed = self.repeats = 0
        self._tag = int.from_bytes(os.urandom(2), "little")
        self._bodies = deque()
        self._unstuffer = protocol.Unstuffer()
        self.serial = open_port(port, baud=protocol.BAUD, timeout=ALLOWANCE)

    @property
    def baud(self):
        """Rate of the line, in bits a second."""
        return self.serial.baudrate

    def set_rate(self, baud):
        """Change the rate of this end of the line."""
        try:
            self.serial.baudrate = baud
        except (ValueError, OSError) as error:
            raise InputError(f"{self.port}: {why_gone(self.port, error)}") from error

    def ask(self, request, payload=b"", *, size, compute=0.0, tries=TRIES):
        """Return the payload of the answer to a request, `size` bytes."""
        return next(self.ask_all(request, [payload], size=size, compute=compute, tries=tries))

    def ask_all(self, request, payloads, *, size, compute=0.0, tries=TRIES):
        """Yield the payload of each answer in order, with `WINDOW` requests under way.

        The board may be silent for `compute` seconds longer than the line explains.
        """
        payloads = iter(payloads)
        under_way, tags = deque(), deque()  # the oldest first; of those under way that were sent
        while True:
            under_way.extend(islice(payloads, WINDOW - len(under_way)))
            if not under_way:
                return
            for attempt in range(1, tries + 1):
                try:
                    while len(tags) < len(under_way):
                        tags.append(self.send(request, under_way[len(tags)]))
                    answer = self.await_answer(request, tags[0], size=size, compute=compute)
                    break
                except Failed as failure:
                    self.repeats += len(tags)
                    tags.clear()
                    if attempt == tries:
                        raise self.gave_up(failure) from failure
            under_way.popleft()
            tags.popleft()
            yield answer

    def gave_up(self, failure):
        """Return what to raise when the last try failed in this way."""
        if others := other_programs(self.port):
            said = "no answer" if isinstance(failure, Silent) else failure
            return InputError(
                f"{self.port}: {said}, {TRIES} times in a row; {' and '.join(others)} has this "
                "port open, too, and may take our answers; close it"
            )
        if isinstance(failure, Silent):
            return InputError(
                f"{self.port}: no answer in {TRIES} tries; is a board with this project's design "
                f"on this port, powered and programmed?"
            )
        return InputError(f"{self.port}: {failure}, {TRIES} times in a row; check cable and rate")

    def send(self, request, payload):
        """Send a request, and return its tag."""
        self._tag = self._tag % 0xFFFF + 1  # never NO_TAG
        frame = Frame(request, self._tag, payload).encode()
        try:
            self.serial.write(frame)
        except serial.SerialTimeoutException as error:
            raise Silent("the port takes no bytes") from error
        except (serial.SerialException, OSError) as error:
            raise InputError(f"{self.port}: {why_gone(self.port, error)}") from error
        self.bytes_sent += len(frame)
        return self._tag

    def await_answer(self, request, tag, *, size, compute=0.0):
        """Return the payload of the answer to the request `tag`; answers to others are dropped.

        A damaged frame may be noise before the answer, or the answer: wait no longer for it than
        the line explains.

        Raises
        ------
        Failed, InputError
        """
        silence = ALLOWANCE + protocol.BYTE_TIMEOUT * protocol.BYTE_BITS / self.serial.baudrate
        wait = silence + compute
        failure = Silent("the board is silent")
        stray = MAX_STRAY
        patience = wait + PATIENCE
        end, line_end = time.monotonic() + patience, self.clock() + patience
        while True:
            while not self._bodies:
                if time.monotonic() > end and self.clock() > line_end:
                    raise InputError(
                        f"{self.port}: bytes keep coming, but no answer in {patience:.0f} s; "
                        "is this the port of a board with this project's design?"
                    )
                chunk = self._read(wait)
                if not chunk:
                    raise failure
                stray -= len(chunk)
                if stray < 0:
                    raise Failed("there is only noise on the line")
                self._bodies.extend(self._unstuffer.feed(chunk))
            try:
                frame = Frame.decode(self._bodies.popleft())
            except FrameError as error:
                failure = Failed(f"an answer: {error}")
                wait = silence
                continue
            if frame.type == ERROR and frame.tag in (tag, NO_TAG):
                self._refused(request, frame.payload)
            elif frame.type == request | ANSWER and frame.tag == tag:
                if len(frame.payload) != size:
                    raise Failed(f"an answer has {len(frame.payload)} bytes")
                self.bytes_needed += len(frame.encode())
                return frame.payload

    def _read(self, seconds):
        """Return bytes as they come, none where the line is silent for so long."""
        try:
            if self.serial.timeout != seconds:  # over RFC 2217 each change sets up the port anew
                self.serial.timeout = seconds
            chunk = self.serial.read(max(1, self.serial.in_waiting))
        except (serial.SerialException, OSError) as error:
            raise InputError(f"{self.port}: {why_gone(self.port, error)}") from error
        self.bytes_received += len(chunk)
        return chunk

    def _refused(self, request, payload):
        """Raise what an error frame means."""
        code = payload[0] if payload else None
        if code in (Error.BROKEN, Error.BUSY):
            raise Failed("the board received a damaged request")
        offset = None
        if code == Error.ORDER:
            if len(payload) != protocol.ORDER.size:
                raise Failed("an answer is cut")
            _, offset = protocol.ORDER.unpack(payload)
        reason = {
            Error.VERSION: f"it does not speak version {protocol.VERSION} of the protocol; "
            "build it anew, or install the avatar-gan-fpga that made it",
            Error.TYPE: f"it does not know the request {request.name}",
            Error.LENGTH: f"it expects another length of {request.name}",
            Error.MODEL: "it holds another model",
            Error.DIVISOR: "the rate is too high for its clock",
            Error.NO_MODEL: "it holds no model; put one there with `avatar load`",
            Error.CAPACITY: "the image is of another capacity",
            Error.ORDER: f"byte {offset} of the image is the next one",
            Error.CRC: "the image arrived damaged",
            Error.NO_LOAD: "no load is under way",
            Error.MEMORY: "its memory for the weights did not start; `avatar check` shows what it "
            "reads",
            WallError.WALK: "its wall knows no such walk",
            WallError.LATENTS: "its wall draws normal and categorical latents, and the image must "
            "say which; put the model there anew with `avatar load`",
            WallError.SIZE: "its screen has no room for pictures as large as the model's",
            WallError.TEXT: "the text of a wall is printable ASCII",
            WallError.ROOM: "its screen has one row of the model's pictures, and no room for a "
            "text; leave out --text",
        }.get(code, f"error {code}")
        raise Refused(f"{self.port}: the board refused, {reason}", code, offset)
