# SPDX-License-Identifier: Apache-2.0
"""Every component of the engine side by side, so that one build serves all their benches."""

from dataclasses import replace

import numpy as np
from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.engine.accumulator import AccumulatorBanks
from hw.engine.dual_multiplier import MAX_WEIGHT_BITS, DualPE
from hw.engine.external_weights import ExternalWeights
from hw.engine.feature_memory import FeatureMemory
from hw.engine.feeder import Feeder
from hw.engine.generator import weight_word
from hw.engine.latent_memory import LatentMemory
from hw.engine.load_bus import load_bus, loaded_ram, memories
from hw.engine.pixel_buffer import PixelBuffer
from hw.engine.program_reader import ProgramReader
from hw.engine.readout import Readout
from hw.engine.requantizer import Requantizer
from hw.engine.scoreboard import Scoreboard
from hw.engine.sequencer import Sequencer
from hw.engine.systolic_array import PE, SystolicArray
from hw.engine.tap_adder import TapAdder
from hw.engine.weight_memory import WeightReader
from hw.program import LAYERS
from sim.benches.control import Control

# Memories are as large as the networks of :mod:`sim.benches.networks` need.
_SIZES = {
    "weight_words": 6000,
    "map_words": 1500,
    "latent_words": 9,
    "channel_words": 80,
    "plane_bias_words": 700,
    "pixel_words": 130,
    "sweeps": 900,
    "feed_words": 130,
    "read_words": 120,
}
MACHINES = {
    # Groups of rows and of columns are partial, and a column tile begins within a group of rows.
    "lopsided": Capacity(
        ArraySpec(rows=8, columns=12, word_weights=9, hop=5),
        weight_bits=8,
        acc_width=32,
        plane_bias_width=33,
        **_SIZES,
    ),
    # Powers of two; two columns share a multiplier; all phases of a last layer at once.
    "regular": Capacity(
        ArraySpec(rows=8, columns=16), weight_bits=5, acc_width=21, plane_bias_width=22, **_SIZES
    ),
    # The smallest; a word is a tile; acc + bias is one operand of a multiplier.
    "narrow": Capacity(
        ArraySpec(rows=4, columns=4, word_weights=16, hop=2),
        weight_bits=3,
        acc_width=17,
        plane_bias_width=18,
        **_SIZES,
    ),
}

WORD = data.StructLayout({"layers": range(LAYERS), "jobs": 3, "column_tiles": 2, "number": 8})


class WalkedProgram(wiring.Component):
    """A :class:`ProgramReader` of words that all have the layout :data:`WORD`.

    The first of a layer's two words holds jobs and column tiles.
    """

    def __init__(self):
        self.program = ProgramReader(200, WORD.size, layer_words=2)
        members = dict(self.program.signature.members.items())
        for name in ("layers", "jobs", "column_tiles"):
            del members[name]
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.submodules.program = program = self.program
        for name, member in self.signature.members.items():
            own, inner = getattr(self, name), getattr(program, name)
            m.d.comb += own.eq(inner) if member.flow == Out else inner.eq(own)
        of_pass, of_layer = (data.View(WORD, w) for w in (program.pass_word, program.layer[0]))
        m.d.comb += [
            program.layers.eq(of_pass.layers),
            program.jobs.eq(of_layer.jobs),
            program.column_tiles.eq(of_layer.column_tiles),
        ]
        return m


class LoadedRams(wiring.Component):
    """The memories of a small machine on their bus.

    Members
    -------
    load : In(load_bus)
    address, data : In(16), Out
        Of each memory by name.
    """

    def __init__(self, capacity):
        self.memories = memories(small(capacity))
        ports = {"load": In(load_bus(self.memories))}
        for each in self.memories:
            ports |= {f"{each.name}_address": In(16), f"{each.name}_data": Out(each.width)}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        for place, each in enumerate(self.memories):
            ram = loaded_ram(m, self.load, place, each, initial_words(each))
            m.d.comb += [
                ram.address.eq(getattr(self, f"{each.name}_address")),
                getattr(self, f"{each.name}_data").eq(ram.data),
            ]
        return m


def small(capacity):
    """Return a capacity with few words in each memory, no two alike."""
    depths = {name: 5 + n for n, name in enumerate(_SIZES)}
    return replace(capacity, **depths)


def initial_words(memory):
    """Return the words that a memory of :class:`LoadedRams` holds at power-up: not all of it."""
    rng = np.random.default_rng(memory.depth)
    size, mask = -(-memory.width // 8), (1 << memory.width) - 1
    return [int.from_bytes(rng.bytes(size), "little") & mask for _ in range(memory.depth - 2)]


def external_sizes(capacity):
    """Return the sizes of the :class:`ExternalWeights` that stands beside a machine."""
    return capacity.weight_bits, 32 if capacity.weight_bits == 8 else 16, 1 << 17


PARTS = {
    "pe": lambda c: PE(c.weight_bits),
    "dual_pe": lambda c: DualPE(min(c.weight_bits, MAX_WEIGHT_BITS)),
    # A third of the products is made of logic, or two where columns share a multiplier.
    "systolic_array": lambda c: SystolicArray(
        c.array,
        weight_bits=c.weight_bits,
        psum_width=c.psum_width,
        multipliers=c.array.macs_per_cycle // 3,
    ),
    "weight_memory": lambda c: WeightReader(weight_word(c), c.weight_words),
    "external_weights": lambda c: ExternalWeights(*external_sizes(c)),
    "load_bus": LoadedRams,
    "program_reader": lambda c: WalkedProgram(),
    "sequencer": Sequencer,
    "feeder": Feeder,
    "latent_memory": lambda c: LatentMemory(c.latent_words, rows=c.array.rows, most=c.latent),
    "feature_memory": lambda c: FeatureMemory(c.array.rows, c.map_words),
    "accumulator": lambda c: AccumulatorBanks(
        c.array.columns, hop=c.array.hop, psum_width=c.psum_width, acc_width=c.acc_width
    ),
    "scoreboard": lambda c: Scoreboard(),
    "readout": Readout,
    "tap_adder": lambda c: TapAdder(c.array.lanes, acc_width=c.acc_width),
    "requantizer": lambda c: Requantizer(c.acc_width),
    "pixel_buffer": lambda c: PixelBuffer(c.array.lanes, c.pixel_words),
    "control": Control,
}


class Components(wiring.Component):
    """One of each of `PARTS` for a machine; its members are here under its name: ``pe__act``.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    names : iterable of str
        Of those parts that are wanted.
    """

    def __init__(self, capacity, names=PARTS):
        self.parts = {name: PARTS[name](capacity) for name in names}
        super().__init__({name: Out(part.signature) for name, part in self.parts.items()})

    def elaborate(self, platform):
        m = Module()
        for name, part in self.parts.items():
            m.submodules[name] = part
            wiring.connect(m, wiring.flipped(getattr(self, name)), part)
        return m
