# SPDX-License-Identifier: Apache-2.0
"""A pseudo-terminal that plays a board."""

import os
import select
import threading
import tty

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
    return (latents * 31)[: protocol.PICTURE_SIZE]


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


def once(make, *, at):
    """Respond well but to the request number `at`, which gets the bytes `make(request)`."""
    return lambda request, n: make(request) if n == at else answer(request).encode()
