# SPDX-License-Identifier: Apache-2.0
"""Endpoints for Amaranth streams at the ports of a simulated top."""

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge


def _members(dut, stream):
    """Return the handles of payload, valid and ready, and the stream's own random generator."""
    handles = (getattr(dut, f"{stream}__{name}") for name in ("payload", "valid", "ready"))
    return *handles, np.random.default_rng([cocotb.RANDOM_SEED, *stream.encode()])


class StreamSource:
    """Send payloads, with a pause of random length before each with probability `stall`.

    Parameters
    ----------
    dut : handle
        Has ``<stream>__payload``, ``__valid`` and ``__ready``.
    stream : str
        Name of the stream.
    stall : float
        Probability that a beat is left out.
    """

    def __init__(self, dut, stream, *, stall=0.0):
        self.clk = dut.clk
        self.payload, self.valid, self.ready, self.rng = _members(dut, stream)
        self.stall = stall
        self.valid.value = 0

    async def send(self, payloads):
        """Send integers, one a transfer; returns when the last one is taken."""
        for payload in payloads:
            while self.stall and self.rng.random() < self.stall:
                await FallingEdge(self.clk)
            self.payload.value = payload
            self.valid.value = 1
            while True:
                await RisingEdge(self.clk)
                if self.ready.value:
                    break
                await RisingEdge(self.ready)  # idle cycles cost nothing
            await FallingEdge(self.clk)
            self.valid.value = 0


class StreamSink:
    """Receive payloads, refusing a beat with probability `stall`; assert that they hold till taken.

    Parameters are those of :class:`StreamSource`.
    """

    def __init__(self, dut, stream, *, stall=0.0):
        self.clk = dut.clk
        self.payload, self.valid, self.ready, self.rng = _members(dut, stream)
        self.stall = stall
        self.ready.value = 0

    async def recv(self, count, *, taken=lambda number: None):
        """Return `count` payloads as a list of int; `taken` is told the number of each, from 1."""
        received = []
        held = None
        while len(received) < count:
            if held is None and not self.valid.value:
                await RisingEdge(self.valid)  # idle cycles cost nothing
            await FallingEdge(self.clk)
            ready = not self.stall or self.rng.random() >= self.stall
            self.ready.value = int(ready)
            await RisingEdge(self.clk)
            if not self.valid.value:
                assert held is None, "valid fell before the transfer"
                continue
            payload = int(self.payload.value)
            assert held in (None, payload), "payload changed before the transfer"
            held = payload
            if ready:
                received.append(payload)
                taken(len(received))
                held = None
        await FallingEdge(self.clk)
        self.ready.value = 0
        return received
