# SPDX-License-Identifier: Apache-2.0
"""A pseudo-terminal, or a server, that plays a board."""

import contextlib
import os
import select
import socket
import threading
import tty

import serial
from serial.rfc2217 import PortManager

from hw.uart import protocol
from hw.uart.protocol import ANSWER, Frame, Request

FACTS = protocol.Facts(
    build_id=b"build-id",
    model_id=bytes.fromhex("c0dbdcdd00112233"),
    latent=100,
    channels=(8, 8, 8),
    weight_bits=(8, 8, 8, 8),
    clock_hz=8 * protocol.BAUD,
    macs_per_cycle=16,
)
STATUS = protocol.Status(ready=True, core_cycles=1, stalled_cycles=0)


def picture(latents):
    """Return the 3072 bytes that the played board makes of 100 bytes of latents."""
    return (latents * 31)[: protocol.PICTURE_BYTES]


def answer(request):
    """Return the good answer to a request."""
    if request.type == Request.INFO:
        payload = FACTS.pack() + STATUS.pack()
    elif request.type == Request.GENERATE:
        payload = picture(request.payload[protocol.ID_SIZE :])
    elif request.type == Request.SELF_TEST:
        payload = 2 * protocol.SUMS.pack(1, 2, 3, 4)
    else:
        payload = request.payload
    return Frame(request.type | ANSWER, request.tag, payload)


class PlayedBoard:
    """A thread behind a pseudo-terminal; `respond` turns the n-th request into bytes."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        self._start()

    def _start(self):
        self.respond = lambda request, n: answer(request).encode()
        self.requests = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        unstuffer = protocol.Unstuffer()
        while not self.ended.is_set():
            if not select.select([self.master], [], [], 0.02)[0]:
                continue
            for body in unstuffer.feed(os.read(self.master, 4096)):
                self.requests.append(Frame.decode(body))
                os.write(self.master, self.respond(self.requests[-1], len(self.requests)))

    def end(self):
        self.ended.set()
        self.thread.join()
        os.close(self.master)
        os.close(self.slave)


class PlayedServer(PlayedBoard):
    """The same behind a socket, for one connection."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.02)
        self.path = f"socket://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connection = None
        self._start()

    def _run(self):
        while self.connection is None and not self.ended.is_set():
            with contextlib.suppress(TimeoutError):
                self.connection, _ = self.listener.accept()
        if self.connection is not None:
            self.master = self.connection.fileno()
            super()._run()

    def hang_up(self):
        """End as a server that is stopped."""
        self.ended.set()
        self.thread.join()
        if self.connection is not None:
            self.connection.close()
        self.listener.close()

    end = hang_up


class _Terminal(serial.Serial):
    """A pseudo-terminal has no modem lines, which pyserial's server reads and sets."""

    cts = dsr = ri = cd = property(lambda self: False)

    def _update_dtr_state(self):
        pass

    _update_rts_state = _update_dtr_state


class Rfc2217Server:
    """Shares a played board as ``rfc2217://``, with pyserial's other end of that."""

    def __init__(self, board):
        self.line = _Terminal(board.path, timeout=0.01)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(5)
        self.path = f"rfc2217://127.0.0.1:{self.listener.getsockname()[1]}"
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("wb", buffering=0) as out:
            manager = PortManager(self.line, out)
            while not self.ended.is_set():
                if select.select([connection], [], [], 0)[0]:
                    data = connection.recv(4096)
                    if not data:
                        return
                    self.line.write(b"".join(manager.filter(data)))
                connection.sendall(b"".join(manager.escape(self.line.read(4096))))

    def end(self):
        self.ended.set()
        self.thread.join()
        self.listener.close()
        self.line.close()


def once(make, *, at):
    """Respond well but to the request number `at`, which gets the bytes `make(request)`."""
    return lambda request, n: make(request) if n == at else answer(request).encode()
