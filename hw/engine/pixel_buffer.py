# SPDX-License-Identifier: Apache-2.0
"""Two pictures between layer 4 and whoever takes the pixels."""

from amaranth import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.tap_combiner import RASTER_STEPS
from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay
from hw.tiling import LANES, PHASES, PICTURE_SIZE, PLANES

BLOCKS = PICTURE_SIZE // 2  # a block is 2 x 2 pixels, one of each phase

RGB = data.StructLayout({"r": 8, "g": 8, "b": 8})


class PixelBuffer(wiring.Component):
    """Collect planes in layer 4's order, and send pixels row by row, R, G and B together.

    A pixel a cycle out, :attr:`latency` cycles after its row is complete at the earliest. A slow
    sink stalls nothing before two pictures wait.

    Parameters
    ----------
    phases : int
        Output phases that arrive at once: 1, 2 or 4.

    Members
    -------
    free : Out(1)
        There is room for a picture.
    take : In(1)
        A picture begins; only while `free`, which answers 3 cycles later.
    valid : In(1)
        `values` are a step of :class:`hw.engine.tap_combiner.TapCombiner`, at `group`, `plane`,
        `y`, `x`.
    group, plane, y, x : In
    values : In(ArrayLayout(8, LANES))
    o : Out(stream.Signature(RGB))
        Row-major.
    """

    latency = 2 + BlockRam.latency + 1  # two registers before the banks, one behind

    def __init__(self, phases):
        self.phases = phases
        super().__init__(
            {
                "free": Out(1, init=1),
                "take": In(1),
                "valid": In(1),
                "group": In(2),
                "plane": In(2),
                "y": In(range(RASTER_STEPS)),
                "x": In(range(RASTER_STEPS)),
                "values": In(data.ArrayLayout(8, LANES)),
                "o": Out(stream.Signature(RGB)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        write_picture, read_picture = Signal(), Signal()
        pictures = Signal(range(3))  # begun and not sent
        rows = Signal(range(2 * PICTURE_SIZE + 1))  # complete and not sent
        y, x = Signal(range(PICTURE_SIZE)), Signal(range(PICTURE_SIZE))
        x_end, y_end = Signal(), Signal()  # `x` is its last, `y` is
        step, read = Signal(), Signal()

        # Compared before the first register, so that one LUT a bank is left behind it.
        def inside(at):
            """Whether an even phase, an odd one has a pixel there."""
            return Cat(at != RASTER_STEPS - 1, at != 0)

        planes = (1 << self.plane)[:PLANES] & self.valid.replicate(PLANES)
        planes = delay(m, planes, 1, reset_less=False)
        group = delay(m, Cat(self.group == n for n in range(PHASES // self.phases)), 1)
        in_y, in_x = delay(m, inside(self.y), 1), delay(m, inside(self.x), 1)
        at_y, at_x, values = (delay(m, each, 1) for each in (self.y, self.x, self.values))
        outputs = []
        for phase in range(PHASES):
            m.submodules[f"bank_{phase}"] = bank = BlockRam(8 * PLANES, 2 * BLOCKS**2, lanes=PLANES)
            own_group, lane = divmod(phase, self.phases)
            odd_y, odd_x = phase >> 1, phase & 1
            write = group[own_group] & in_y[odd_y] & in_x[odd_x]
            write_en = planes & write.replicate(PLANES)
            block = Cat((at_x - odd_x)[:4], (at_y - odd_y)[:4])
            m.d.comb += [
                bank.write_address.eq(Cat(delay(m, block, 1), write_picture)),
                bank.write_data.eq(delay(m, values[lane], 1).replicate(PLANES)),
                bank.write_en.eq(delay(m, write_en, 1, reset_less=False)),
                bank.address.eq(Cat(x[1:], y[1:], read_picture)),
                bank.en.eq(step),
            ]
            outputs.append(bank.data)

        row_end = planes[PLANES - 1] & group[-1] & ~in_x[0]
        picture_done = delay(m, row_end & ~in_y[0], 1, reset_less=False)
        completed = Mux(in_y.all(), 2, 1) & row_end.replicate(2)
        in_rows = delay(m, completed, 1, reset_less=False)
        less_one = delay(m, completed - 1, 1)  # beside it: an adder, not two in a row
        with m.If(picture_done):
            m.d.sync += write_picture.eq(~write_picture)

        row_sent, picture_sent = Signal(), Signal()
        stage = data.StructLayout({"valid": 1, "phase": 2})
        latched, fetched = Signal(stage), Signal(stage)  # in the banks' latches, their registers
        m.d.comb += [
            step.eq(self.o.ready | ~self.o.valid),
            read.eq(step & (rows != 0)),
            row_sent.eq(read & x_end),
            picture_sent.eq(row_sent & y_end),
        ]
        taken = Signal()
        m.d.sync += [
            self.free.eq(pictures != 2),
            taken.eq(self.take),
            rows.eq(Mux(row_sent, rows + less_one, rows + in_rows)),  # `row_sent` comes late
            pictures.eq(pictures + taken - picture_sent),
        ]
        with m.If(step):
            m.d.sync += [
                latched.valid.eq(rows != 0),
                latched.phase.eq(Cat(x[0], y[0])),
                fetched.eq(latched),
                self.o.valid.eq(fetched.valid),
                self.o.p.eq(Array(outputs)[fetched.phase]),
            ]
        with m.If(read):
            m.d.sync += [x.eq(x + 1), x_end.eq(x == PICTURE_SIZE - 2)]
        with m.If(row_sent):
            m.d.sync += [y.eq(y + 1), y_end.eq(y == PICTURE_SIZE - 2)]
        with m.If(picture_sent):
            m.d.sync += read_picture.eq(~read_picture)
        return m
