# SPDX-License-Identifier: Apache-2.0
"""What makes the pictures for a page: the reference, or a board, real or virtual."""

from __future__ import annotations

import time
from dataclasses import dataclass

from golden.generator import generate
from support.failures import InputError


@dataclass(frozen=True)
class Counters:
    """What went over the line until now.

    Attributes
    ----------
    bytes_sent, bytes_received : int
    bytes_needed : int
        Those of the received ones that were the answers; the others are damaged or not ours.
    seconds : float
        On the line's clock, which is slower than the wall's where the board is simulated.
    """

    bytes_sent: int
    bytes_received: int
    bytes_needed: int
    seconds: float

    def since(self, begin):
        """Return what came since `begin`, by the names of the counters."""
        return {name: value - getattr(begin, name) for name, value in vars(self).items()}


class Reference:
    """The NumPy reference as a maker of pictures.

    Parameters
    ----------
    model : golden.model_file.Model
    name : str
        File name of the model, for people.

    Attributes
    ----------
    kind : str
        ``golden``, ``virtual`` or ``board``.
    silence, loss : str
        What a page is told where a picture takes long, with the place of ``seconds``, and where
        the maker is gone.
    """

    kind = "golden"
    silence = "The reference has been computing for {seconds} seconds, and goes on."
    loss = "The reference cannot draw."

    def __init__(self, model, name):
        self.model, self.name = model, name

    def open(self):
        """There is nothing to open."""

    def close(self):
        """There is nothing to close."""

    def line(self):
        """Return port, clock in Hz and rate in baud of the board: there is none."""
        return {"port": None, "clock": None, "rate": None}

    def pictures(self, latents):
        """Yield a picture, uint8 (size, size, colours), for each int8 latent, in order."""
        for latent in latents:
            yield generate(self.model, latent[None])[0]

    def counters(self):
        """Return the :class:`Counters` of now."""
        return Counters(0, 0, 0, time.monotonic())


class Board:
    """A board as a maker of pictures; the members are those of :class:`Reference`.

    Parameters
    ----------
    port : str
        Its name, for people.
    open_link : callable
        Opens the board, and returns the open :mod:`boards.host.link`.
    model : golden.model_file.Model
        What the board is expected to hold.
    name : str
        File name of the model, for people.
    virtual : bool
        The board is simulated.
    link : optional
        What `open_link` returned, where it was called before, as for a simulated board.

    :meth:`open` and :meth:`pictures` raise InputError and CheckFailed as :mod:`boards.host` does:
    the board is silent, gone, not well, or holds another model.
    """

    def __init__(self, port, open_link, model, name, *, virtual=False, link=None):
        self.port, self.model, self.name = port, model, name
        self._open_link = open_link
        self._link = link
        if virtual:
            self.kind = "virtual"
            self.silence = "The simulated board has been computing for {seconds} seconds."
            self.loss = "The simulated board has ended; start `avatar web` again."
        else:
            self.kind = "board"
            self.silence = "The board has not answered for {seconds} seconds; it is waited for."
            self.loss = "The board is gone; connect again when it is back."

    def open(self):
        """Open the board where it is closed; a simulated one that has ended does not come back."""
        if self._link is None:
            if self.kind == "virtual":
                raise InputError(f"{self.port}: the simulation has ended")
            self._link = self._open_link()

    def close(self):
        """Close the board where it is open."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def line(self):
        """Return port, clock in Hz and rate in baud; this asks the board."""
        info = self._link.info()
        return {"port": self.port, "clock": info.machine.clock_hz, "rate": self._link.baud}

    def pictures(self, latents):
        """Yield a picture for each latent; the requests behind it are under way already."""
        return self._link.stream(latents, model=self.model)

    def counters(self):
        """Return the :class:`Counters` of now."""
        link = self._link
        sent, received = link.exchange.bytes_sent, link.exchange.bytes_received
        return Counters(sent, received, link.exchange.bytes_needed, link.clock())
