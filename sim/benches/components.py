# SPDX-License-Identifier: Apache-2.0
"""Every component of the generator side by side, so that one build serves all their benches."""

import numpy as np
from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from golden.spec import GeneratorSpec
from hw.engine.accumulator import AccumulatorBanks
from hw.engine.dual_multiplier import MAX_WEIGHT_BITS, DualPE
from hw.engine.feature_memory import PIXEL_STRIDE, FeatureMemory
from hw.engine.feeder import Feeder
from hw.engine.generator import weight_word
from hw.engine.lane_scatter import LaneScatter
from hw.engine.latent_memory import LatentMemory
from hw.engine.pixel_buffer import PixelBuffer
from hw.engine.readout import Readout
from hw.engine.requantizer import Requantizer
from hw.engine.scoreboard import Scoreboard
from hw.engine.sequencer import Sequencer
from hw.engine.systolic_array import PE, SystolicArray
from hw.engine.tap_combiner import TapCombiner
from hw.engine.weight_memory import WeightMemory
from hw.tiling import ArraySpec, Tiling

TILINGS = {
    # Nothing divides anything; layer 4's phases come one by one; the last of everything is partial.
    "lopsided": Tiling(
        GeneratorSpec.avatars(channels=(8, 9, 3), weight_bits=(8, 5, 4, 3)),
        ArraySpec(rows=5, columns=7, word_weights=9, hop=3),
    ),
    # Powers of two; layer 4's phases come all at once.
    "regular": Tiling(GeneratorSpec.preset("tiny"), ArraySpec(rows=8, columns=16)),
}
MAP_LAYERS = (1, 3)  # layers whose input maps share a memory


def map_depth(tiling):
    """Return the words of the feature memory that serves the larger maps."""
    layers = [tiling.layers[n] for n in MAP_LAYERS]
    return max(facts.row_tiles * facts.in_size**2 * PIXEL_STRIDE for facts in layers)


def weight_contents(tiling):
    """Return random words for the weight memory, unsigned."""
    rng = np.random.default_rng(1)
    width = tiling.array.word_weights * tiling.weight_bits
    size = -(-width // 8)
    return [
        int.from_bytes(rng.bytes(size), "little") & (1 << width) - 1
        for _ in range(tiling.weight_words)
    ]


PARTS = {
    "pe": lambda tiling: PE(tiling.weight_bits),
    "dual_pe": lambda tiling: DualPE(min(tiling.weight_bits, MAX_WEIGHT_BITS)),
    "systolic_array": lambda tiling: SystolicArray(
        tiling.array, weight_bits=tiling.weight_bits, psum_width=tiling.psum_width
    ),
    "weight_memory": lambda tiling: WeightMemory(
        weight_word(tiling), tiling.weight_words, weight_contents(tiling)
    ),
    "sequencer": Sequencer,
    "feeder": Feeder,
    "latent_memory": lambda tiling: LatentMemory(tiling.spec.latent, rows=tiling.array.rows),
    "feature_memory": lambda tiling: FeatureMemory(tiling.array.rows, map_depth(tiling)),
    "accumulator": lambda tiling: AccumulatorBanks(
        tiling.array.columns,
        hop=tiling.array.hop,
        psum_width=tiling.psum_width,
        acc_width=tiling.acc_width,
    ),
    "scoreboard": lambda tiling: Scoreboard(),
    "readout": Readout,
    "tap_combiner": lambda tiling: TapCombiner(
        tiling.array.layer4_phases, acc_width=tiling.acc_width
    ),
    "requantizer": lambda tiling: Requantizer(tiling.acc_width),
    "lane_scatter": lambda tiling: LaneScatter(
        tiling.array.rows,
        groups=tiling.map_groups,
        first_rows=tiling.first_rows,
        address_width=(map_depth(tiling) - 1).bit_length(),
    ),
    "pixel_buffer": lambda tiling: PixelBuffer(tiling.array.layer4_phases),
}


class Components(wiring.Component):
    """One of each of `PARTS` for `tiling`; its members are here under its name: ``pe__act``.

    Parameters
    ----------
    tiling : Tiling
    names : iterable of str
        Of those parts that are wanted.
    """

    def __init__(self, tiling, names=PARTS):
        self.parts = {name: PARTS[name](tiling) for name in names}
        super().__init__({name: Out(part.signature) for name, part in self.parts.items()})

    def elaborate(self, platform):
        m = Module()
        for name, part in self.parts.items():
            m.submodules[name] = part
            wiring.connect(m, wiring.flipped(getattr(self, name)), part)
        return m
