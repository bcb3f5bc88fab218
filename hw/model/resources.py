# SPDX-License-Identifier: Apache-2.0
"""Every memory of the machine by name, width and depth, without elaborating anything.

ECP5, Gowin's GW2A and Xilinx' 7 series have block RAM of 18 kbit in the same shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

from golden.spec import ACT_BITS, TABLE_SIZE
from hw.engine.accumulator import DEPTH as ACCUMULATORS
from hw.engine.dual_multiplier import shared_columns
from hw.engine.feature_memory import PIXEL_STRIDE
from hw.engine.requantizer import channel_layout, part_widths
from hw.engine.tap_combiner import RASTER_STEPS
from hw.tiling import LANES, PHASES, PICTURE_SIZE, PLANES
from hw.uart import frame_receiver, identity, layer_crc

BLOCK_BITS = 18 * 1024
BLOCK_WIDTHS = (1, 2, 4, 9, 18)  # two ports, each to read or to write
WIDE = 36  # one port to write, one to read
SMALL_DEPTH = 32  # words of a memory that the tools make of logic; of 64 Yosys makes a block


@dataclass(frozen=True)
class Memory:
    """One or more memories of a shape.

    Attributes
    ----------
    name : str
        What it holds.
    width, depth : int
        Bits of a word, and words.
    count : int
        Memories of this shape: banks.
    readers : int
        Ports that read each of them.
    written : bool
        By the machine; else its contents are the model's or the board's.
    replaced : bool
        Another model's contents may take the place of these in a finished design: never of logic.
    """

    name: str
    width: int
    depth: int
    count: int = 1
    readers: int = 1
    written: bool = True
    replaced: bool = False

    @property
    def bits(self):
        """Bits of all banks."""
        return self.width * self.depth * self.count

    @property
    def blocks(self):
        """Block RAMs of 18 kbit that all banks take, 0 where they are small enough for logic.

        A block has two ports: without a writer both may read.
        """
        if self.depth <= SMALL_DEPTH and not self.replaced:
            return 0
        copies = self.readers if self.written else -(-self.readers // 2)
        widths = BLOCK_WIDTHS if not self.written and self.readers > 1 else (*BLOCK_WIDTHS, WIDE)
        return self.count * copies * min(blocks(self.width, self.depth, each) for each in widths)


def blocks(width, depth, block_width):
    """Return how many block RAMs of words of `block_width` bits a memory takes."""
    rows = 1 << (BLOCK_BITS // block_width).bit_length() - 1
    return -(-width // block_width) * -(-depth // rows)


def generator_memories(tiling):
    """Return the :class:`Memory` of every memory of :class:`hw.engine.generator.Generator`.

    Parameters
    ----------
    tiling : hw.tiling.Tiling
    """
    array = tiling.array
    map_a, map_b = map_depths(tiling)
    line_depth = 1 << (RASTER_STEPS - 1).bit_length() + 4  # column, plane, group of phases
    groups = max(2, tiling.layers[0].row_tiles)
    return (
        Memory(
            "weights",
            array.word_weights * tiling.weight_bits,
            tiling.weight_words,
            written=False,
            replaced=True,
        ),
        Memory("map A", ACT_BITS, map_a, array.rows),
        Memory("map B", ACT_BITS, map_b, array.rows),
        Memory("accumulators", tiling.acc_width, ACCUMULATORS, 2 * array.columns),
        Memory(
            "channels",
            channel_layout(tiling.acc_width).size,
            tiling.channel_words,
            written=False,
            replaced=True,
        ),
        Memory(
            "plane biases",
            LANES * tiling.plane_bias_width,
            tiling.plane_bias_words,
            written=False,
            replaced=True,
        ),
        Memory("latents", ACT_BITS * array.rows, 2 << (groups - 1).bit_length()),
        Memory("table", ACT_BITS, TABLE_SIZE, array.layer4_phases, written=False),
        Memory("line", tiling.acc_width * array.layer4_phases, line_depth),
        Memory("pixels", ACT_BITS * PLANES, 2 * (PICTURE_SIZE // 2) ** 2, PHASES),
    )


def board_memories(tiling):
    """Return those of :class:`hw.top.Top`: the generator's and the serial line's."""
    return (
        *generator_memories(tiling),
        Memory("received frames", 8, frame_receiver.DEPTH),
        Memory("layer sums", 32, layer_crc.DEPTH),
        Memory("identity", 8, identity.DEPTH, written=False),
    )


def map_depths(tiling):
    """Return the words of a bank of map A (layers 1 and 3 write it) and of map B (layer 2)."""
    words = [facts.row_tiles * facts.in_size**2 * PIXEL_STRIDE for facts in tiling.layers]
    return max(words[1], words[3]), words[2]


def multipliers(tiling):
    """Return the multipliers of the array and of the requantizer's lanes.

    Two columns of the array share one where weights are narrow enough.

    Parameters
    ----------
    tiling : hw.tiling.Tiling
    """
    array = tiling.array
    shared = shared_columns(array.columns, hop=array.hop, weight_bits=tiling.weight_bits)
    return array.rows * len(shared) + LANES * len(part_widths(tiling.acc_width))
