# SPDX-License-Identifier: Apache-2.0
"""The host's end of the serial link: ask a board, real or virtual, for pictures."""

import os
import time
from collections import deque
from dataclasses import dataclass
from itertools import islice

import numpy as np
import serial

from boards.host.port import open_port, other_programs, why_gone
from golden.spec import GeneratorSpec
from hw.uart import protocol
from hw.uart.protocol import ANSWER, ERROR, NO_TAG, Error, Frame, FrameError, Request
from support.failures import InputError

TRIES = 5  # of each request
WINDOW = 3  # requests under way: a board that still holds two given up ones takes as many anew
ALLOWANCE = 1.0  # seconds of silence beyond byte-times: operating system, adapter, slow simulator
SLOWEST = 1e6  # useful MACs a second of the slowest board, a simulated one
PATIENCE = 30.0  # seconds that an answer may take in all, on the wall's clock and the line's
PROOFS = 3  # answers in a row, each at the first try, that prove a rate
MAX_STRAY = 4 * protocol.MAX_ANSWER  # bytes that may arrive in place of an answer


class _Failed(Exception):
    """One try failed in a way that another may mend; the message says how."""


class _Silent(_Failed):
    """Nothing came in time."""


@dataclass(frozen=True)
class SelfTest:
    """What a board answers to a self-test.

    Attributes
    ----------
    stored, computed : 4 int
        CRC-32 of layers 1 to 3 and of the picture: those that came with the model, and those of
        the picture just made.
    """

    stored: tuple[int, ...]
    computed: tuple[int, ...]

    @property
    def wrong_layer(self):
        """The first layer, 1 to 4, whose activations or pixels are wrong; None where all is well.

        The fourth layer is all from the third layer's activations to the pixels.
        """
        sums = zip(self.stored, self.computed, strict=True)
        return next((n for n, (stored, made) in enumerate(sums, 1) if stored != made), None)


