# SPDX-License-Identifier: Apache-2.0
"""Turn sweeps into beats: an activation word a cycle, while the next tile's weights load."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.sequencer import tile_layout
from hw.work import RECURRENCE


def beat_layout(capacity):
    """Return the layout of a beat: which activations, and which accumulators they go to.

    Fields
    ------
    valid : the beat counts
    swap : first beat of a tile
    first, signed, rows_used : as in :func:`hw.engine.sequencer.tile_layout`
    address : of the inputs in their memory
    sum : accumulator of the half
    half : of the accumulator banks
    opens : start sums at 0
    job_last : last beat of its job
    """
    tile = tile_layout(capacity)
    return data.StructLayout(
        {
            "valid": 1,
            "swap": 1,
            "first": 1,
            "signed": 1,
            "rows_used": tile["rows_used"].shape,
            "address": tile["address"].shape,
            "sum": tile["sum"].shape,
            "half": 1,
            "opens": 1,
            "job_last": 1,
        }
    )


class Feeder(wiring.Component):
    """Issue the beats of one sweep after another, and take the weight words of the tile behind it.

    The only place before the accumulators where the machine waits: a sweep starts when its weights
    are in and all that it needs is there: for the first of a job a half of the accumulators, for
    the first of a pass its latents, for each what it reads. From here on everything flows without
    stalls. A beat a cycle; a sweep takes its beats or, if they are more, the words of the tile
    behind it, and :data:`hw.work.RECURRENCE` cycles more where it settles. One that is bound to
    what happens elsewhere starts :data:`hw.work.BOUND_CYCLES` behind the one before, or later.
    Beats and loads leave in the order in which they must arrive.

    Parameters
    ----------
    capacity : hw.capacity.Capacity

    Members
    -------
    i_tiles : In(stream.Signature(tile_layout(capacity)))
    word_valid : In(1)
        There is a weight word to take.
    latent_ready : In(1)
        The latents of a pass are stored.
    half_free : In(1)
        A half of the accumulator banks is free.
    written : In(1)
        What the sweep to come reads has been written.
    job_start, layer_start : Out(1)
        A half was taken; by the first job of a layer.
    latent_done : Out(1)
        The stored latents are not needed any more.
    beat : Out(beat_layout(capacity))
    load : Out(1)
        A weight word is taken.
    index : Out
        Its position in the tile.
    job_first, again : Out(1)
        It is the first of a job; that job has the words of the one before.
    """

    def __init__(self, capacity):
        tile = tile_layout(capacity)
        super().__init__(
            {
                "i_tiles": In(stream.Signature(tile)),
                "word_valid": In(1),
                "latent_ready": In(1),
                "half_free": In(1),
                "written": In(1),
                "job_start": Out(1),
                "layer_start": Out(1),
                "latent_done": Out(1),
                "beat": Out(beat_layout(capacity)),
                "load": Out(1),
                "index": Out(tile["words"].shape),
                "job_first": Out(1),
                "again": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        tile = Signal(self.i_tiles.p.shape())
        following = self.i_tiles.p
        busy = Signal()  # `tile` has beats left
        settling = Signal(range(RECURRENCE + 1))  # cycles until the next sweep may start
        open_ = Signal(init=1)  # after this cycle `tile` has no beats left, and is settled
        loaded = Signal()  # the words of `following` are in
        fresh = Signal(init=1)  # none of them was taken
        at_last = Signal()  # all are in but one, or none is wanted
        next_last = Signal()  # the same, once it is not `fresh`
        last_word = Signal()  # the last of them comes in
        index = Signal.like(self.index)
        address, sum_ = Signal.like(tile.address), Signal.like(tile.sum)
        row, column = Signal.like(tile.rows), Signal.like(tile.columns)  # left behind this one
        first = Signal()
        half = Signal(init=1)  # turned before its first use

        row_end, column_end, last = Signal(), Signal(), Signal()  # `row` is 0, `column`, both

        # What `following` waits for outside the feeder, and what stays there until it starts. In a
        # register, so that those counters do not lie in front of every register of a sweep.
        start, cleared = Signal(), Signal()
        m.d.sync += cleared.eq(
            self.i_tiles.valid
            & ~start
            & (~following.job_first | self.half_free)
            & self.written
            & (~(following.layer_first & following.first) | self.latent_ready)
        )
        m.d.comb += [
            start.eq(
                (cleared | (self.i_tiles.valid & following.unbound))
                & at_last
                & (self.word_valid | loaded | ~following.tile)
                & open_
            ),
            self.i_tiles.ready.eq(start),
            self.job_start.eq(start & following.job_first),
            self.layer_start.eq(start & following.layer_first),
            self.latent_done.eq(busy & last & tile.layer_last & tile.first),
        ]

        one_row, one_column = following.rows == 0, following.columns == 0
        last_next = Mux(column_end, (row == 1) & (tile.columns == 0), row_end & (column == 1))
        # `start` decides about it in one place, as late as can be.
        with m.If(start):
            m.d.sync += open_.eq(following.single)
        with m.Elif(busy):
            m.d.sync += open_.eq((last | last_next) & ~tile.settles)
        with m.Elif(settling == 1):
            m.d.sync += open_.eq(1)
        m.d.sync += settling.eq(settling - 1)
        with m.If(start):
            m.d.sync += [
                tile.eq(following),
                busy.eq(1),
                first.eq(following.tile),
                address.eq(following.address),
                sum_.eq(following.sum),
                row.eq(following.rows),
                column.eq(following.columns),
                row_end.eq(one_row),
                column_end.eq(one_column),
                last.eq(one_row & one_column),
                half.eq(half ^ following.job_first),
            ]
        with m.Elif(busy & ~last):
            m.d.sync += [
                first.eq(0),
                address.eq(address + Mux(column_end, tile.map_step, 1)),
                sum_.eq(sum_ + Mux(column_end, tile.sum_step, 1)),
                column.eq(Mux(column_end, tile.columns, column - 1)),
                column_end.eq(Mux(column_end, tile.columns == 0, column == 1)),
                last.eq(last_next),
            ]
            with m.If(column_end):
                m.d.sync += [row.eq(row - 1), row_end.eq(row == 1)]
        with m.Elif(busy):
            m.d.sync += [busy.eq(0), settling.eq(RECURRENCE - 1)]

        m.d.comb += [
            self.beat.valid.eq(busy),
            self.beat.swap.eq(busy & first),
            self.beat.first.eq(tile.first),
            self.beat.signed.eq(tile.signed),
            self.beat.rows_used.eq(tile.rows_used),
            self.beat.address.eq(address),
            self.beat.sum.eq(sum_),
            self.beat.half.eq(half),
            self.beat.opens.eq(tile.opens),
            self.beat.job_last.eq(tile.job_last & last),
        ]

        m.d.comb += [
            self.load.eq(self.word_valid & self.i_tiles.valid & following.tile & ~loaded),
            at_last.eq(Mux(fresh, following.quick, next_last)),
            last_word.eq(self.load & at_last),
            self.index.eq(index),
            self.job_first.eq(following.job_first & fresh),
            self.again.eq(following.again),
        ]
        with m.If(self.load):
            m.d.sync += [
                index.eq(Mux(last_word, 0, index + 1)),
                next_last.eq(at_last | (index + 1 == following.words)),
                fresh.eq(0),
            ]
        with m.If(last_word):
            m.d.sync += loaded.eq(1)
        with m.If(start):
            m.d.sync += [loaded.eq(0), fresh.eq(1)]
        return m
