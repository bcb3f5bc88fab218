# SPDX-License-Identifier: Apache-2.0
"""Turn tiles into beats: an activation word a cycle, while the next tile's weights load."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.sequencer import tile_layout
from hw.tiling import PLANES


def beat_layout(tiling):
    """Return the layout of a beat: which activations, and which accumulators they go to.

    Fields
    ------
    valid : the beat counts
    swap : first beat of a tile
    layer, row_tile, last_row_tile : as in :func:`hw.engine.sequencer.tile_layout`
    y, x : input pixel
    acc_y, acc_x : accumulator, in the job's own raster
    plane : 0, 1, 2 for R, G, B; 0 in layer 1
    half : of the accumulator banks
    opens : start sums at 0
    job_last : last beat of its job
    """
    tile = tile_layout(tiling)
    return data.StructLayout(
        {
            "valid": 1,
            "swap": 1,
            "layer": 2,
            "row_tile": tile["row_tile"].shape,
            "last_row_tile": 1,
            "y": 4,
            "x": 4,
            "acc_y": 4,
            "acc_x": 4,
            "plane": 2,
            "half": 1,
            "opens": 1,
            "job_last": 1,
        }
    )


class Feeder(wiring.Component):
    """Issue the beats of one tile after another, and take the weight words of the tile behind it.

    The only place before the accumulators where the machine waits: a tile starts when its weights
    are in and all that it needs is there: for the first of a job a half of the accumulators, for
    the first of an avatar a latent, for one that waits the channels that it reads. From here on
    everything flows without stalls. A beat a cycle; a tile takes its beats or, if they are more,
    the words of the tile behind it. Beats and loads leave in the order in which they must arrive.

    Parameters
    ----------
    tiling : Tiling
        Sizes.

    Members
    -------
    i_tiles : In(stream.Signature(tile_layout(tiling)))
    word_valid : In(1)
        There is a weight word to take.
    latent_ready : In(1)
        A whole latent is stored.
    half_free : In(1)
        A half of the accumulator banks is free.
    drained : In(1)
        What the tile to come reads has been written; asked only of tiles that wait.
    job_start, layer_start : Out(1)
        A half was taken; by the first job of a layer.
    latent_done : Out(1)
        The stored latent is not needed any more.
    beat : Out(beat_layout(tiling))
    load, index : Out(1), Out(range(words of a tile))
        The word is taken; it is weight word `index` of the tile to come.
    """

    def __init__(self, tiling):
        tile = tile_layout(tiling)
        super().__init__(
            {
                "i_tiles": In(stream.Signature(tile)),
                "word_valid": In(1),
                "latent_ready": In(1),
                "half_free": In(1),
                "drained": In(1),
                "job_start": Out(1),
                "layer_start": Out(1),
                "latent_done": Out(1),
                "beat": Out(beat_layout(tiling)),
                "load": Out(1),
                "index": Out(tile["words"].shape),
            }
        )

    def elaborate(self, platform):
        m = Module()
        tile = Signal(self.i_tiles.p.shape())
        following = self.i_tiles.p
        busy = Signal()  # `tile` has beats left
        loaded = Signal()  # the words of `following` are in
        last_word = Signal()  # the last of them comes in
        index = Signal.like(self.index)
        y, x, plane = Signal(4), Signal(4), Signal(2)
        first = Signal()
        half = Signal(init=1)  # turned before its first use

        y_end, x_end, plane_end = Signal(), Signal(), Signal()  # `y` is its last, ...
        last = Signal()
        m.d.comb += last.eq(plane_end & x_end & y_end)

        start = Signal()
        m.d.comb += [
            start.eq(
                self.i_tiles.valid
                & (loaded | last_word)
                & (~busy | last)
                & (~following.job_first | self.half_free)
                & (~following.waits | self.drained)
                & (~(following.layer_first & (following.layer == 0)) | self.latent_ready)
            ),
            self.i_tiles.ready.eq(start),
            self.job_start.eq(start & following.job_first),
            self.layer_start.eq(start & following.layer_first),
            self.latent_done.eq(busy & last & tile.layer_last & (tile.layer == 0)),
        ]

        with m.If(start):
            m.d.sync += [
                tile.eq(following),
                busy.eq(1),
                first.eq(1),
                y.eq(following.y_first),
                x.eq(following.x_first),
                plane.eq(0),
                y_end.eq(following.y_first == following.y_last),
                x_end.eq(following.x_first == following.x_last),
                plane_end.eq(following.layer == 0),
                half.eq(half ^ following.job_first),
            ]
        with m.Elif(busy):
            m.d.sync += [
                first.eq(0),
                busy.eq(~last),
                plane.eq(Mux(plane_end, 0, plane + 1)),
                plane_end.eq((plane == PLANES - 2) | (tile.layer == 0)),
            ]
            with m.If(plane_end):
                next_x = Mux(x_end, tile.x_first, x + 1)[: len(x)]
                m.d.sync += [x.eq(next_x), x_end.eq(next_x == tile.x_last)]
                with m.If(x_end):
                    m.d.sync += [y.eq(y + 1), y_end.eq(y + 1 == tile.y_last)]

        m.d.comb += [
            self.beat.valid.eq(busy),
            self.beat.swap.eq(busy & first),
            self.beat.layer.eq(tile.layer),
            self.beat.row_tile.eq(tile.row_tile),
            self.beat.last_row_tile.eq(tile.last_row_tile),
            self.beat.y.eq(y + tile.y_offset),
            self.beat.x.eq(x + tile.x_offset),
            self.beat.acc_y.eq(y),
            self.beat.acc_x.eq(x),
            self.beat.plane.eq(plane),
            self.beat.half.eq(half),
            self.beat.opens.eq(tile.opens),
            self.beat.job_last.eq(tile.job_last & last),
        ]

        m.d.comb += [
            self.load.eq(self.word_valid & self.i_tiles.valid & ~loaded),
            last_word.eq(self.load & (index == following.words)),
            self.index.eq(index),
        ]
        with m.If(self.load):
            m.d.sync += index.eq(Mux(last_word, 0, index + 1))
        with m.If(last_word):
            m.d.sync += loaded.eq(1)
        with m.If(start):
            m.d.sync += loaded.eq(0)
        return m