class Link:
    """The line to a board on a serial port, opened at the start-up rate; a context manager.

    Parameters
    ----------
    port : str
        As :func:`boards.host.port.open_port` takes it.
    clock : callable
        The clock of :attr:`clock`; a virtual board's line has a slower one than the wall's.

    Attributes
    ----------
    bytes_sent, bytes_received, bytes_needed : int
        Over the wire since the port was opened; those of the received ones that were the answers.
    repeats : int
        Requests sent again.
    clock : callable
        Seconds on a clock that runs with the line.

    Raises
    ------
    InputError
        The port does not exist, is closed to us, busy, no serial port, or silent. All methods
        raise it too, when the board falls silent, disagrees, or refuses.
    """

    def __init__(self, port, *, clock=time.monotonic):
        self.port, self.clock = port, clock
        self.bytes_sent = self.bytes_received = self.bytes_needed = self.repeats = 0
        self._tag = int.from_bytes(os.urandom(2), "little")
        self._bodies = deque()
        self._unstuffer = protocol.Unstuffer()
        self._serial = open_port(port, baud=protocol.BAUD, timeout=ALLOWANCE)
        try:
            self.info()
        except BaseException:
            self._serial.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Leave the board at its start-up rate, and close the port."""
        try:
            if self._serial.is_open and self._serial.baudrate != protocol.BAUD:
                clock = self.info()[0].clock_hz
                payload = protocol.DIVISOR.pack(protocol.divisor(clock, protocol.BAUD))
                self._ask(Request.BAUD, payload)
        except InputError:
            pass  # the board falls back by itself when the next host knocks
        finally:
            self._serial.close()

    def info(self):
        """Ask the board what it is and how it is.

        Returns
        -------
        hw.uart.protocol.Facts, hw.uart.protocol.Status

        Raises
        ------
        InputError
            What it says cannot be. As any request.
        """
        payload = self._ask(Request.INFO)
        size = protocol.Facts.LAYOUT.size
        facts = protocol.Facts.unpack(payload[:size])
        try:
            _spec_of(facts)
        except InputError as error:
            raise InputError(f"{self.port}: the board says of itself: {error}") from None
        if not facts.clock_hz:
            raise InputError(f"{self.port}: the board says that its clock is 0 Hz; program it anew")
        return facts, protocol.Status.unpack(payload[size:])

    def self_test(self):
        """Let the board make its stored picture.

        Returns
        -------
        SelfTest
        """
        facts, _ = self.info()
        payload = self._ask(Request.SELF_TEST, compute=_compute_time(facts))
        stored, computed = protocol.SELF_TEST_ANSWER.unpack(payload)
        return SelfTest(protocol.SUMS.unpack(stored), protocol.SUMS.unpack(computed))

    @property
    def baud(self):
        """Rate of the line, in bits a second."""
        return self._serial.baudrate

    def change_baud(self, baud):
        """Change the rate of the line, on both ends, and make sure that it works.

        Raises
        ------
        InputError
            The board's clock or this port cannot make the rate: nothing has changed; or too
            little gets through at it: both ends are back at the start-up rate.
        """
        facts, _ = self.info()
        before = self._serial.baudrate
        try:
            payload = protocol.DIVISOR.pack(protocol.divisor(facts.clock_hz, baud))
        except ValueError as error:
            raise InputError(f"{self.port}: {error}") from error
        try:  # the port first: not every adapter has every rate
            self._serial.baudrate = baud
        except (ValueError, OSError) as error:
            raise InputError(f"{self.port}: the port cannot do {baud} baud ({error})") from error
        finally:
            self._set_rate(before)
        self._ask(Request.BAUD, payload)
        self._set_rate(baud)
        try:
            for _ in range(PROOFS):
                self._ask(Request.INFO, tries=1)
        except InputError as error:
            self._set_rate(protocol.BAUD)
            time.sleep(protocol.FALLBACK * protocol.BYTE_BITS / protocol.BAUD)
            self.info()
            raise InputError(
                f"{self.port}: the line does not carry {baud} baud, it is back at "
                f"{protocol.BAUD}; try a lower rate"
            ) from error

    def _set_rate(self, baud):
        try:
            self._serial.baudrate = baud
        except (ValueError, OSError) as error:
            raise InputError(f"{self.port}: {why_gone(self.port, error)}") from error

    def generate(self, model, latents, *, progress=iter):
        """Turn latents into pictures on the board.

        Parameters
        ----------
        model : golden.model_file.Model
            What the board is expected to hold.
        latents : int8 array, shape (N, 100)
        progress : callable
            Wraps the iterable of pictures, as tqdm does.

        Returns
        -------
        uint8 array, shape (N, 32, 32, 3)
            Row-major, R G B.
        """
        made = self.stream(latents, model=model)
        pictures = None
        for index in progress(range(len(latents))):
            picture = next(made)
            if pictures is None:
                pictures = np.empty((len(latents), *picture.shape), np.uint8)
            pictures[index] = picture
        return pictures

    def stream(self, latents, *, model=None):
        """Yield a picture for each latent, in order, with `WINDOW` requests under way.

        Parameters
        ----------
        latents : iterable of int8 array, shape (100,)
        model : golden.model_file.Model, optional
            What the board is expected to hold; by default whatever it holds.

        Yields
        ------
        uint8 array, shape (32, 32, 3)
            Row-major, R G B.
        """
        facts, _ = self.info()
        shape = _spec_of(facts).picture_shape
        model_id = facts.model_id
        if model is not None:
            model_id = bytes.fromhex(model.digest)[: protocol.ID_SIZE]
            if facts.model_id != model_id:
                raise self._other_model(model_id, facts)
        payloads = (protocol.GENERATE.pack(model_id, *map(int, latent)) for latent in latents)
        for answer in self._ask_all(Request.GENERATE, payloads, compute=_compute_time(facts)):
            yield np.frombuffer(answer, np.uint8).reshape(shape)

    def _ask(self, request, payload=b"", *, compute=0.0, tries=TRIES):
        return next(self._ask_all(request, [payload], compute=compute, tries=tries))

    def _ask_all(self, request, payloads, *, compute, tries=TRIES):
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
                        tags.append(self._send(request, under_way[len(tags)]))
                    answer = self._await_answer(request, tags[0], compute)
                    break
                except _Failed as failure:
                    self.repeats += len(tags)
                    tags.clear()
                    if attempt == tries:
                        raise InputError(self._gave_up(failure)) from failure
                except (serial.SerialException, OSError) as error:
                    raise InputError(f"{self.port}: {why_gone(self.port, error)}") from error
            under_way.popleft()
            tags.popleft()
            yield answer

    def _gave_up(self, failure):
        if others := other_programs(self.port):
            said = "no answer" if isinstance(failure, _Silent) else failure
            return (
                f"{self.port}: {said}, {TRIES} times in a row; {' and '.join(others)} has this "
                "port open, too, and may take our answers; close it"
            )
        if isinstance(failure, _Silent):
            return (
                f"{self.port}: no answer in {TRIES} tries; is a board with this project's design "
                f"on this port, powered and programmed?"
            )
        return f"{self.port}: {failure}, {TRIES} times in a row; check cable and rate"

    def _send(self, request, payload):
        self._tag = self._tag % 0xFFFF + 1  # never NO_TAG
        frame = Frame(request, self._tag, payload).encode()
        try:
            self._serial.write(frame)
        except serial.SerialTimeoutException as error:
            raise _Silent("the port takes no bytes") from error
        self.bytes_sent += len(frame)
        return self._tag

    def _await_answer(self, request, tag, compute):
        """Return the payload of the answer to the request `tag`; answers to others are dropped.

        A damaged frame may be noise before the answer, or the answer: wait no longer for it than
        the line explains.
        """
        silence = ALLOWANCE + protocol.BYTE_TIMEOUT * protocol.BYTE_BITS / self._serial.baudrate
        self._set_timeout(silence + compute)
        failure = _Silent("the board is silent")
        stray = MAX_STRAY
        patience = silence + compute + PATIENCE
        end, line_end = time.monotonic() + patience, self.clock() + patience
        while True:
            while not self._bodies:
                if time.monotonic() > end and self.clock() > line_end:
                    raise InputError(
                        f"{self.port}: bytes keep coming, but no answer in {patience:.0f} s; "
                        "is this the port of a board with this project's design?"
                    )
                chunk = self._serial.read(max(1, self._serial.in_waiting))
                if not chunk:
                    raise failure
                self.bytes_received += len(chunk)
                stray -= len(chunk)
                if stray < 0:
                    raise _Failed("there is only noise on the line")
                self._bodies.extend(self._unstuffer.feed(chunk))
            try:
                frame = Frame.decode(self._bodies.popleft())
            except FrameError as error:
                failure = _Failed(f"an answer: {error}")
                self._set_timeout(silence)
                continue
            if frame.type == ERROR and frame.tag in (tag, NO_TAG):
                self._refused(request, frame.payload)
            elif frame.type == request | ANSWER and frame.tag == tag:
                if len(frame.payload) != protocol.ANSWER_SIZES[request]:
                    raise _Failed(f"an answer has {len(frame.payload)} bytes")
                self.bytes_needed += len(frame.encode())
                return frame.payload

    def _set_timeout(self, seconds):
        if self._serial.timeout != seconds:  # over RFC 2217 each change sets up the port anew
            self._serial.timeout = seconds

    def _refused(self, request, payload):
        """Raise what an error frame means."""
        code = payload[0] if payload else None
        if code in (Error.BROKEN, Error.BUSY):
            raise _Failed("the board received a damaged request")
        reason = {
            Error.VERSION: f"it does not speak version {protocol.VERSION} of the protocol",
            Error.TYPE: f"it does not know the request {request.name}",
            Error.LENGTH: f"it expects another length of {request.name}",
            Error.MODEL: "it holds another model",
            Error.DIVISOR: "the rate is too high for its clock",
        }.get(code, f"error {code}")
        raise InputError(f"{self.port}: the board refused, {reason}")

    def _other_model(self, model_id, facts):
        return InputError(
            f"{self.port}: the board holds model {facts.model_id.hex()}, not {model_id.hex()}; "
            f"give --model the board's model, or put this one on the board"
        )


def _compute_time(facts):
    """Return how long, in seconds, the board may be silent while it makes a picture."""
    return _spec_of(facts).useful_macs / SLOWEST


def _spec_of(facts):
    return GeneratorSpec.avatars(facts.channels, facts.weight_bits, facts.latent)
