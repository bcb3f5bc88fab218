# SPDX-License-Identifier: Apache-2.0
"""A pseudo-terminal, or a server, that plays a board."""

import contextlib
import dataclasses
import os
import select
import socket
import threading
import tty
import zlib

import serial
from serial.rfc2217 import PortManager

from golden.spec import GeneratorSpec
from hw.uart import protocol
from hw.uart.facts import CAPACITY_FIELDS, Info, Load, Machine, State, Status
from hw.uart.identity import ModelPart
from hw.uart.protocol import ANSWER, ERROR, OFFSET, ORDER, Error, Frame, Request

SPEC = GeneratorSpec.avatars((8, 8, 8), 8)
FACTS = ModelPart.of(SPEC, "c0dbdcdd00112233" + 48 * "7", (), ()).facts
MACHINE = Machine(
    build_id=b"build-id",
    capacity_id=b"capacity",
    clock_hz=8 * protocol.BAUD,
    macs_per_cycle=16,
    capacity=tuple(range(len(CAPACITY_FIELDS))),
)
STATUS = Status(State.POWER_UP, next=0, ready=True, core_cycles=1, stalled_cycles=0)
INFO = Info(MACHINE, Load(), FACTS, STATUS)
SUMS = (1, 2, 3, 4)


def sums(values):
    """Return four sums as they go over the wire: three hidden layers', and the picture's."""
    return protocol.SUMS.pack(*values[:3], 0, 0, 0, 0, values[3])


def picture(latents):
    """Return the 3072 bytes that the played board makes of 100 bytes of latents."""
    return (latents * 31)[: SPEC.picture_bytes]


def answer(request, info=INFO):
    """Return the good answer to a request."""
    if request.type == Request.INFO:
        payload = info.pack()
    elif request.type == Request.GENERATE:
        payload = picture(request.payload[protocol.ID_SIZE :])
    elif request.type == Request.SELF_TEST:
        payload = 2 * sums(SUMS)
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

    def vanish(self):
        """Go away as a board that is unplugged; not in the thread that responds."""
        self.ended.set()
        self.thread.join()
        os.close(self.master)
        self.master = os.open(os.devnull, os.O_RDWR)

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


class PlayedLoad:
    """The loads of a played board: its `respond`, with a memory.

    Attributes
    ----------
    info : Info
    facts : ModelFacts
        Of the model that a load brings.
    received : bytearray
        The image so far.
    accept : callable
        Of an image that came whole: whether the self-test passes.
    disturb : callable
        Takes request, number and the good answer's bytes; returns what is sent. None: the request
        never came.
    """

    def __init__(self, info=None, facts=FACTS):
        self.facts = facts
        self.info = info or dataclasses.replace(
            INFO, model=None, status=dataclasses.replace(STATUS, state=State.NO_MODEL)
        )
        self.received, self.last = bytearray(), None
        self.accept = lambda image: True
        self.disturb = lambda request, n, wire: wire
        self.lose = lambda request, n: False

    def __call__(self, request, n):
        if self.lose(request, n):
            return Frame(ERROR, protocol.NO_TAG, bytes([Error.BROKEN])).encode()
        return self.disturb(request, n, self._answer(request).encode())

    def reset(self):
        """Forget the load, as a board does that is reset."""
        self.received = bytearray()
        self._state(State.NO_MODEL)

    def _state(self, state):
        status = dataclasses.replace(self.info.status, state=state, next=len(self.received))
        model = self.facts if state in (State.POWER_UP, State.UPLOADED) else None
        self.info = dataclasses.replace(self.info, status=status, model=model)

    def _answer(self, request):
        def error(code, more=b""):
            return Frame(ERROR, request.tag, bytes([code]) + more)

        def good(payload):
            return Frame(request.type | ANSWER, request.tag, payload)

        loading = self.info.status.state == State.LOADING
        following = len(self.received)
        if request.type == Request.LOAD_BEGIN:
            capacity, *load = protocol.LOAD_BEGIN.unpack(request.payload)
            if capacity != self.info.machine.capacity_id:
                return error(Error.CAPACITY)
            self.received, self.last = bytearray(), None
            self.info = dataclasses.replace(self.info, load=Load(*load))
            self._state(State.LOADING)
            return good(OFFSET.pack(0))
        if request.type == Request.LOAD_DATA:
            if not loading:
                return error(Error.NO_LOAD)
            (offset,), data = OFFSET.unpack_from(request.payload), request.payload[OFFSET.size :]
            if offset not in (following, self.last):
                return Frame(ERROR, request.tag, ORDER.pack(Error.ORDER, following))
            if offset == following:
                self.last = offset
                self.received += data
                self._state(State.LOADING)
            return good(OFFSET.pack(len(self.received)))
        if request.type == Request.LOAD_END:
            if not loading and self.info.status.state != State.UPLOADED:
                return error(Error.NO_LOAD)
            if following < self.info.load.length:
                return Frame(ERROR, request.tag, ORDER.pack(Error.ORDER, following))
            if zlib.crc32(self.received) != self.info.load.crc:
                return error(Error.CRC)
            if not self.accept(bytes(self.received)):
                self._state(State.LOADING)
                return good(sums(SUMS) + sums((1, 2, 9, 4)))
            self._state(State.UPLOADED)
            return good(2 * sums(SUMS))
        if request.type == Request.GENERATE and self.info.model is None:
            return error(Error.NO_MODEL)
        return answer(request, self.info)


def once(make, *, at):
    """Respond well but to the request number `at`, which gets the bytes `make(request)`."""
    return lambda request, n: make(request) if n == at else answer(request).encode()
