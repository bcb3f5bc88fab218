# SPDX-License-Identifier: Apache-2.0
"""Fetch the words of a program in order: pass, layers, jobs."""

from amaranth import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.primitives.block_ram import BlockRam
from hw.program import LAYERS

FETCH_CYCLES = BlockRam.latency + 1  # of a word


class ProgramReader(wiring.Component):
    """Walk a list of words: one of the pass, then for each layer `layer_words` and its jobs.

    A layer's jobs come again for each column tile; behind the last layer the first one follows.
    After reset, and after each `take`, a word takes :data:`FETCH_CYCLES` cycles.

    Parameters
    ----------
    depth, width : int
        Of the memory.
    layer_words : int
        Words of a layer in front of its jobs.

    Members
    -------
    address : Out(range(depth)), data : In(width)
        To a :class:`hw.primitives.block_ram.BlockRam`.
    pass_word, job : Out(width)
    layer : Out(ArrayLayout(width, layer_words))
        Words that were fetched.
    layers, jobs, column_tiles : In
        Counts less 1, from those words.
    known : Out(1)
        `pass_word` is there.
    valid : Out(1)
        `layer` and `job` are those of the next job.
    take : In(1)
        Fetch the one behind; only while `valid`.
    column_tile : Out(8)
    layer_first, layer_last : Out(1)
        The job is the first, the last one of its layer.
    tile_last, last_tile : Out(1)
        It is the last one of its column tile; that is the layer's last one.
    """

    def __init__(self, depth, width, *, layer_words):
        self.layer_words = layer_words
        address = range(max(2, depth))
        super().__init__(
            {
                "address": Out(address),
                "data": In(width),
                "pass_word": Out(width),
                "layer": Out(data.ArrayLayout(width, layer_words)),
                "job": Out(width),
                "layers": In(range(LAYERS)),
                "jobs": In(address),
                "column_tiles": In(8),
                "known": Out(1),
                "valid": Out(1),
                "take": In(1),
                "column_tile": Out(8),
                "layer_first": Out(1),
                "layer_last": Out(1),
                "tile_last": Out(1),
                "last_tile": Out(1),
            }
        )

    def joined(self, walker, loops):
        """Return the statements that join it to the component that walks the program.

        Parameters
        ----------
        walker : wiring.Component
            Has ``program_address`` and ``program_data``, ``known`` and ``facts``: the pass's word.
        loops : data.View
            Fields of a layer's word; ``jobs`` and ``column_tiles`` among them.
        """
        return [
            walker.program_address.eq(self.address),
            self.data.eq(walker.program_data),
            walker.facts.eq(view(walker.facts.shape(), self.pass_word)),
            walker.known.eq(self.known),
            self.layers.eq(walker.facts.layers),
            self.jobs.eq(loops.jobs),
            self.column_tiles.eq(loops.column_tiles),
        ]

    def elaborate(self, platform):
        m = Module()
        of_job = self.layer_words  # kinds of words: those of the layer, its job's, the pass's
        of_pass = of_job + 1
        kind = Signal(range(of_pass + 1), init=of_pass)
        waited = Signal(range(FETCH_CYCLES))
        pointer, first_job = Signal.like(self.address), Signal.like(self.address)
        job, layer = Signal.like(self.jobs), Signal.like(self.layers)
        m.d.comb += [
            self.address.eq(pointer),
            self.layer_last.eq(self.tile_last & self.last_tile),
        ]
        m.d.sync += [  # long before the next job's word is there
            self.tile_last.eq(job == self.jobs),
            self.last_tile.eq(self.column_tile == self.column_tiles),
            self.layer_first.eq((job == 0) & (self.column_tile == 0)),
        ]

        with m.If(self.valid):
            with m.If(self.take):
                m.d.sync += [self.valid.eq(0), job.eq(job + 1)]
                with m.If(self.tile_last):
                    m.d.sync += [
                        job.eq(0),
                        pointer.eq(first_job),
                        self.column_tile.eq(self.column_tile + 1),
                    ]
                with m.If(self.layer_last):
                    m.d.sync += [
                        kind.eq(0),
                        pointer.eq(pointer),
                        self.column_tile.eq(0),
                        layer.eq(layer + 1),
                    ]
                    with m.If(layer == self.layers):
                        m.d.sync += [pointer.eq(1), layer.eq(0)]
        with m.Elif(waited != FETCH_CYCLES - 1):
            m.d.sync += waited.eq(waited + 1)
        with m.Else():
            m.d.sync += [waited.eq(0), pointer.eq(pointer + 1), kind.eq(kind + 1)]
            with m.Switch(kind):
                for n in range(self.layer_words):
                    with m.Case(n):
                        m.d.sync += [self.layer[n].eq(self.data), first_job.eq(pointer + 1)]
                with m.Case(of_job):
                    m.d.sync += [self.job.eq(self.data), kind.eq(of_job), self.valid.eq(1)]
                with m.Case(of_pass):
                    m.d.sync += [self.pass_word.eq(self.data), kind.eq(0), self.known.eq(1)]
        return m


def view(layout, word):
    """Return a program's word, whose lowest bits `layout` describes, as its fields."""
    return data.View(layout, word[: layout.size])
