# SPDX-License-Identifier: Apache-2.0
"""Every memory of the machine by name, width and depth, without elaborating anything.

ECP5, Gowin's GW2A and Xilinx' 7 series have block RAM of 18 kbit in the same shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

from golden.spec import ACT_BITS
from hw.array import LANES, SUMS
from hw.display import block_store, line_store, text
from hw.engine import load_bus, requantizer
from hw.engine.dual_multiplier import shared_columns
from hw.engine.pixel_buffer import COLOURS, PHASES
from hw.engine.systolic_array import made_of_logic
from hw.engine.weight_fetcher import waiting_words
from hw.engine.weight_queue import DEPTH as QUEUE
from hw.memory.reader import MIN_DEPTH
from hw.uart import frame_receiver, identity
from hw.uart.protocol import MAX_LATENT, MAX_LAYERS

BLOCK_BITS = 18 * 1024
BLOCK_WIDTHS = (1, 2, 4, 9, 18, 36)  # 36: one port to write, one to read
LANE = 9  # bits of a block's word that are written each on their own
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
    lanes : int
        Parts of a word that are written each on their own.
    logic : bool
        The tools may make logic of it, everywhere; all others are block RAM where the design names
        its blocks (:class:`hw.primitives.block_ram.BlockRam`), so that another model's contents
        can take the place of these.
    """

    name: str
    width: int
    depth: int
    count: int = 1
    lanes: int = 1
    logic: bool = False

    @property
    def bits(self):
        """Bits of all banks."""
        return self.width * self.depth * self.count

    @property
    def blocks(self):
        """Block RAMs of 18 kbit that all banks take, where the design names them."""
        return self.inferred_blocks if self.logic else self._blocks

    @property
    def inferred_blocks(self):
        """Those where the tools may make any small memory of logic."""
        return 0 if self.depth <= SMALL_DEPTH else self._blocks

    @property
    def _blocks(self):
        width = self.width
        if self.lanes > 1:
            width = self.lanes * -(-width // self.lanes // LANE) * LANE
        return self.count * min(blocks(width, self.depth, each) for each in BLOCK_WIDTHS)


def blocks(width, depth, block_width):
    """Return how many block RAMs of words of `block_width` bits a memory takes."""
    rows = 1 << (BLOCK_BITS // block_width).bit_length() - 1
    return -(-width // block_width) * -(-depth // rows)


def generator_memories(capacity):
    """Return the :class:`Memory` of every memory of :class:`hw.engine.generator.Generator`, or of
    :class:`hw.engine.external_generator.ExternalGenerator` where weights lie outside.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    """
    array = capacity.array
    copies = {"table": array.lanes}
    loaded = (
        Memory(each.name, each.width, each.depth, copies.get(each.name, 1))
        for each in load_bus.memories(capacity)
    )
    bus = array.weight_bus
    at_array = Memory("weights at the array", bus * capacity.weight_bits, QUEUE, logic=True)
    return (
        *(each for each in loaded if not bus or each.name != "weights"),
        *((at_array,) if bus else ()),
        Memory("maps", ACT_BITS * LANES, capacity.map_words, array.rows // LANES, LANES),
        Memory("accumulators", capacity.acc_width, SUMS, 2 * array.columns),
        Memory(
            "latents", ACT_BITS * array.rows, 2 * _power(capacity.latent_words), lanes=array.rows
        ),
        Memory("pixels", ACT_BITS * COLOURS, 2 * _power(capacity.pixel_words), PHASES, COLOURS),
    )


def board_memories(capacity, screen=None):
    """Return those of a board: of :func:`top_memories`, of a controller of one outside, and of a
    screen whose frame lies in one of :data:`SCREENS`.
    """
    bus = capacity.array.weight_bus
    waiting = []
    if bus:
        waiting.append(Memory("waiting weights", bus, waiting_words(bus)))
    if screen == "sdram":  # both readers are there, whoever uses the other one
        waiting.append(Memory("waiting words", line_store.WORD, MIN_DEPTH, 1 if bus else 2))
    top = top_memories(capacity, wall=screen is not None)
    return (*top, *waiting, *SCREENS.get(screen, ()))


def top_memories(capacity, *, wall=False):
    """Return those of :class:`hw.top.Top`: the generator's, the serial line's and a wall's."""
    return (
        *generator_memories(capacity),
        Memory("received frames", 8, frame_receiver.DEPTH),
        Memory("layer sums", 32, MAX_LAYERS, logic=True),
        Memory("identity", 8, identity.DEPTH),
        *((Memory("drawn latents", 8, 2 * MAX_LATENT),) if wall else ()),
    )


# What a screen takes, by where its frame lies: in a memory outside, or in block RAM.
FONT = Memory("font and text", 8, text.DEPTH)
SCREENS = {
    "sdram": (Memory("lines", line_store.WORD, 2 << line_store.PITCH_BITS), FONT),
    "blocks": (
        FONT,
        Memory("frame, high bits", block_store.HIGH, block_store.DEPTH),
        Memory("frame, low bits", block_store.LOW, block_store.DEPTH),
    ),
}


def _power(words):
    """Return the words that an address for `words` of them counts: two halves follow each other."""
    return 1 << (max(2, words) - 1).bit_length()


def multipliers(capacity):
    """Return the multipliers that the array and the requantizer's lanes want.

    Two columns of the array share one where weights are narrow enough.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    """
    return len(_shared(capacity)) + requantizer.multipliers(capacity.acc_width)


def logic_products(capacity, multipliers):
    """Return how many products logic makes where a chip has so many multipliers.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    multipliers : int
        At least those of the requantizer's lanes.
    """
    shared = _shared(capacity)
    left = multipliers - requantizer.multipliers(capacity.acc_width)
    flags = made_of_logic(len(shared), left)
    return sum(len(columns) for columns, logic in zip(shared, flags, strict=True) if logic)


def _shared(capacity):
    """Return the columns of each multiplier of the array, row by row."""
    array = capacity.array
    return array.rows * shared_columns(
        array.columns, hop=array.hop, weight_bits=capacity.weight_bits
    )
