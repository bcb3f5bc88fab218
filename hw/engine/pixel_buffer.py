# SPDX-License-Identifier: Apache-2.0
"""The pictures of two passes between the last layer and whoever takes the pixels."""

from amaranth import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hw.array import LANES
from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay

PHASES = 4  # of a stride of 2, y and x; also places in a block of 2 x 2 pixels
COLOURS = 3

WRITE_STAGES = 3  # registers in front of the banks
SEND_LATENCY = BlockRam.latency + 1 + 2  # from a read to the pixel: which bank, a FIFO
WAITING = 16  # pixels between the banks and the sink; half of them are on their way already

RGB = data.StructLayout({"r": 8, "g": 8, "b": 8})


class PixelBuffer(wiring.Component):
    """Collect a pass's pictures in the last layer's order, and send pixels row by row.

    A bank holds one place of each block of 2 x 2 pixels, so that the phases of a step go in at
    once. A pixel a cycle out, :attr:`latency` cycles after its row is complete at the earliest. A
    slow sink stalls nothing before two passes wait. Whether there is room in front of it is known a
    cycle late, from a register: no path leads from the sink to a bank.

    Parameters
    ----------
    lanes : int
        Output phases that can arrive at once: 1, 2 or 4.
    words : int
        Blocks of a pass's pictures.

    Members
    -------
    size, block_row, picture_words, pictures : In
        Pixels of a row less 1; blocks of a row, of a picture; pictures of a pass less 1.
    doubled, shifted : In(1)
        The last layer has stride 2; there odd phases lie a step of its grid behind even ones.
    planes : In(1)
        A slot is a plane of one picture; else a picture of its own.
    free : Out(1)
        There is room for a pass.
    take : In(1)
        A pass begins; only while `free`, which answers 3 cycles later.
    valid : In(1)
        `values` are a step's; the next members describe it (:func:`hw.engine.readout.step_layout`).
    spread, phase, slot, colour, inside_y, inside_x, block, y_odd, x_odd : In
    counts, ready : In(1), In(8)
        With this step so many rows of all pictures of the pass are complete.
    done : In(1)
        It is the last one of the pass.
    values : In(ArrayLayout(8, LANES))
    o : Out(stream.Signature(RGB))
        Row-major, picture after picture; grey ones have ``r`` alone.
    """

    latency = WRITE_STAGES + 1 + SEND_LATENCY  # whether the row is there, from a register

    def __init__(self, lanes, words):
        self.lanes, self.words = lanes, words
        block = range(max(2, words))
        super().__init__(
            {
                "size": In(7),
                "block_row": In(7),
                "picture_words": In(block),
                "pictures": In(2),
                "doubled": In(1),
                "shifted": In(1),
                "planes": In(1),
                "free": Out(1, init=1),
                "take": In(1),
                "valid": In(1),
                "spread": In(1),
                "phase": In(2),
                "slot": In(2),
                "colour": In(2),
                "inside_y": In(2),
                "inside_x": In(2),
                "block": In(block),
                "y_odd": In(1),
                "x_odd": In(1),
                "counts": In(1),
                "ready": In(8),
                "done": In(1),
                "values": In(data.ArrayLayout(8, LANES)),
                "o": Out(stream.Signature(RGB)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        write_pass, read_pass = Signal(), Signal()
        banks = self._banks(m, write_pass)

        passes = Signal(range(3))  # begun and not sent
        complete = Signal(range(3))  # written as a whole and not sent
        ready = Signal(8)  # rows of the pass that is being written
        taken = delay(m, self.take, 1, reset_less=False)
        counts = delay(m, self.counts & self.valid, WRITE_STAGES, reset_less=False)
        rows = delay(m, self.ready, WRITE_STAGES)
        written = delay(m, self.done & self.valid, WRITE_STAGES, reset_less=False)
        sent, was_sent = Signal(), Signal()
        with m.If(counts):
            m.d.sync += ready.eq(rows)
        with m.If(written):
            m.d.sync += [ready.eq(0), write_pass.eq(~write_pass)]
        m.d.sync += [
            self.free.eq(passes != 2),
            passes.eq(passes + taken - was_sent),
            complete.eq(complete + written - was_sent),
            was_sent.eq(sent),
        ]

        # The pixel to be read next, and where it lies.
        y, x, picture = Signal(7), Signal(7), Signal(2)
        at, line, picture_at = (Signal.like(self.block, name=f"at_{n}") for n in range(3))
        x_end, y_end, picture_end = Signal(), Signal(), Signal()
        room, read, row_sent = Signal(), Signal(), Signal()
        row_ok = Signal()
        row_there, next_there = Signal(), Signal()  # this row is, the one below; a cycle late
        m.d.comb += [
            read.eq(room & row_ok),
            row_sent.eq(read & x_end),
            sent.eq(row_sent & y_end & picture_end),
        ]
        whole = complete != was_sent
        m.d.sync += [
            row_there.eq(whole | (y < ready)),
            next_there.eq(whole | (y + 1 < ready)),
            row_ok.eq(row_ok | row_there),
            x_end.eq(x == self.size),
            y_end.eq(y == self.size),
            picture_end.eq(picture == self.pictures),
        ]
        with m.If(read):
            m.d.sync += [x.eq(x + 1), x_end.eq(x + 1 == self.size), at.eq(at + x[0])]
        below = Signal.like(line)
        m.d.comb += below.eq(line + Mux(y[0], self.block_row, 0))
        with m.If(row_sent):
            m.d.sync += [
                x.eq(0),
                x_end.eq(self.size == 0),
                y.eq(y + 1),
                y_end.eq(y + 1 == self.size),
                line.eq(below),
                at.eq(below),
                row_ok.eq(next_there),
                row_there.eq(0),
                next_there.eq(0),
            ]
            with m.If(y_end):  # the rows of all pictures of a pass are complete together
                m.d.sync += [
                    y.eq(0),
                    y_end.eq(self.size == 0),
                    picture.eq(picture + 1),
                    picture_end.eq(picture + 1 == self.pictures),
                    row_ok.eq(1),
                ]
                m.d.sync += [
                    each.eq(picture_at + self.picture_words) for each in (picture_at, line, at)
                ]
        with m.If(sent):
            m.d.sync += row_ok.eq(0)
        with m.If(was_sent):  # long before the next read
            m.d.sync += [each.eq(0) for each in (picture, picture_at, line, at)]
            m.d.sync += read_pass.eq(~read_pass)

        place = delay(m, Cat(x[0], y[0]), BlockRam.latency)
        pixel = Signal(RGB, reset_less=True)
        m.d.sync += pixel.eq(Array(bank.data for bank in banks)[place])
        m.d.comb += [bank.address.eq(Cat(at, read_pass)) for bank in banks]

        m.submodules.waiting = waiting = SyncFIFOBuffered(width=8 * COLOURS, depth=WAITING)
        m.d.sync += room.eq(waiting.level < WAITING // 2)
        m.d.comb += [
            waiting.w_en.eq(delay(m, read, BlockRam.latency + 1, reset_less=False)),
            waiting.w_data.eq(pixel),
            self.o.valid.eq(waiting.r_rdy),
            self.o.p.eq(waiting.r_data),
            waiting.r_en.eq(self.o.ready),
        ]
        return m

    def _banks(self, m, write_pass):
        """Add the banks, and write each step's pixels to them; return them."""
        lanes = self.lanes

        # First stage: which banks and colours, and where in the slot's picture.
        colour = Mux(self.planes, self.slot, self.colour)
        colours = delay(m, (1 << colour)[:COLOURS] & self.valid.replicate(COLOURS), 1,
                        reset_less=False)  # fmt: skip
        values, spread = delay(m, self.values, 1), delay(m, self.spread, 1)
        offset = Signal.like(self.block, reset_less=True)
        with m.If(self.planes):
            m.d.sync += offset.eq(0)
        with m.Else():
            m.d.sync += offset.eq(
                Mux(self.slot[0], self.picture_words, 0)
                + Mux(self.slot[1], self.picture_words << 1, 0)
            )
        banks = []
        for place in range(PHASES):
            odd_y, odd_x = divmod(place, 2)
            m.submodules[f"bank_{place}"] = bank = BlockRam(
                8 * COLOURS, 2 << len(self.block), lanes=COLOURS
            )
            of_phase = Mux(self.spread, self.phase // lanes == place // lanes, self.phase == place)
            wanted, block = Signal(), Signal.like(self.block, reset_less=True)
            with m.If(self.doubled):
                m.d.sync += wanted.eq(of_phase & self.inside_y[odd_y] & self.inside_x[odd_x])
            with m.Else():
                m.d.sync += wanted.eq(
                    (self.y_odd == odd_y)
                    & (self.x_odd == odd_x)
                    & self.inside_y[0]
                    & self.inside_x[0]
                )
            behind = Signal.like(self.block)
            if odd_y or odd_x:
                with m.If(self.doubled & self.shifted):
                    m.d.comb += behind.eq((self.block_row if odd_y else 0) + odd_x)
            m.d.sync += block.eq(self.block - behind)

            # Second stage: the slot's picture. Third: the pass.
            address = Signal.like(self.block, reset_less=True)
            m.d.sync += address.eq(block + offset)
            value = Signal(8, reset_less=True)
            m.d.sync += value.eq(Mux(spread, values[place % lanes], values[0]))
            write_en = delay(m, colours & wanted.replicate(COLOURS), 1, reset_less=False)
            m.d.comb += [
                bank.write_address.eq(Cat(delay(m, address, 1), write_pass)),
                bank.write_data.eq(delay(m, value, 1).replicate(COLOURS)),
                bank.write_en.eq(delay(m, write_en, 1, reset_less=False)),
            ]
            banks.append(bank)
        return banks
