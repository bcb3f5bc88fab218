# SPDX-License-Identifier: Apache-2.0
"""The host's end of the serial link: ask a board, real or virtual, for pictures."""

import time
from dataclasses import dataclass

import numpy as np

from boards.host.exchange import TRIES, Exchange, Refused
from boards.host.loading import Loading
from golden.spec import GeneratorSpec, Layer
from hw.uart import protocol
from hw.uart.facts import Flash, Info, State
from hw.uart.protocol import Error, Request
from support.failures import InputError

SLOWEST = 1e6  # useful MACs a second of the slowest board, a simulated one
PROOFS = 3  # answers in a row, each at the first try, that prove a rate


@dataclass(frozen=True)
class SelfTest:
    """What a board answers to a self-test.

    Attributes
    ----------
    stored, computed : tuple of int
        CRC-32 of each hidden layer and of the picture: those that came with the model, and those
        of the picture just made.
    """

    stored: tuple[int, ...]
    computed: tuple[int, ...]

    @classmethod
    def of(cls, payload, layers):
        """Return what the answer says of a model with so many layers."""
        sums = []
        for part in protocol.SELF_TEST_ANSWER.unpack(payload):
            *hidden, picture = protocol.SUMS.unpack(part)
            sums.append((*hidden[: layers - 1], picture))
        return cls(*sums)

    @property
    def wrong_layer(self):
        """The first layer whose activations or pixels are wrong; None where all is well.

        The last layer is all from the activations before it to the pixels.
        """
        sums = zip(self.stored, self.computed, strict=True)
        return next((n for n, (stored, made) in enumerate(sums, 1) if stored != made), None)


@dataclass(frozen=True)
class Wall:
    """What a board with a screen draws by itself.

    Attributes
    ----------
    seed : int
        Of its latents.
    steps : int
        From one latent to the next: 1, or 2 to 32 of a walk. 0: the wall is off.
    pictures : int
        Begun since it began.
    text : bool
        The last row gives way to a text, if there is more than one.
    """

    seed: int
    steps: int
    pictures: int
    text: bool = False

    @classmethod
    def of(cls, payload):
        """Return what an answer says."""
        seed, mode, pictures = protocol.WALL_ANSWER.unpack(payload)
        steps = 1 << (mode & ~protocol.WALL_TEXT) >> 1
        return cls(seed, steps, pictures, bool(mode & protocol.WALL_TEXT))


