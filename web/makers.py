# SPDX-License-Identifier: Apache-2.0
"""What makes the pictures for a page: the reference, or a board, real or virtual."""

from __future__ import annotations

import time
from dataclasses import dataclass

from boards.host.open_board import expect_right
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
    file : web.shelf.ModelFile

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

    def __init__(self, file):
        self.file = file

    def open(self):
        """There is nothing to open."""

    def close(self):
        """There is nothing to close."""

    def look(self):
        """Return port, clock in Hz and rate in baud of the board: there is none."""
        return {"port": None, "clock": None, "rate": None}

    def pictures(self, latents):
        """Yield a picture, uint8 (size, size, colours), for each int8 latent, in order."""
        for latent in latents:
            yield generate(self.file.model, latent[None])[0]

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
    shelf : web.shelf.Shelf
        Has the file of the model that the board holds.
    compile : callable
        Takes a model and the open link, and returns the image for that board; raises InputError
        where the model does not fit.
    virtual : bool
        The board is simulated.
    link : optional
        What `open_link` returned, where it was called before, as for a simulated board.

    Attributes
    ----------
    file : web.shelf.ModelFile or None
        Of the model that the board holds, as :meth:`look` last saw it; None where it holds none,
        or one that is not on the shelf.

    :meth:`open`, :meth:`look` and :meth:`pictures` raise InputError and CheckFailed as
    :mod:`boards.host` does: the board is silent, gone, not well, or holds another model.
    """

    def __init__(self, port, open_link, shelf, compile, *, virtual=False, link=None):
        self.port, self.shelf, self.file = port, shelf, None
        self._open_link, self._compile = open_link, compile
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

    def look(self):
        """Ask the board what it holds; return port, clock in Hz and rate in baud."""
        info = self._link.info()
        self.file = self.shelf.find(info.model.digest.hex()) if info.model else None
        return {"port": self.port, "clock": info.machine.clock_hz, "rate": self._link.baud}

    def load(self, name, contents, progress):
        """Put a model into the board; :meth:`look` tells what it holds then, whatever happens.

        Parameters
        ----------
        name : str
            Of a shipped model, or of the file that a page brought, without its suffix.
        contents : bytes or None
            Of that file.
        progress : callable
            Called with how many bytes of the image the board has, and how many there are.

        Raises
        ------
        InputError
            No model file, it does not fit: nothing was sent. Or the line fails.
        CheckFailed
            The board's own picture is wrong; it holds no model.
        """
        file = self.shelf.take(name, contents)
        link = self._link
        image = self._compile(file.model, link)
        has = 0

        def more(count):
            nonlocal has
            has += count
            progress(has, len(image))

        more(0)
        result, _ = link.load(image, file.model, progress=more)
        model_id = bytes.fromhex(file.model.digest)[:8]
        expect_right(link, result, model_id, "it holds no model now; load it again")
        self.shelf.keep(file)

    def pictures(self, latents):
        """Yield a picture for each latent; the requests behind it are under way already."""
        return self._link.stream(latents, model=self.file.model)

    def counters(self):
        """Return the :class:`Counters` of now."""
        link = self._link
        sent, received = link.exchange.bytes_sent, link.exchange.bytes_received
        return Counters(sent, received, link.exchange.bytes_needed, link.clock())
