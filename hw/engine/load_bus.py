# SPDX-License-Identifier: Apache-2.0
"""How words of a model come into the engine's memories."""

from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from golden.spec import TABLE_SIZE
from hw.array import LANES
from hw.capacity import LoadedMemory
from hw.engine.requantizer import channel_layout
from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay
from hw.program import feed_layouts, read_layouts, sweep_layout, width

LATENCY = (
    3  # from `enable` to the write: a register on the way across the chip, and the memory's own
)


def memories(capacity):
    """Return the :class:`LoadedMemory` of each memory that a model fills, in a fixed order.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    """
    c = capacity
    weights = c.array.weight_bus or c.array.word_weights * c.weight_bits
    return (
        LoadedMemory("weights", weights, c.weight_words),
        LoadedMemory("channels", channel_layout(c.acc_width).size, c.channel_words),
        LoadedMemory("plane_biases", LANES * c.plane_bias_width, c.plane_bias_words),
        LoadedMemory("table", 8, TABLE_SIZE),
        LoadedMemory("sweeps", sweep_layout(c).size, c.sweeps),
        LoadedMemory("feed", width(feed_layouts(c)), c.feed_words),
        LoadedMemory("read", width(read_layouts(c)), c.read_words),
    )


def load_bus(memories):
    """Return the signature of the bus that writes memories, from the writer's side.

    A word is written :data:`LATENCY` cycles after `enable`; one may come every cycle.

    Parameters
    ----------
    memories : sequence of hw.capacity.LoadedMemory

    Members
    -------
    enable : Out(number of memories)
        A word for the memory of that place; one at a time.
    address, data : Out
        As wide as the deepest and the widest memory need; each takes the lowest bits.
    """
    return wiring.Signature(
        {
            "enable": Out(len(memories)),
            "address": Out(max(1, max((each.depth - 1).bit_length() for each in memories))),
            "data": Out(max(each.width for each in memories)),
        }
    )


def loaded_ram(m, bus, place, memory, init, *, copy="", gap=0):
    """Return a :class:`BlockRam` that the bus fills, its ports for reading still free.

    Parameters
    ----------
    m : Module
        Gets it as a submodule.
    bus : load_bus, from the memory's side
    place : int
        Of the memory on the bus.
    memory : hw.capacity.LoadedMemory
    init : list of int
        Words at power-up.
    copy : str
        Tells memories of the same words from each other.
    gap : int
        As of :class:`BlockRam`.
    """
    ram = BlockRam(memory.width, memory.depth, init, gap=gap, late=True)
    m.submodules[f"{memory.name}{copy}_memory"] = ram
    m.d.comb += [
        ram.write_en.eq(delay(m, bus.enable[place], LATENCY - 2)),  # also while in reset
        ram.write_address.eq(delay(m, bus.address, LATENCY - 2)),
        ram.write_data.eq(delay(m, bus.data, LATENCY - 2)),
    ]
    return ram
