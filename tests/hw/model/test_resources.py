# SPDX-License-Identifier: Apache-2.0
"""hw.model.resources against the memories of the elaborated machine."""

import re
from collections import Counter

import pytest
from amaranth.back import rtlil

from boards.chips.capacity import planned
from golden.full_range import full_range_model
from golden.spec import GeneratorSpec
from hw.build_plan import BuildPlan
from hw.model.resources import Memory, blocks, board_memories, multipliers
from hw.primitives.ecp5.platform import Ecp5Primitives
from hw.tiling import ArraySpec, Tiling

FIFO_DEPTHS = {1, 3, 15}  # of the serial line's FIFOs: registers, not memories that one would count


CASES = pytest.mark.parametrize(
    ("channels", "bits", "array"),
    [
        ((8, 8, 8), 5, ArraySpec(4, 4)),
        ((7, 5, 3), (2, 8, 3, 6), ArraySpec(5, 9, word_weights=7)),
        ((20, 12, 24), 6, ArraySpec(8, 16, hop=2)),
    ],
)


def elaborated(spec, array, platform=None):
    """Return the RTLIL of the complete top."""
    plan = BuildPlan(
        full_range_model(spec),
        array,
        clock_hz=100_000_000,
        self_test=(0,) * 100,
        answer=(0,) * 4,
    )
    return rtlil.convert(plan.top(), name="top", platform=platform)


@CASES
def test_blocks_and_multipliers_are_those_that_the_design_names(channels, bits, array):
    spec = GeneratorSpec.avatars(channels=channels, weight_bits=bits)
    tiling = Tiling(spec, array)
    named = planned(elaborated(spec, array, Ecp5Primitives()))
    memories = [m for m in board_memories(tiling) if m.name != "latents"]  # Yosys infers theirs
    assert named["ebr"] == sum(memory.blocks for memory in memories)
    assert named["mult"] == multipliers(tiling)


@CASES
def test_every_memory_is_listed(channels, bits, array):
    spec = GeneratorSpec.avatars(channels=channels, weight_bits=bits)
    text = elaborated(spec, array)
    found = Counter(
        (int(width), int(depth))
        for width, depth in re.findall(r"^  memory width (\d+) size (\d+) ", text, re.MULTILINE)
    )
    listed = Counter()
    for memory in board_memories(Tiling(spec, array)):
        listed[memory.width, memory.depth] += memory.count
    left = found - listed
    assert not listed - found
    assert {depth for _, depth in left} <= FIFO_DEPTHS


@pytest.mark.parametrize(
    ("width", "depth", "expected"),
    [(18, 1024, 1), (36, 512, 1), (36, 513, 2), (9, 2048, 1), (8, 2049, 2), (1, 16384, 1)],
)
def test_shapes_of_a_block(width, depth, expected):
    assert Memory("any", width, depth).blocks == expected


def test_ports_that_a_block_lacks_are_copies():
    assert Memory("table", 8, 1024, readers=4, written=False).blocks == 2
    assert Memory("table", 8, 1024, readers=2, written=True).blocks == 2
    assert [Memory("small", 8, depth).blocks for depth in (32, 64)] == [0, 1]
    assert blocks(640, 4644, 18) == 180
