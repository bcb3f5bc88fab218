# SPDX-License-Identifier: Apache-2.0
"""The order of work: which sweep comes next."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hw.engine.program_reader import ProgramReader, view
from hw.primitives.block_ram import BlockRam
from hw.primitives.countdown import Countdown
from hw.primitives.delay import delay
from hw.primitives.stream_register import StreamRegister
from hw.program import feed_layouts, sweep_layout, width
from hw.work import IN_FLIGHT

AHEAD = 16  # sweeps that wait in front of the feeder: more than a change of layer takes cycles


def tile_layout(capacity):
    """Return the layout of a sweep on its way to the feeder.

    Fields
    ------
    first : its inputs are latents
    signed : its inputs are int8 in place of uint8
    address : of its first input
    sum, rows, columns, map_step, sum_step, settles : as in :func:`hw.program.sweep_layout`
    opens : its sums start at 0 instead of adding to what is there
    tile : it needs new weights: `words` words of the stream, less 1
    quick : it needs one word, or none
    single : it has one beat, and does not settle
    rows_used : rows of the array in use
    again : the job's weights are those of the job before
    job_first, job_last : first and last sweep of a job
    layer_first, layer_last : first and last sweep of a layer
    allow : so many jobs of the layer before may be unwritten
    unbound : it waits neither for jobs nor for a half, nor for latents
    """
    sweep, feed = sweep_layout(capacity), feed_layouts(capacity)
    tiles = feed["tiles"]
    fields = {name: sweep[name].shape for name in ("address", "sum", "rows", "columns")}
    fields |= {name: sweep[name].shape for name in ("map_step", "sum_step")}
    flags = (
        "settles", "opens", "tile", "quick", "single", "first", "signed", "again",
        "job_first", "job_last", "layer_first", "layer_last", "unbound",
    )  # fmt: skip
    return data.StructLayout(
        fields
        | dict.fromkeys(flags, 1)
        | {"words": tiles["words"].shape, "rows_used": tiles["last_rows"].shape, "allow": 2}
    )


class Sequencer(wiring.Component):
    """Walk the program: layers, column tiles, jobs, row tiles, sweeps.

    A sweep a cycle at most, pass after pass without end. The next job's word is fetched while the
    sweeps of the one before go out; a change of layer costs a few cycles, in which the feeder
    lives on the sweeps that are :data:`AHEAD`.

    Parameters
    ----------
    capacity : hw.capacity.Capacity

    Members
    -------
    o : Out(stream.Signature(tile_layout(capacity)))
    known : Out(1)
        `facts` are there.
    facts : Out(feed_layouts(capacity)["pass"])
        The program's first word.
    program_address : Out, program_data : In
        To the memory of :func:`hw.program.feed_layouts`.
    sweep_address : Out, sweep_data : In
        To the memory of :func:`hw.program.sweep_layout`.
    """

    def __init__(self, capacity):
        self.capacity = capacity
        self.layouts = feed_layouts(capacity)
        super().__init__(
            {
                "o": Out(stream.Signature(tile_layout(capacity))),
                "known": Out(1),
                "facts": Out(self.layouts["pass"]),
                "program_address": Out(range(max(2, capacity.feed_words))),
                "program_data": In(width(self.layouts)),
                "sweep_address": Out(range(max(2, capacity.sweeps))),
                "sweep_data": In(sweep_layout(capacity)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layouts = self.layouts
        m.submodules.program = program = ProgramReader(
            self.capacity.feed_words, width(layouts), layer_words=3
        )
        loops, tiles, maps = (
            view(layouts[name], program.layer[n])
            for n, name in enumerate(("loops", "tiles", "maps"))
        )
        m.d.comb += program.joined(self, loops)

        # The job whose sweeps go out, and what is true of its layer.
        active, last_issue, issue = Signal(), Signal(), Signal()
        own_loops, own_tiles = Signal(layouts["loops"]), Signal(layouts["tiles"])
        own_job, stride = Signal(layouts["job"]), Signal.like(maps.stride)
        layer_first, layer_last = Signal(), Signal()
        row_tile, base = Signal.like(loops.row_tiles), Signal.like(maps.base)
        address = Signal.like(self.sweep_address)
        sweeps, row_tiles = Countdown(8, "sweep"), Countdown(len(loops.row_tiles), "row_tile")
        first_sweep, first_row_tile = Signal(), Signal()
        m.d.comb += [
            last_issue.eq(issue & sweeps.last & row_tiles.last),
            program.take.eq(program.valid & (~active | last_issue)),
            self.sweep_address.eq(address),
        ]
        with m.If(issue):
            m.d.sync += [*sweeps.step(), first_sweep.eq(0), address.eq(address + 1)]
            with m.If(sweeps.last):
                m.d.sync += [
                    *row_tiles.step(),
                    first_row_tile.eq(0),
                    address.eq(own_job.sweep),
                    row_tile.eq(row_tile + 1),
                    base.eq(base + stride),
                ]
            with m.If(last_issue):
                m.d.sync += active.eq(0)
        with m.If(program.take):
            job = view(layouts["job"], program.job)
            m.d.sync += [
                active.eq(1),
                own_loops.eq(loops),
                own_tiles.eq(tiles),
                own_job.eq(job),
                stride.eq(maps.stride),
                layer_first.eq(program.layer_first),
                layer_last.eq(program.layer_last),
                *sweeps.start(job.sweeps),
                *row_tiles.start(loops.row_tiles),
                first_sweep.eq(1),
                first_row_tile.eq(1),
                row_tile.eq(0),
                base.eq(maps.base),
                address.eq(job.sweep),
            ]

        # Issued and not taken, as of some cycles ago: what was taken since then only makes room.
        ahead, full, taken = Signal(range(AHEAD + 1)), Signal(), Signal()
        m.d.comb += issue.eq(active & ~full)
        m.d.sync += [
            taken.eq(self.o.valid & self.o.ready),
            ahead.eq(ahead + issue - taken),
            full.eq(ahead >= AHEAD - 1),
        ]

        # What the sweep's own word does not say, beside it.
        about = Signal(self.o.p.shape())
        job_first = first_row_tile & first_sweep
        job_last = sweeps.last & row_tiles.last
        needed = Signal(IN_FLIGHT)
        m.d.comb += [
            *(
                needed[age].eq(own_job.needs[age] & (row_tile >= own_tiles.reached_from[age]))
                for age in range(IN_FLIGHT)
            ),
            about.first.eq(own_loops.first),
            about.signed.eq(own_loops.signed),
            about.address.eq(base),
            about.opens.eq(first_row_tile),
            about.words.eq(Mux(row_tiles.last, own_tiles.last_words, own_tiles.words)),
            about.quick.eq(about.words == 0),
            about.rows_used.eq(Mux(row_tiles.last, own_tiles.last_rows, self.capacity.array.rows)),
            about.again.eq(own_job.again),
            about.job_first.eq(job_first),
            about.job_last.eq(job_last),
            about.layer_first.eq(job_first & layer_first),
            about.layer_last.eq(job_last & layer_last),
            about.allow.eq(IN_FLIGHT),
            about.unbound.eq(~job_first & ~needed.any()),
        ]
        for age in reversed(range(IN_FLIGHT)):
            with m.If(needed[age]):
                m.d.comb += about.allow.eq(age)
        about = delay(m, about, BlockRam.latency)

        tile = Signal(self.o.p.shape(), reset_less=True)
        word = self.sweep_data
        m.d.sync += tile.eq(about)
        m.d.sync += [
            tile[name].eq(word[name])
            for name in ("sum", "rows", "columns", "map_step", "sum_step", "tile")
        ]
        m.d.sync += [
            tile.single.eq(
                (word.rows == 0) & (word.columns == 0) & ~(word.settles & ~about.job_last)
            ),
            tile.quick.eq(about.quick | ~word.tile),
            tile.address.eq(about.address + word.address),
            tile.opens.eq(about.opens & word.opens),
            tile.settles.eq(word.settles & ~about.job_last),  # the next job has another half
        ]
        m.submodules.ahead = waiting = SyncFIFOBuffered(width=len(tile.as_value()), depth=AHEAD)
        m.submodules.register = register = StreamRegister(self.o.p.shape())
        wiring.connect(m, register.o, wiring.flipped(self.o))
        m.d.comb += [
            waiting.w_data.eq(tile),
            waiting.w_en.eq(delay(m, issue, BlockRam.latency + 1, reset_less=False)),
            register.i.valid.eq(waiting.r_rdy),
            register.i.p.as_value().eq(waiting.r_data),
            waiting.r_en.eq(register.i.ready),
        ]
        return m