class Link:
    """The line to a board on a serial port, opened at the start-up rate; a context manager.

    Parameters
    ----------
    port : str
        As :func:`boards.host.port.open_port` takes it.
    clock : callable
        Seconds on a clock that runs with the line; a virtual board's is slower than the wall's.

    Attributes
    ----------
    exchange : boards.host.exchange.Exchange
        Counts bytes and repeats.

    Raises
    ------
    InputError
        As :class:`boards.host.exchange.Exchange`.
    """

    def __init__(self, port, *, clock=time.monotonic):
        self.port, self.clock = port, clock
        self.exchange = Exchange(port, clock)
        try:
            self.info()
        except BaseException:
            self.exchange.serial.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Leave the board at its start-up rate, and close the port."""
        port = self.exchange.serial
        try:
            if port.is_open and port.baudrate != protocol.BAUD:
                self._ask_rate(self.info().machine.clock_hz, protocol.BAUD)
        except InputError:
            pass  # the board falls back by itself when the next host knocks
        finally:
            port.close()

    def info(self, *, tries=TRIES):
        """Ask the board what it is and how it is.

        Returns
        -------
        hw.uart.facts.Info

        Raises
        ------
        InputError
            What it says cannot be. As any request.
        """
        payload = self.exchange.ask(Request.INFO, size=Info.SIZE, tries=tries)
        try:
            info = Info.unpack(payload)
            if info.model:
                spec_of(info.model)
        except (ValueError, InputError) as error:
            raise InputError(f"{self.port}: the board says of itself: {error}") from None
        if not info.machine.clock_hz:
            raise InputError(f"{self.port}: the board says that its clock is 0 Hz; program it anew")
        return info

    def held(self):
        """Return the :class:`hw.uart.facts.Info` of a board that holds a model.

        Raises
        ------
        InputError
            It holds none.
        """
        info = self.info()
        if info.model is None:
            raise InputError(f"{self.port}: {_no_model(info)}")
        return info

    def self_test(self):
        """Let the board make its stored picture.

        Returns
        -------
        SelfTest
        """
        spec = spec_of(self.held().model)
        payload = self.exchange.ask(
            Request.SELF_TEST, size=protocol.SELF_TEST_ANSWER.size, compute=_compute_time(spec)
        )
        return SelfTest.of(payload, len(spec.layers))

    @property
    def baud(self):
        """Rate of the line, in bits a second."""
        return self.exchange.baud

    def change_baud(self, baud):
        """Change the rate of the line, on both ends, and make sure that it works.

        Raises
        ------
        InputError
            The board's clock or this port cannot make the rate: nothing has changed; or too
            little gets through at it: both ends are back at the start-up rate.
        """
        clock_hz = self.info().machine.clock_hz
        port = self.exchange.serial
        before = port.baudrate
        try:
            protocol.divisor(clock_hz, baud)
        except ValueError as error:
            raise InputError(f"{self.port}: {error}") from error
        try:  # the port first: not every adapter has every rate
            port.baudrate = baud
        except (ValueError, OSError) as error:
            raise InputError(f"{self.port}: the port cannot do {baud} baud ({error})") from error
        finally:
            self.exchange.set_rate(before)
        self._ask_rate(clock_hz, baud)
        self.exchange.set_rate(baud)
        try:
            for _ in range(PROOFS):
                self.info(tries=1)
        except InputError as error:
            self.exchange.set_rate(protocol.BAUD)
            time.sleep(protocol.FALLBACK * protocol.BYTE_BITS / protocol.BAUD)
            self.info()
            raise InputError(
                f"{self.port}: the line does not carry {baud} baud, it is back at "
                f"{protocol.BAUD}; try a lower rate"
            ) from error

    def _ask_rate(self, clock_hz, baud):
        payload = protocol.DIVISOR.pack(protocol.divisor(clock_hz, baud))
        self.exchange.ask(Request.BAUD, payload, size=protocol.DIVISOR.size)

    def load(self, image, model, *, progress=lambda count: None):
        """Put a model into the board; a load of the same that was broken off is taken up.

        Parameters
        ----------
        image : bytes
            The model's, as :func:`hw.image.image` makes it.
        model : golden.model_file.Model
        progress : callable
            Called with how many more bytes the board has.

        Returns
        -------
        SelfTest
            What the board's own test gives. It holds the model only where no layer is wrong.
        int
            Bytes that were there already.

        Raises
        ------
        InputError
            The image is of another capacity than the board's: nothing has changed. As any request.
        """
        info = self.info()
        if info.machine.capacity_id != image[: protocol.ID_SIZE]:
            raise InputError(
                f"{self.port}: the image is of capacity {image[: protocol.ID_SIZE].hex()}, the "
                f"board of {info.machine.capacity_id.hex()}; compile the model for this board"
            )
        model_id = bytes.fromhex(model.digest)[: protocol.ID_SIZE]
        loading = Loading(self.exchange, image, model_id, progress)
        before = _compute_time(spec_of(info.model)) if info.model else 0.0
        answer, taken_up = loading.run(info, before=before, behind=_compute_time(model.spec))
        return SelfTest.of(answer, len(model.spec.layers)), taken_up

    def wall(self, seed=None, steps=0, *, text=None):
        """Ask a board's wall how it is; or begin or end it.

        Parameters
        ----------
        seed : int, optional
            0 to 2^32 - 1. Without it nothing changes.
        steps : int
            As of :class:`Wall`; 0 ends the wall.
        text : str, optional
            The name in the wall's text (:func:`hw.uart.protocol.is_text`); by default it has none.

        Returns
        -------
        Wall
            As it is from then on.

        Raises
        ------
        InputError
            The board has no screen, no model or one whose latents it cannot draw, or no room for a
            text; nothing has changed. As any request.
        """
        payload = b"" if seed is None else protocol.WALL.pack(seed, steps.bit_length())
        payload += (text or "").encode("ascii")
        try:
            answer = self.exchange.ask(Request.WALL, payload, size=protocol.WALL_ANSWER.size)
        except Refused as refusal:
            if refusal.code != Error.TYPE:
                raise
            raise InputError(
                f"{self.port}: the board has no screen; `avatar build --board ulx3s-85f --screen` "
                "makes a machine that has one"
            ) from refusal
        return Wall.of(answer)

    def generate(self, model, latents, *, progress=iter):
        """Turn latents into pictures on the board.

        Parameters
        ----------
        model : golden.model_file.Model
            What the board is expected to hold.
        latents : int8 array, shape (N, latent)
        progress : callable
            Wraps the iterable of pictures, as tqdm does.

        Returns
        -------
        uint8 array, shape (N, height, width, colours)
            Row-major.
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
        """Yield a picture for each latent, in order, with several requests under way.

        Parameters
        ----------
        latents : iterable of int8 array, shape (latent,)
        model : golden.model_file.Model, optional
            What the board is expected to hold; by default whatever it holds.

        Yields
        ------
        uint8 array, shape (height, width, colours)
            Row-major.
        """
        info = self.held() if model is None else self.expect(model)
        spec, model_id = spec_of(info.model), info.model.model_id
        payloads = (protocol.generate_payload(model_id, latent) for latent in latents)
        answers = self.exchange.ask_all(
            Request.GENERATE, payloads, size=spec.picture_bytes, compute=_compute_time(spec)
        )
        for answer in answers:
            yield np.frombuffer(answer, np.uint8).reshape(spec.picture_shape)

    def expect(self, model):
        """Return the info of the board, which holds `model`.

        Raises
        ------
        InputError
            It does not; the message names what it holds.
        """
        info = self.info()
        wanted = model.digest[: 2 * protocol.ID_SIZE]
        if info.model is None:
            raise InputError(f"{self.port}: {_no_model(info)}")
        if info.model.digest.hex() != model.digest:
            raise InputError(
                f"{self.port}: the board holds model {info.model.model_id.hex()}, not {wanted}; "
                "give --model the board's model, or put this one there with `avatar load`"
            )
        return info


