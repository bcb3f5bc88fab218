# SPDX-License-Identifier: Apache-2.0
"""Pictures from a board without a pause: the line is the limit, not the host."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor

from golden.generator import generate
from hw.uart.protocol import BYTE_BITS
from support.failures import InputError

BACKLOG = 256  # pictures that wait for who takes them before the line waits


def deliver(link, latents, takers, *, model=None, check=False, progress=iter):
    """Hand a board's pictures of `latents` to each of `takers`.

    Parameters
    ----------
    link, model
        As of :class:`Stream`.
    latents : int8 array, shape (N, latent)
    takers : sequence of callable
        Called as the `take` of :class:`Stream`, one after the other.
    check : bool
        Compare each picture with the reference's, which `model` makes.
    progress : callable
        Wraps the iterable of pictures, as tqdm does.

    Returns
    -------
    dict
        What ``avatar stream --json`` prints: :meth:`Stream.report`, and with `check` ``differ``,
        the indices of the pictures that are not the reference's.

    Raises
    ------
    As :meth:`Stream.run`.
    """
    differ = []

    def take(index, picture):
        for taker in takers:
            taker(index, picture)
        if check and (generate(model, latents[index : index + 1])[0] != picture).any():
            differ.append(index)

    stream = Stream(link, take, model=model)
    stream.run(latents, progress=progress)
    return stream.report() | ({"differ": differ} if check else {})


def as_text(facts):
    """Return the lines that ``avatar stream`` prints of what :func:`deliver` returned."""
    lines = [
        f"{facts['pictures']} avatars in {facts['seconds']:.2f} s on the line, "
        f"{facts['rate']:.2f} a second",
        f"{facts['share']:.1%} of the line at {facts['baud']} baud: {facts['bytes']} bytes of "
        f"answers; {facts['repeats']} requests sent again",
    ]
    if facts.get("differ"):
        lines.append(f"NOT EQUAL: {facts['differ']}")
    elif "differ" in facts:
        lines.append("equal to the reference, all of them")
    return "\n".join(lines)


class Stream:
    """Ask a board for picture after picture, and hand them on in a thread of their own.

    Requests go out and answers come in while earlier pictures are written, so that no disk holds
    up the line.

    Parameters
    ----------
    link : boards.host.link.Link
    take : callable
        Called with index (int) and picture (uint8 (height, width, colours)) of each, in order.
    model : golden.model_file.Model, optional
        What the board is expected to hold; by default whatever it holds.

    Attributes
    ----------
    taken : int
        Pictures that `take` is done with.
    """

    def __init__(self, link, take, *, model=None):
        self.link, self.model = link, model
        self.taken = 0
        self._take = take
        self._seconds = 0.0
        self._bytes = self._repeats = 0

    def run(self, latents, *, progress=iter):
        """Draw `latents`; whatever ends this early, the pictures that came are handed on first.

        Parameters
        ----------
        latents : int8 array, shape (N, latent)
        progress : callable
            Wraps the iterable of pictures, as tqdm does.

        Raises
        ------
        InputError
            As :class:`boards.host.link.Link`; the message ends with how many pictures came.
        Exception
            Whatever `take` raises.
        """
        link = self.link
        exchange = link.exchange
        begin = link.clock(), exchange.bytes_needed, exchange.repeats
        waiting = deque()
        failure = None
        with ThreadPoolExecutor(1) as worker:  # ends when its work is done
            try:
                pictures = link.stream(latents, model=self.model)
                for index, picture in enumerate(progress(pictures)):
                    waiting.append(worker.submit(self._hand_on, index, picture))
                    while waiting and (waiting[0].done() or len(waiting) > BACKLOG):
                        waiting.popleft().result()
                self._seconds = link.clock() - begin[0]
            except InputError as error:
                failure = error
        if failure:
            message = f"{failure}; {self.taken} of {len(latents)} pictures came"
            raise InputError(message) from failure
        for each in waiting:
            each.result()
        self._bytes = exchange.bytes_needed - begin[1]
        self._repeats = exchange.repeats - begin[2]

    def _hand_on(self, index, picture):
        if index == self.taken:  # nothing behind a failure
            self._take(index, picture)
            self.taken += 1

    def report(self):
        """Return what a whole run took, by name.

        Returns
        -------
        dict
            ``pictures``, ``seconds`` (on the line's clock, from the first request to the last
            answer), ``rate`` (pictures a second), ``baud``, ``bytes`` (of the answers, as they lie
            on the line), ``share`` (of the line's time from board to host that they fill) and
            ``repeats`` (requests sent again).
        """
        return {
            "pictures": self.taken,
            "seconds": round(self._seconds, 6),
            "rate": round(self.taken / self._seconds, 3),
            "baud": self.link.baud,
            "bytes": self._bytes,
            "share": round(self._bytes * BYTE_BITS / self.link.baud / self._seconds, 4),
            "repeats": self._repeats,
        }
