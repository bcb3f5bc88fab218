# SPDX-License-Identifier: Apache-2.0
"""The desk: one maker of pictures in a thread of its own, one page at a time in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from golden.model_file import Model
from support.failures import CheckFailed, InputError

TURN = 1.0  # seconds that a page waits for the one before it: the same page, loaded anew
CLOSING = 3.0  # seconds that the maker has to end and to close its line


@dataclass(frozen=True)
class Request:
    """A picture that a page asks for.

    Attributes
    ----------
    page : object
        Has `leaves`, whether it wants no more, and four methods, called in the event loop:
        `arrived(request, picture, counters)`, `failed(request, sentence)`, `gone(sentence)` and
        `loading(has, size)`.
    number : int
        The page's own.
    latent : int8 array, shape (latent,)
    model : golden.model_file.Model
        What the page was told that the maker draws from.
    """

    page: object
    number: int
    latent: np.ndarray
    model: Model


@dataclass(frozen=True)
class Load:
    """A model that a page wants in the board: its name, and its file's bytes or None."""

    page: object
    name: str
    contents: bytes | None
    outcome: asyncio.Future


class Desk:
    """Hand a page's requests to a maker of pictures, and its pictures to the page.

    Parameters
    ----------
    maker : web.makers.Reference or web.makers.Board

    Attributes
    ----------
    maker : as above
    fault : asyncio.Future
        Has an exception where the thread ended by a fault of our own.

    Needs a running event loop.
    """

    def __init__(self, maker):
        self.maker = maker
        self._loop = asyncio.get_running_loop()
        self.fault = self._loop.create_future()
        self._turn = asyncio.Lock()
        self._jobs = queue.SimpleQueue()  # Request, Load, an opening (a future), or None: the end
        self._ending = threading.Event()
        # A silent board holds its thread up for long: the process may end without it.
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        self._thread.start()

    @contextlib.asynccontextmanager
    async def turn(self):
        """Yield whether it is the caller's turn; if so, it is until the caller leaves."""
        try:
            await asyncio.wait_for(self._turn.acquire(), TURN)
        except TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            self._turn.release()

    async def open(self):
        """Open the maker where it is closed.

        Returns
        -------
        dict, web.makers.Counters
            What its `look` says; what went over the line before.

        Raises
        ------
        InputError, CheckFailed
        """
        opening = self._loop.create_future()
        self._jobs.put(opening)
        return await opening

    def ask(self, request):
        """Take a request; its page is called when it is done."""
        self._jobs.put(request)

    async def load(self, page, name, contents):
        """Put a model into the board, when all that was asked before is done.

        The page is told how far it is. A load that has begun goes on though its page leaves.

        Returns
        -------
        dict, web.makers.Counters
            As :meth:`open`: what the board is now.
        str or None
            Why the load failed; the board may hold another model than before all the same.

        Raises
        ------
        InputError, CheckFailed
            The board is lost.
        """
        outcome = self._loop.create_future()
        self._jobs.put(Load(page, name, contents, outcome))
        return await outcome

    async def close(self):
        """End the thread, and close the maker; requests under way are given up."""
        self._ending.set()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join, CLOSING)

    def _call(self, function, *arguments):
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(function, *arguments)

    def _work(self):
        try:
            while (job := self._jobs.get()) is not None and not self._ending.is_set():
                if isinstance(job, asyncio.Future):
                    self._open(job)
                elif job.page.leaves:
                    continue
                elif isinstance(job, Load):
                    self._load(job)
                else:
                    self._draw(job)
            self.maker.close()
        except Exception as error:
            self._call(self.fault.set_exception, error)

    def _settle(self, future, method, value):
        def settle():
            if not future.done():  # its page may have left
                getattr(future, method)(value)

        self._call(settle)

    def _open(self, opening):
        try:
            self.maker.open()
            result = self.maker.look(), self.maker.counters()
        except (InputError, CheckFailed) as error:
            self._settle(opening, "set_exception", error)
            self.maker.close()
        else:
            self._settle(opening, "set_result", result)

    def _load(self, job):
        failure = None

        def progress(has, size):
            if self._ending.is_set():
                raise InputError("the server ends")
            self._call(job.page.loading, has, size)

        try:
            self.maker.load(job.name, job.contents, progress)
        except (InputError, CheckFailed) as error:
            failure = error
        except MemoryError:
            failure = InputError("there is not enough memory for this model")
        try:
            line = self.maker.look()
        except (InputError, CheckFailed) as error:
            job.page.leaves = True
            self._settle(job.outcome, "set_exception", failure or error)
            self.maker.close()
        else:
            result = line, self.maker.counters(), failure and str(failure)
            self._settle(job.outcome, "set_result", result)

    def _draw(self, first):
        """Draw a request and those that wait behind it, so that the line is never empty."""
        under_way = deque()
        page = first.page
        try:
            for picture in self.maker.pictures(self._latents(first, under_way)):
                self._call(page.arrived, under_way.popleft(), picture, self.maker.counters())
                if self._ending.is_set():
                    return
        except (InputError, CheckFailed) as error:
            page.leaves = True  # what waits is not asked of a line that is gone
            self._call(page.gone, str(error))
            self.maker.close()
        except MemoryError:
            for request in under_way:
                self._call(page.failed, request, "There is not enough memory for this picture.")

    def _latents(self, request, under_way):
        """Yield the latents of one page until none waits; note the requests in `under_way`."""
        page = request.page
        while True:
            under_way.append(request)
            yield request.latent
            try:
                request = self._jobs.get_nowait()
            except queue.Empty:
                return
            if page.leaves or not isinstance(request, Request) or request.page is not page:
                self._jobs.put(request)  # a load is its page's last job until it is over
                return
