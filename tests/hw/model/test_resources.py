# SPDX-License-Identifier: Apache-2.0
"""hw.model.resources against the memories of the elaborated machine."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from boards.catalogue.capacities import LFE5U_85F
from boards.chips.capacity import planned
from boards.chips.families import GOWIN
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.build_plan import BuildPlan
from hw.capacity import Capacity
from hw.contents import Contents
from hw.engine import requantizer
from hw.engine.generator import Generator
from hw.model.resources import (
    Memory,
    blocks,
    board_memories,
    logic_products,
    multipliers,
    top_memories,
)
from hw.primitives.ecp5.platform import Ecp5Primitives
from hw.primitives.gowin.platform import GowinPrimitives
from hw.rtlil import to_rtlil
from hw.tiling import Tiling

FIFO_DEPTHS = {1, 3, 7, 15}  # of the serial line's FIFOs: registers, not memories one would count


def smallest(channels, bits, array):
    return Capacity.of(Tiling(GeneratorSpec.avatars(channels=channels, weight_bits=bits), array))


CASES = pytest.mark.parametrize(
    "capacity",
    [
        smallest((8, 8, 8), 5, ArraySpec(4, 4)),
        smallest((7, 5, 3), (2, 8, 3, 6), ArraySpec(4, 12, word_weights=7)),
        smallest((6, 5), (8, 3, 4), ArraySpec(8, 4, weight_bus=16)),
        replace(smallest((20, 12, 24), 6, ArraySpec(4, 16, hop=2)), pixel_words=700, sweeps=513),
    ],
)


def elaborated(capacity, platform=None, *, wall=False):
    """Return the RTLIL of the complete top."""
    plan = BuildPlan(capacity, 100_000_000, wall=wall)
    return to_rtlil(plan.top(), "top", platform=platform)


@CASES
def test_blocks_and_multipliers_are_those_that_the_design_names(capacity):
    named = planned(elaborated(capacity, Ecp5Primitives()))
    assert named["ebr"] == sum(memory.blocks for memory in top_memories(capacity))
    assert named["mult"] == multipliers(capacity)


@pytest.mark.parametrize("few", [0, 5])
def test_of_a_chip_with_few_multipliers_the_others_are_made_of_logic(few):
    capacity = smallest((8, 8, 8), 5, ArraySpec(4, 4))

    class Chip(Ecp5Primitives):
        multipliers = requantizer.multipliers(capacity.acc_width) + few

    machine = Generator(capacity, Contents.empty(capacity))
    text = to_rtlil(machine, "top", platform=Chip())
    assert planned(text)["mult"] == Chip.multipliers
    made = re.findall(r"^  cell \\\S+ \\part_0$", text, re.MULTILINE)
    assert len(made) == logic_products(capacity, Chip.multipliers) == 2 * (8 - few)
    assert logic_products(capacity, multipliers(capacity)) == 0


@CASES
def test_blocks_of_gowin_are_those_that_the_design_names(capacity):
    cells = Counter(re.findall(r"^  cell \\(\w+) ", elaborated(capacity, GowinPrimitives()), re.M))
    named = [each for each in top_memories(capacity) if not each.logic]
    assert cells["SDPB"] + cells["SDPX9B"] == sum(map(GOWIN.blocks, named)) > 0
    assert cells["MULT18X18"] == multipliers(capacity)


@CASES
def test_every_memory_is_listed(capacity):
    found = Counter(
        (int(width), int(depth))
        for width, depth in re.findall(
            r"^  memory width (\d+) size (\d+) ", elaborated(capacity), re.MULTILINE
        )
    )
    listed = Counter()
    for memory in top_memories(capacity):
        listed[memory.width, memory.depth] += memory.count
    left = found - listed
    assert not listed - found
    assert {depth for _, depth in left} <= FIFO_DEPTHS


def test_a_wall_takes_a_block_and_three_tables_of_logic():
    capacity = smallest((8, 8, 8), 5, ArraySpec(4, 4))
    text = elaborated(capacity, Ecp5Primitives(), wall=True)
    named = planned(text)
    assert named["ebr"] == sum(memory.blocks for memory in top_memories(capacity, wall=True))
    assert named["ebr"] == sum(memory.blocks for memory in top_memories(capacity)) + 1
    assert named["mult"] == multipliers(capacity)
    assert text.count('attribute \\rom_style "logic"') == len(("limits", "sines", "cosines"))


def test_the_machine_of_an_85f_holds_compact_in_its_blocks():
    capacity = LFE5U_85F["w5"]
    assert not capacity.missing(Tiling(GeneratorSpec.preset("compact", 5), ArraySpec(16, 16)))
    assert multipliers(capacity) == 136
    assert sum(memory.blocks for memory in board_memories(capacity)) <= 200


@pytest.mark.parametrize(
    ("width", "depth", "expected"),
    [(18, 1024, 1), (36, 512, 1), (36, 513, 2), (9, 2048, 1), (8, 2049, 2), (1, 16384, 1)],
)
def test_shapes_of_a_block(width, depth, expected):
    assert Memory("any", width, depth).blocks == expected


def test_a_small_memory_may_be_of_logic_where_no_block_is_named():
    assert [Memory("small", 8, depth).blocks for depth in (32, 64)] == [1, 1]
    assert [Memory("small", 8, depth, logic=True).blocks for depth in (32, 64)] == [0, 1]
    assert [Memory("small", 8, depth).inferred_blocks for depth in (32, 64)] == [0, 1]
    assert blocks(640, 4644, 18) == 180


def test_lanes_begin_at_enables_of_their_own():
    assert Memory("whole", 18 * 8, 1024).blocks == 8
    assert Memory("lanes", 16 * 8, 1024, lanes=16).blocks == 8
    assert Memory("whole", 16 * 8, 1024).blocks == 8
    assert Memory("lanes", 40 * 8, 512, lanes=40).blocks == 10
    assert Memory("whole", 40 * 8, 512).blocks == 9
