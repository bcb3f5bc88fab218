# SPDX-License-Identifier: Apache-2.0
"""What decides when anything happens: sequencer, feeder, scoreboard and readout, without data."""

from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.accumulator import AccumulatorBanks, finish_latency
from hw.engine.feeder import Feeder
from hw.engine.generator import FETCH_LATENCY, WRITE_LATENCY
from hw.engine.load_bus import load_bus, loaded_ram, memories
from hw.engine.readout import Readout
from hw.engine.scoreboard import Scoreboard
from hw.engine.sequencer import Sequencer
from hw.engine.systolic_array import array_latency
from hw.primitives.delay import delay

PROGRAM = ("feed", "sweeps", "read")
OF_FEEDER = ("beat", "load", "index", "job_first", "again", "latent_done")
OF_READOUT = ("step", "sums_y", "sums_x", "picture_take")


def control_lag(capacity):
    """Return the cycles from a beat to its control at the accumulators."""
    return FETCH_LATENCY + array_latency(capacity.array) - AccumulatorBanks.control_lead


class Control(wiring.Component):
    """The machine's control with the memories of its program, wired as in
    :class:`hw.engine.generator.Core`.

    Parameters
    ----------
    capacity : hw.capacity.Capacity

    Members
    -------
    load : In(load_bus(program memories))
    word_valid, latent_ready, picture_free : In(1)
    o : Out
        All of :data:`OF_FEEDER` and :data:`OF_READOUT` side by side.
    """

    def __init__(self, capacity):
        self.capacity = capacity
        self.feeder, self.readout = Feeder(capacity), Readout(capacity)
        self.memories = [each for each in memories(capacity) if each.name in PROGRAM]
        seen = {name: self.feeder.signature.members[name].shape for name in OF_FEEDER}
        seen |= {name: self.readout.signature.members[name].shape for name in OF_READOUT}
        self.seen = data.StructLayout(seen)
        super().__init__(
            {
                "load": In(load_bus(self.memories)),
                "word_valid": In(1),
                "latent_ready": In(1),
                "picture_free": In(1),
                "o": Out(self.seen),
            }
        )

    def elaborate(self, platform):
        m = Module()
        capacity = self.capacity
        m.submodules.sequencer = sequencer = Sequencer(capacity)
        m.submodules.feeder = feeder = self.feeder
        m.submodules.readout = readout = self.readout
        m.submodules.scoreboard = scoreboard = Scoreboard()
        wiring.connect(m, sequencer.o, feeder.i_tiles)
        rams = {
            each.name: loaded_ram(m, self.load, place, each, [])
            for place, each in enumerate(self.memories)
        }
        to_done = control_lag(capacity) + finish_latency(capacity.array.column_groups)
        filled = feeder.beat.valid & feeder.beat.job_last
        written = delay(m, readout.step.job_last, WRITE_LATENCY, reset_less=False)
        m.d.comb += [
            rams["feed"].address.eq(sequencer.program_address),
            sequencer.program_data.eq(rams["feed"].data),
            rams["sweeps"].address.eq(sequencer.sweep_address),
            sequencer.sweep_data.as_value().eq(rams["sweeps"].data),
            rams["read"].address.eq(readout.program_address),
            readout.program_data.eq(rams["read"].data),
            readout.job_done.eq(delay(m, filled, to_done, reset_less=False)),
            readout.picture_free.eq(self.picture_free),
            scoreboard.job_start.eq(feeder.job_start),
            scoreboard.layer_start.eq(feeder.layer_start),
            scoreboard.half_read.eq(readout.step.frees_half),
            scoreboard.job_written.eq(written),
            scoreboard.layer_first.eq(sequencer.o.p.layer_first),
            scoreboard.allow.eq(sequencer.o.p.allow),
            feeder.word_valid.eq(self.word_valid),
            feeder.latent_ready.eq(self.latent_ready),
            feeder.half_free.eq(scoreboard.half_free),
            feeder.written.eq(scoreboard.written),
            *(self.o[name].eq(getattr(feeder, name)) for name in OF_FEEDER),
            *(self.o[name].eq(getattr(readout, name)) for name in OF_READOUT),
        ]
        return m
