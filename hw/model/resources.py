# SPDX-License-Identifier: Apache-2.0
"""Every memory of the machine by name, width and depth, without elaborating anything.

ECP5, Gowin's GW2A and Xilinx' 7 series have block RAM of 18 kbit in the same shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

from golden.spec import ACT_BITS
from hw.array import LANES, SUMS
from hw.engine import load_bus
from hw.engine.dual_multiplier import shared_columns
from hw.engine.pixel_buffer import COLOURS, PHASES
from hw.engine.requantizer import part_widths
from hw.uart import frame_receiver, identity
from hw.uart.protocol import MAX_LAYERS

BLOCK_BITS = 18 * 1024
BLOCK_WIDTHS = (1, 2, 4, 9, 18, 36)  # 36: one port to write, one to read
SMALL_DEPTH = 32  # words of a memory that the tools make of logic; of 64 Yosys makes a block


@dataclass(frozen=True)
class Memory:
    """One or more memories of a shape, each with a port to write and a port to read.

    Attributes
    ----------
    name : str
        What it holds.
    width, depth : int
        Bits of a word, and words.
    count : int
        Memories of this shape: banks.
    replaced : bool
        Another model's contents may take the place of these in a finished design: never of logic
        where a design names its block RAMs.
    """

    name: str
    width: int
    depth: int
    count: int = 1
    replaced: bool = False

    @property
    def bits(self):
        """Bits of all banks."""
        return self.width * self.depth * self.count

    @property
    def blocks(self):
        """Block RAMs of 18 kbit that all banks take, 0 where they are small enough for logic."""
        return self.inferred_blocks if not self.replaced else self._blocks

    @property
    def inferred_blocks(self):
        """The same where the tools may make any memory of logic."""
        return 0 if self.depth <= SMALL_DEPTH else self._blocks

    @property
    def _blocks(self):
        return self.count * min(blocks(self.width, self.depth, each) for each in BLOCK_WIDTHS)


def blocks(width, depth, block_width):
    """Return how many block RAMs of words of `block_width` bits a memory takes."""
    rows = 1 << (BLOCK_BITS // block_width).bit_length() - 1
    return -(-width // block_width) * -(-depth // rows)


def generator_memories(capacity):
    """Return the :class:`Memory` of every memory of :class:`hw.engine.generator.Generator`.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    """
    array = capacity.array
    copies = {"table": array.lanes}
    loaded = (
        Memory(each.name, each.width, each.depth, copies.get(each.name, 1), replaced=True)
        for each in load_bus.memories(capacity)
    )
    return (
        *loaded,
        Memory("maps", ACT_BITS, capacity.map_words, array.rows),
        Memory("accumulators", capacity.acc_width, SUMS, 2 * array.columns),
        Memory("latents", ACT_BITS * array.rows, 2 * _power(capacity.latent_words)),
        Memory("pixels", ACT_BITS * COLOURS, 2 * _power(capacity.pixel_words), PHASES),
    )


def board_memories(capacity):
    """Return those of :class:`hw.top.Top`: the generator's and the serial line's."""
    return (
        *generator_memories(capacity),
        Memory("received frames", 8, frame_receiver.DEPTH),
        Memory("layer sums", 32, MAX_LAYERS),
        Memory("identity", 8, identity.DEPTH, replaced=True),
    )


def _power(words):
    """Return the words that an address for `words` of them counts: two halves follow each other."""
    return 1 << (max(2, words) - 1).bit_length()


def multipliers(capacity):
    """Return the multipliers of the array and of the requantizer's lanes.

    Two columns of the array share one where weights are narrow enough.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    """
    array = capacity.array
    shared = shared_columns(array.columns, hop=array.hop, weight_bits=capacity.weight_bits)
    return array.rows * len(shared) + LANES * len(part_widths(capacity.acc_width))