def spec_of(facts):
    """Return the :class:`golden.spec.GeneratorSpec` that a board tells of its model.

    Raises
    ------
    InputError
        There is no such network.
    """
    layers = [Layer(*layer) for layer in facts.layers]
    spec = GeneratorSpec(facts.latent, facts.planes, tuple(layers))
    if (facts.pixels, facts.colours) != (spec.size**2, spec.colours):
        raise InputError(
            f"pictures have {facts.pixels} pixels of {facts.colours} colours; its network makes "
            f"{spec.size**2} of {spec.colours}"
        )
    return spec


_REFUSED = {
    Flash.READING: "still reads its flash: ask again in a second",
    Flash.FOREIGN: "the image in its flash is for another machine or version; write one for this "
    "board with `avatar program --flash`, or send it with `avatar load`",
    Flash.DAMAGED: "the image in its flash is damaged; write it again with `avatar program "
    "--flash`, or send it with `avatar load`",
}


def _no_model(info):
    """Say that a board holds no model, and what to do."""
    if info.status.state == State.LOADING and info.status.flash != Flash.READING:
        return (
            f"the board holds no model, but {info.status.next:,} of {info.load.length:,} bytes of "
            f"{info.load.model_id.hex()}; load it to the end with `avatar load`"
        )
    reason = _REFUSED.get(info.status.flash)
    if reason is not None:
        return f"the board holds no model, and {reason}"
    return "the board holds no model; put one there with `avatar load --port PORT --model FILE`"


def _compute_time(spec):
    """Return how long, in seconds, the board may be silent while it makes a picture."""
    return spec.useful_macs / SLOWEST
