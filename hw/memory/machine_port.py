# SPDX-License-Identifier: Apache-2.0
"""What a machine has of a memory outside: it reads its weights, and writes those of a load."""

from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.memory.phy import PHASES

BURST = 256  # words of a request: what a stop must wait for, beside those that wait


def burst_layout(depth):
    """Return the layout of a request for words of a memory of `depth` words."""
    return data.StructLayout({"address": range(depth), "words": range(BURST + 1)})


def machine_port(bus, depth):
    """Return the signature of the port, from the machine's side.

    Parameters
    ----------
    bus, depth : int
        Bits of a word, and how many words the machine knows of.

    Members
    -------
    request : Out(stream.Signature(burst_layout(depth))), word : In(stream.Signature(bus))
        Words are asked for, and come in order.
    write : Out(stream.Signature(StructLayout({"address": range(depth), "data": bus})))
    write_pending : In(1)
        Words of it are on their way to the memory.
    ready, failed, window, phase : In
        As of :class:`hw.memory.external_memory.ExternalMemory`.
    """
    word = data.StructLayout({"address": range(depth), "data": bus})
    return wiring.Signature(
        {
            "request": Out(stream.Signature(burst_layout(depth))),
            "word": In(stream.Signature(bus)),
            "write": Out(stream.Signature(word)),
            "write_pending": In(1),
            "ready": In(1),
            "failed": In(1),
            "window": In(PHASES),
            "phase": In(range(PHASES)),
        }
    )


def join(m, memory, port):
    """Join a machine's port to the ports 0 of a memory that has as many words or more.

    Parameters
    ----------
    m : Module
    memory : hw.memory.external_memory.ExternalMemory
    port : machine_port, from the machine's side
    """
    request, write, word = port.request, port.write, port.word
    m.d.comb += [
        memory.i_read0.valid.eq(request.valid),
        memory.i_read0.p.address.eq(request.p.address),
        memory.i_read0.p.words.eq(request.p.words),
        request.ready.eq(memory.i_read0.ready),
        word.valid.eq(memory.o_read0.valid),
        word.p.eq(memory.o_read0.p),
        memory.o_read0.ready.eq(word.ready),
        memory.i_write0.valid.eq(write.valid),
        memory.i_write0.p.address.eq(write.p.address),
        memory.i_write0.p.data.eq(write.p.data),
        write.ready.eq(memory.i_write0.ready),
        port.write_pending.eq(memory.write_pending0),
        *(
            getattr(port, name).eq(getattr(memory, name))
            for name in ("ready", "failed", "window", "phase")
        ),
    ]
