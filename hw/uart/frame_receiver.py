# SPDX-License-Identifier: Apache-2.0
"""Body bytes to proven requests."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hw.primitives.block_ram import BlockRam
from hw.primitives.crc32 import RESIDUE, Crc32
from hw.primitives.delay import delays
from hw.uart.protocol import BYTE_TIMEOUT, CRC, HEAD, MAX_REQUEST, Error
from hw.uart.slip import EVENT
from hw.uart.timeout import Timeout

DEPTH = 2048  # one block RAM: a frame of a load is carried out while the next arrives
LENGTH_SIZE = 2  # bytes before a request that say how long its payload is
WAITING = 16  # bytes behind the memory; half of them are on their way already


class FrameReceiver(wiring.Component):
    """Keep each frame until its CRC is proven, then hand it on; drop every other one.

    Bytes go into a ring buffer, behind what was handed on; a good frame moves the hand-on mark,
    a bad one only takes the write position back to it. So nothing of a bad frame is ever seen.
    A request leaves as its payload's length (two bytes), version, type, tag (two bytes) and
    payload, one byte a cycle, beginning 8 cycles after its END. Bytes are read ahead into a FIFO:
    no path leads from the reader's ready to an address of the memory.

    Members
    -------
    i : In(stream.Signature(EVENT, always_ready=True))
        From :class:`hw.uart.slip.Decoder`, at most one event in 4 cycles.
    divisor : In(16)
        Clocks a bit, for the inter-byte time-out.
    o : Out(stream.Signature(8))
        Proven requests.
    o_error : Out(stream.Signature(8))
        A frame was dropped: `BROKEN`, or `BUSY` where the buffer was full. Holds one notice;
        the next ones are lost until it is taken.
    good, bad : Out(1)
        One cycle a frame, as it ends.
    clear : Out(1)
        One cycle when the time-out ends a frame: the decoder forgets it too.
    active : Out(1)
        Inside a frame, or requests wait.
    """

    i: In(stream.Signature(EVENT, always_ready=True))
    divisor: In(16)
    o: Out(stream.Signature(8))
    o_error: Out(stream.Signature(8))
    good: Out(1)
    bad: Out(1)
    clear: Out(1)
    active: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = Crc32()
        m.submodules.timeout = timeout = Timeout(BYTE_TIMEOUT)
        m.submodules.ring = ring = BlockRam(8, DEPTH, [])
        m.submodules.ahead = ahead = SyncFIFOBuffered(width=8, depth=WAITING)

        start = Signal(range(DEPTH))  # hand-on mark; the length of the frame under way goes there
        second = Signal(range(DEPTH), init=1)  # behind it
        position = Signal(range(DEPTH), init=LENGTH_SIZE)
        count = Signal(range(MAX_REQUEST + 1))  # bytes of the frame under way
        spoilt = Signal()
        full = Signal()
        begun, too_long, no_room = Signal(), Signal(), Signal()  # settled when the next event comes

        head = Signal(range(DEPTH))  # of the next byte for `o`
        room = Signal(range(DEPTH), init=DEPTH - LENGTH_SIZE)  # for the body of a frame
        m.d.sync += [
            begun.eq((count != 0) | spoilt),
            room.eq(head - start - LENGTH_SIZE),
            second.eq(start + 1),
            no_room.eq(room <= count),
            too_long.eq(count == MAX_REQUEST),
        ]

        event, byte = self.i.valid, self.i.p
        end = Signal()
        over = Signal()  # the cycle after an end: long before the next event
        proven = Signal()
        length = Signal(range(MAX_REQUEST + 1))  # of the payload, where the frame is good
        high, granted = Signal(8), Signal()
        m.d.sync += [
            length.eq(count - (HEAD.size + CRC.size)),
            over.eq(end | self.clear),
            proven.eq(~spoilt & (crc.crc == RESIDUE) & (count >= HEAD.size + CRC.size)),
        ]
        m.d.comb += [
            timeout.divisor.eq(self.divisor),
            timeout.restart.eq(event | ~begun),
            end.eq(event & byte.end),
            self.clear.eq(timeout.expired & ~event),
            self.good.eq(end & ~byte.bad & proven),
            self.bad.eq(((end & (begun | byte.bad)) & ~self.good) | self.clear),
            crc.data.eq(byte.data),
            crc.clear.eq(over),
            ring.write_data.eq(Mux(over, high, Mux(end, length[:8], byte.data))),
            ring.write_address.eq(Mux(over, second, Mux(end, start, position))),
        ]

        with m.If(self.o_error.valid & self.o_error.ready):
            m.d.sync += self.o_error.valid.eq(0)

        with m.If(event & ~byte.end & ~spoilt):
            with m.If(byte.bad | too_long):
                m.d.sync += spoilt.eq(1)
            with m.Elif(no_room):
                m.d.sync += [spoilt.eq(1), full.eq(1)]
            with m.Else():
                m.d.comb += [ring.write_en.eq(1), crc.en.eq(1)]
                m.d.sync += [position.eq(position + 1), count.eq(count + 1)]

        with m.If(self.good):
            m.d.comb += ring.write_en.eq(1)
            m.d.sync += [start.eq(position - CRC.size), high.eq(length[8:]), granted.eq(1)]
        with m.If(granted):  # the cycle after: `second` has not followed `start` yet
            m.d.comb += ring.write_en.eq(1)
            m.d.sync += granted.eq(0)
        with m.If(self.bad & ~self.o_error.valid):
            m.d.sync += [
                self.o_error.valid.eq(1),
                self.o_error.p.eq(Mux(full, Error.BUSY, Error.BROKEN)),
            ]
        with m.If(over):
            m.d.sync += [position.eq(start + LENGTH_SIZE), count.eq(0), spoilt.eq(0), full.eq(0)]

        go, fetch = Signal(), Signal()
        fetched = delays(m, fetch, BlockRam.latency, reset_less=False)
        m.d.sync += go.eq(ahead.level < WAITING // 2)
        with m.If(fetch):
            m.d.sync += head.eq(head + 1)
        m.d.comb += [
            fetch.eq(go & (head != start)),
            ring.address.eq(head),
            ahead.w_en.eq(fetched[-1]),
            ahead.w_data.eq(ring.data),
            self.o.p.eq(ahead.r_data),
            self.o.valid.eq(ahead.r_rdy),
            ahead.r_en.eq(self.o.ready),
            self.active.eq(
                (count != 0)
                | spoilt
                | (head != start)
                | Cat(fetched).any()
                | (ahead.level != 0)
                | self.o_error.valid
            ),
        ]

        return m
