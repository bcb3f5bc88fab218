# SPDX-License-Identifier: Apache-2.0
"""The server of the page: its files, and a WebSocket to what makes the pictures.

It listens on this machine only. Any page of any site that is open in the same browser can send it
requests, though: it answers only those that name this server as their host, and opens its WebSocket
only for its own page.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import weakref

from aiohttp import web

from support.failures import InputError
from web.desk import Desk
from web.session import BUSY, MAX_MESSAGE, Session, say_goodbye

HOST = "127.0.0.1"
HEARTBEAT = 6.0  # seconds between pings; a page that is silent for half of it more is let go
HANDSHAKE = 2.0  # seconds that a page has to agree to a goodbye
IDLE = 10  # seconds that a connection may be open without a request
MAX_FIELD = 4096  # bytes of a request's first line, and of each of its header fields

CONTENT_TYPES = {
    "css": "text/css",
    "html": "text/html",
    "ico": "image/x-icon",
    "js": "text/javascript",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
MODEL_FILE = "model.safetensors"  # what draws now
WITHOUT_SERVER = b'<meta name="avatar-socket" content="">'
WITH_SERVER = b'<meta name="avatar-socket" content="socket">'


def bind(port):
    """Return a socket that is bound to a port of this machine; 0 is any free one.

    Raises
    ------
    InputError
        The port is out of range, in use or not ours; the message names it `http_port`.
    """
    if not 0 <= port <= 0xFFFF:
        raise InputError(f"http_port is {port}; give 1 to {0xFFFF}, or 0 for any free one")
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: "in use by another program",
            errno.EACCES: "not allowed for this user",
        }
        reason = reasons.get(error.errno, f"not to be had ({error.strerror})")
        raise InputError(
            f"http_port {port} is {reason}; give another, or 0 for any free one"
        ) from None


def address_of(listener):
    """Return the address of the page, as one types it into a browser."""
    return f"http://{HOST}:{listener.getsockname()[1]}/"


async def serve(listener, maker, files, started=lambda: None):
    """Serve the page until this is cancelled; then the maker of pictures is closed.

    Parameters
    ----------
    listener : socket.socket
        As :func:`bind` returns it; it is closed at the end.
    maker : web.makers.Reference or web.makers.Board
    files : dict of str to bytes
        The page's files by their names; `index.html` is the page.
    started : callable
        Called when the server answers.
    """
    desk = Desk(maker)
    try:
        async with _listening(listener, desk, _with_server(files)):
            started()
            await desk.fault
    finally:
        await desk.close()


@contextlib.asynccontextmanager
async def _listening(listener, desk, files):
    door = _Door(listener.getsockname()[1])
    sockets = weakref.WeakSet()

    async def converse(request):
        return await _converse(request, desk, sockets)

    async def file(request):
        return _file(request, files, desk.maker.file)

    async def let_go(_):
        ends = (each.close(code=1001, message=b"the server has ended") for each in list(sockets))
        await asyncio.gather(*ends)

    app = web.Application(middlewares=[door.guard])
    app.router.add_get("/socket", converse)
    app.router.add_get("/{name:.*}", file)
    app.on_shutdown.append(let_go)
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=HANDSHAKE,
        keepalive_timeout=IDLE,
        lingering_time=HANDSHAKE,
        max_line_size=MAX_FIELD,
        max_field_size=MAX_FIELD,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
        listener.close()


class _Door:
    """Let in only requests for this server, from its own page.

    A site whose name its owner points to 127.0.0.1 sends that name as the host. Other sites' pages
    send their own origin.
    """

    def __init__(self, port):
        self.hosts = {f"{name}:{port}" for name in (HOST, "localhost")}
        if port == 80:
            self.hosts |= {HOST, "localhost"}
        self.origins = {f"http://{host}" for host in self.hosts}

    @web.middleware
    async def guard(self, request, handler):
        """Refuse a request of another host or origin; give every answer its headers."""
        origin = request.headers.get("Origin")
        if request.headers.getall("Host", []) not in [[host] for host in self.hosts]:
            response = _refusal(421, "This server answers only under its own address.")
        elif origin not in self.origins and (origin is not None or request.path == "/socket"):
            response = _refusal(403, "Only this server's own page may ask for this.")
        else:
            try:
                response = await handler(request)
            except web.HTTPException as error:  # no such path, not GET
                response = _refusal(error.status, f"{error.reason}.")
        if not response.prepared:
            response.headers.update(HEADERS)
        return response


def _file(request, files, model):
    name = request.match_info["name"] or "index.html"
    if model is not None:
        files = {**files, MODEL_FILE: model.contents}
    if name not in files:
        return _refusal(404, "There is no such file.")
    content_type = CONTENT_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=files[name], content_type=content_type, charset=charset)


async def _converse(request, desk, sockets):
    page = web.WebSocketResponse(
        heartbeat=HEARTBEAT,
        timeout=HANDSHAKE,
        max_msg_size=MAX_MESSAGE + 1,  # of which aiohttp takes one less
        compress=False,
    )
    if not page.can_prepare(request):
        return _refusal(400, "Here is only the WebSocket of the page.")
    await page.prepare(request)
    sockets.add(page)
    with contextlib.suppress(ConnectionError, TimeoutError):  # the page left, or takes nothing
        async with desk.turn() as is_ours:
            if is_ours:
                await Session(page, desk).run()
            else:
                await say_goodbye(
                    page,
                    BUSY,
                    "busy",
                    "Another page has the board. Close that page, then connect again.",
                )
    return page


def _refusal(status, sentence):
    return web.Response(status=status, text=f"{sentence}\n")


def _with_server(files):
    """Return the files of a page that looks for its server."""
    page = files["index.html"]
    if page.count(WITHOUT_SERVER) != 1:
        raise ValueError(f"index.html does not hold {WITHOUT_SERVER.decode()} once")
    return {**files, "index.html": page.replace(WITHOUT_SERVER, WITH_SERVER)}
