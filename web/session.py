# SPDX-License-Identifier: Apache-2.0
"""One page's conversation with the server, over its WebSocket: `socket.md` is this in prose."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import numpy as np
from aiohttp import WSMsgType

from golden.generator import generate
from support.failures import CheckFailed, InputError
from web.desk import Request
from web.upload import MOST_BYTES, NoUpload, Upload, wish

WINDOW = 16  # requests under way: a line at 3,000,000 baud empties them in a sixth of a second
BACKLOG = 64  # messages that wait for a page before its own wait
NUMBER_BYTES = 4
MAX_MESSAGE = NUMBER_BYTES + 1024  # of a page: a request for the longest latent
SENDING = 10.0  # seconds that a page has to take an answer
REST = 0.05  # seconds between two comparisons: the line has the processor first
SILENCE = 5  # seconds without a picture before the page is told that it still has to wait
STEP = 0.1  # seconds between two words of how far a load is

BUSY, GONE = 4000, 4001  # close codes


@dataclass(frozen=True)
class _Goodbye:
    """The last message, after which the socket is closed."""

    code: int
    sentence: str
    type: str


class Session:
    """Talk to one page, whose turn it is.

    Parameters
    ----------
    socket : aiohttp.web.WebSocketResponse
        Prepared.
    desk : web.desk.Desk

    Attributes
    ----------
    leaves : bool
        The page wants no more pictures.
    """

    def __init__(self, socket, desk):
        self.socket, self.desk = socket, desk
        self.leaves = False
        self._loop = asyncio.get_running_loop()
        self._out = asyncio.Queue()
        self._under_way = 0
        self._heard = self._loop.time()
        self._begin = None
        self._model = None  # what the page was told that draws
        self._unchecked = None  # the newest picture, and its request
        self._arrival = asyncio.Event()
        self._upload = None  # a model file of which pieces are missing
        self._wishes = asyncio.Queue()  # uploads that are whole
        self._loading = False
        self._told = 0.0  # when the page last heard how far a load is

    async def run(self):
        """Talk until the page leaves, falls silent, or the maker of pictures is gone."""
        parts = [self._receive(), self._send(), self._watch()]
        if self.desk.maker.kind != "golden":
            parts += [self._check(), self._load()]
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.leaves = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    # Called by the desk, in the event loop

    def arrived(self, request, picture, counters):
        """Answer a request."""
        self._settled()
        head = {"type": "picture", "id": request.number, **counters.since(self._begin)}
        self._out.put_nowait((head, picture.tobytes()))
        self._unchecked = request, picture
        self._arrival.set()

    def failed(self, request, sentence):
        """Say that a request failed; the next may work."""
        self._settled()
        self._complain(sentence, request.number)

    def gone(self, reason):
        """Say that the maker of pictures is gone, and end."""
        sentence = f"{self.desk.maker.loss} What happened: {reason}"
        self._out.put_nowait(_Goodbye(GONE, sentence, "gone"))

    def loading(self, has, size):
        """Say how many bytes of a model's image the board has."""
        now = self._loop.time()
        if not self._under_way:
            self._under_way = 1  # until the load is over, so that the page is told if it takes long
        if has in (0, size) or now >= self._told + STEP:
            self._told = now
            self._out.put_nowait(({"type": "loading", "has": has, "size": size},))
        self._heard = now

    # The tasks of a conversation

    async def _receive(self):
        """Open the maker, then take requests."""
        self._under_way = 1  # the opening, so that the page is told if it takes long
        try:
            line, self._begin = await self.desk.open()
        except (InputError, CheckFailed) as error:
            self.gone(str(error))
            await asyncio.Event().wait()  # until this is sent
        self._settled()
        self._greet(line)
        async for message in self.socket:
            while self._out.qsize() > BACKLOG:  # a page that asks, and does not listen
                await asyncio.sleep(0.05)
            if message.type is not WSMsgType.BINARY:
                self._wish(message.data)
            elif self._upload is not None:
                self._bring(data=message.data)
            else:
                self._take(message.data)

    def _wish(self, text):
        """Take a message that wants a model in the board."""
        said = wish(text)
        if said is None:
            self._complain("The server takes binary messages and `load` only; load the page again.")
        elif self._loading:
            self._complain("A model is being loaded already; wait until the board has it.")
        elif self.desk.maker.kind == "golden":
            self._loaded("The reference draws here; start `avatar web --port PORT` for a board.")
        else:
            self._bring(said=said)

    def _bring(self, *, said=None, data=b""):
        """Take the beginning of an upload, or its next piece; when it is whole, it is loaded."""
        upload, self._upload = self._upload, None
        try:
            if said is not None:
                upload = Upload(said)
            else:
                upload.take(data)
        except NoUpload as error:
            self._loaded(str(error))
            return
        if upload.missing:
            self._upload = upload
        else:
            self._loading = True
            self._wishes.put_nowait(upload)

    def _loaded(self, sentence):
        """Say that a load is over: why it failed, or None."""
        self._out.put_nowait(({"type": "loaded", "sentence": sentence},))

    def _take(self, data):
        if self._model is None or self._loading:
            why = "A model is being loaded" if self._loading else "The board holds no model"
            number = int.from_bytes(data[:NUMBER_BYTES], "little")
            self._complain(f"{why}; ask again when the board has one.", number)
            return
        latent = self._model.spec.latent
        if len(data) != NUMBER_BYTES + latent:
            self._complain(
                f"A request has {len(data)} bytes, but this model's have {NUMBER_BYTES + latent}; "
                "load the model of the server into the page."
            )
            return
        number = int.from_bytes(data[:NUMBER_BYTES], "little")
        if self._under_way == WINDOW:
            self._complain(f"More than {WINDOW} requests are under way; wait for answers.", number)
            return
        if not self._under_way:
            self._heard = self._loop.time()
        self._under_way += 1
        latents = np.frombuffer(data, np.int8, offset=NUMBER_BYTES)
        self.desk.ask(Request(self, number, latents, self._model))

    async def _load(self):
        """Put the models that the page wants into the board, one after the other."""
        while True:
            upload = await self._wishes.get()
            try:
                line, begin, failure = await self.desk.load(self, upload.name, upload.contents)
            except (InputError, CheckFailed) as error:
                self.gone(str(error))
                await asyncio.Event().wait()  # until this is sent
            self._loading, self._under_way, self._begin = False, 0, begin
            self._greet(line)
            self._loaded(failure)

    async def _send(self):
        """Send what waits, one answer whole after the other."""
        while True:
            answer = await self._out.get()
            async with asyncio.timeout(SENDING):
                if isinstance(answer, _Goodbye):
                    await say_goodbye(self.socket, answer.code, answer.type, answer.sentence)
                    return
                head, *pictures = answer
                await self.socket.send_str(json.dumps(head))
                for picture in pictures:
                    await self.socket.send_bytes(picture)

    async def _watch(self):
        """Tell the page where a picture takes long; once for each."""
        told = None
        while True:
            await asyncio.sleep(SILENCE / 5)
            seconds = int(self._loop.time() - self._heard)
            if self._under_way and seconds >= SILENCE and told != self._heard:
                told = self._heard
                sentence = self.desk.maker.silence.format(seconds=seconds)
                self._out.put_nowait(({"type": "wait", "sentence": sentence},))

    async def _check(self):
        """Compare pictures with the reference, always the newest: while it computes, others come.

        So no line waits for the reference, and the last picture of all is always compared.
        """
        while True:
            await self._arrival.wait()
            self._arrival.clear()
            request, picture = self._unchecked
            wanted = await asyncio.to_thread(generate, request.model, request.latent[None])
            differs = first_difference(picture, wanted[0])
            self._out.put_nowait(({"type": "check", "id": request.number, "differs": differs},))
            await asyncio.sleep(REST)

    def _greet(self, line):
        """Tell the page what makes its pictures from now on."""
        maker = self.desk.maker
        file = maker.file
        self._model = file and file.model
        spec = file and file.model.spec
        hello = {
            "type": "hello",
            "kind": maker.kind,
            "model": file and file.model.digest,
            "name": file and file.name,
            "latent": spec and spec.latent,
            "size": spec and spec.size,
            "colours": spec and spec.colours,
            "window": WINDOW,
            "most_bytes": None if maker.kind == "golden" else MOST_BYTES,
            **line,
        }
        self._out.put_nowait((hello,))

    def _settled(self):
        self._under_way -= 1
        self._heard = self._loop.time()

    def _complain(self, sentence, number=None):
        self._out.put_nowait(({"type": "error", "id": number, "sentence": sentence},))


async def say_goodbye(socket, code, kind, sentence):
    """Send the last message, and close the socket."""
    await socket.send_str(json.dumps({"type": kind, "sentence": sentence}))
    await socket.close(code=code)


def first_difference(picture, wanted):
    """Return where a picture first differs from the one that is wanted, in row-major order.

    Parameters
    ----------
    picture, wanted : uint8 arrays, shape (size, size, colours)

    Returns
    -------
    dict or None
        ``y``, ``x``, ``channel``, and what stands there: ``is`` and ``wanted``.
    """
    where = np.argwhere(picture != wanted)
    if not len(where):
        return None
    y, x, channel = where[0].tolist()
    return {
        "y": y,
        "x": x,
        "channel": channel,
        "is": int(picture[y, x, channel]),
        "wanted": int(wanted[y, x, channel]),
    }
