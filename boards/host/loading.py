# SPDX-License-Identifier: Apache-2.0
"""Put a model into a board: its image, frame after frame, taken up where a load was broken off."""

import zlib
from collections import deque

from boards.host.exchange import TRIES, WINDOW, Failed, Refused
from hw.uart import protocol
from hw.uart.facts import Load, State
from hw.uart.protocol import LOAD_BEGIN, MAX_DATA, OFFSET, Error, Request
from support.failures import InputError

BEGINNINGS = 3  # of one load: a board may be reset in the middle of it


class Loading:
    """One load, until the board has tested itself.

    Parameters
    ----------
    exchange : boards.host.exchange.Exchange
    image : bytes
        As :func:`hw.image.image` makes it.
    model_id : bytes, 8 long
    progress : callable
        Called with how many more bytes the board has.
    """

    def __init__(self, exchange, image, model_id, progress):
        self.exchange, self.image, self.progress = exchange, image, progress
        self.load = Load(len(image), zlib.crc32(image), model_id)
        self.taken = 0  # bytes that the board has
        self._told = 0

    def run(self, info, *, before, behind):
        """Send what the board lacks, and let it test itself.

        Parameters
        ----------
        info : hw.uart.facts.Info
            Of now.
        before, behind : float
            Seconds that the board may be silent before the load, while it draws for a host that
            went away; and behind it, for the self-test.

        Returns
        -------
        bytes
            The payload of the answer to `LOAD_END`.
        int
            Bytes that were on the board already, of a load broken off before.

        Raises
        ------
        InputError
        """
        taken_up = 0
        begun = info.status.state == State.LOADING and info.load == self.load
        if begun:
            self._have(info.status.next)
            taken_up = self.taken
        for attempt in range(1, BEGINNINGS + 1):
            try:
                if not begun:
                    self._begin(before)
                return self._finish(behind), taken_up
            except Refused as refusal:
                if refusal.code not in (Error.NO_LOAD, Error.CRC):
                    raise
                if attempt == BEGINNINGS:
                    raise InputError(
                        f"{refusal}, {BEGINNINGS} times in a row; does another program load this "
                        "board, too, or is its supply weak?"
                    ) from refusal
                begun, taken_up = False, 0

    def _begin(self, compute):
        load = self.load
        machine_id = self.image[: protocol.ID_SIZE]
        payload = LOAD_BEGIN.pack(machine_id, load.length, load.crc, load.model_id)
        self.exchange.ask(Request.LOAD_BEGIN, payload, size=OFFSET.size, compute=compute)
        self._have(0)

    def _finish(self, compute):
        """Send all that the board lacks; return what its self-test gives."""
        for _ in range(TRIES):
            self._send_data()
            try:
                size = protocol.SELF_TEST_ANSWER.size
                return self.exchange.ask(Request.LOAD_END, size=size, compute=compute)
            except Refused as refusal:
                if refusal.code != Error.ORDER:
                    raise
                self._have(refusal.offset)
        raise InputError(
            f"{self.exchange.port}: the board lacks a part of the image again and again; is "
            "another program loading it, too?"
        )

    def _have(self, offset):
        """Note that the board has all before `offset`."""
        self.taken = min(offset, len(self.image))
        if self.taken > self._told:
            self.progress(self.taken - self._told)
            self._told = self.taken

    def _send_data(self):
        """Send the image from where the board is, with `WINDOW` frames under way.

        Each answer tells what the board has; after anything else all is sent again from there.
        """
        exchange, tags = self.exchange, deque()
        at = most = self.taken
        failures = 0  # since the board had more than ever before
        while self.taken < len(self.image):
            try:
                while len(tags) < WINDOW and at < len(self.image):
                    data = self.image[at : at + MAX_DATA]
                    tags.append(exchange.send(Request.LOAD_DATA, OFFSET.pack(at) + data))
                    at += len(data)
                payload = exchange.await_answer(Request.LOAD_DATA, tags[0], size=OFFSET.size)
                tags.popleft()
                self._have(OFFSET.unpack(payload)[0])
                if self.taken > most:
                    most, failures = self.taken, 0
                continue
            except Refused as refusal:
                if refusal.code != Error.ORDER:
                    raise
                self._have(refusal.offset)
                failure = Failed(f"it expects byte {refusal.offset} of the image next")
            except Failed as failed:
                failure = failed
            failures = 0 if self.taken > most else failures + 1
            most = max(most, self.taken)
            if failures == TRIES:
                raise exchange.gave_up(failure) from failure
            exchange.repeats += len(tags)
            tags.clear()
            at = self.taken
