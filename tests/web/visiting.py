# SPDX-License-Identifier: Apache-2.0
"""A server on a free port, in the test's own event loop, and a browser as far as it can tell."""

import asyncio
import contextlib
import json

import aiohttp

from web import server

FILES = {
    "index.html": b'<!doctype html><meta name="avatar-socket" content=""><title>Avatars</title>',
    "page.js": b"'use strict';",
}


class Visitor:
    """A browser, as far as the server can tell."""

    def __init__(self, session, port, server=None):
        self.session, self.port, self.server = session, port, server  # the last one's task
        self.own = f"http://127.0.0.1:{port}"

    def get(self, path, **headers):
        return self.session.get(f"{self.own}{path}", headers=headers)

    @contextlib.asynccontextmanager
    async def page(self, **headers):
        """Open the WebSocket as the server's own page does; yields a :class:`Page`."""
        headers = {"Origin": self.own, **headers}
        async with self.session.ws_connect(f"{self.own}/socket", headers=headers) as socket:
            yield Page(socket)


class Page:
    """The page's end of the WebSocket."""

    def __init__(self, socket):
        self.socket = socket

    async def ask(self, number, latent):
        await self.socket.send_bytes(number.to_bytes(4, "little") + latent.tobytes())

    async def load(self, name, contents=None, piece=1028):
        """Want a model in the board; bring its file where its bytes are given."""
        size = {} if contents is None else {"bytes": len(contents)}
        await self.socket.send_str(json.dumps({"type": "load", "name": name, **size}))
        for at in range(0, len(contents or b""), piece):
            await self.socket.send_bytes(contents[at : at + piece])

    async def hear(self, kind=None):
        """Return the next message, or the next one of a type; a picture with its bytes."""
        while True:
            message = await self.socket.receive(timeout=20)
            assert message.type is aiohttp.WSMsgType.TEXT, message
            said = json.loads(message.data)
            if said["type"] == "picture":
                said["bytes"] = await self.socket.receive_bytes(timeout=20)
            if kind in (None, said["type"]):
                return said

    async def close_code(self):
        """Wait until the server has closed the socket, and return the code."""
        while (message := await self.socket.receive(timeout=20)).type != aiohttp.WSMsgType.CLOSE:
            assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
        return message.data


@contextlib.asynccontextmanager
async def serving(maker):
    """Serve `FILES`, and yield a :class:`Visitor`."""
    listener = server.bind(0)
    port = listener.getsockname()[1]
    started = asyncio.Event()
    task = asyncio.create_task(server.serve(listener, maker, FILES, started.set))
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        await task
    async with aiohttp.ClientSession() as session:
        try:
            yield Visitor(session, port, task)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def run(scenario, limit=60):
    """Run a test's coroutine, for so many seconds at the most."""
    asyncio.run(asyncio.wait_for(scenario, limit))
