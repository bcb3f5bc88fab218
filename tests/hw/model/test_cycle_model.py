# SPDX-License-Identifier: Apache-2.0
"""hw.model.cycle_model: every multiplication accounted for, and how busy the array is; the hardware
itself is in tests/sim/generator.
"""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden.spec import GeneratorSpec, Layer
from hw.array import ArraySpec
from hw.model.cycle_model import CAUSES, CycleModel
from hw.model.schedule import scheduled
from hw.tiling import Tiling
from tests.networks import networks

ARRAYS = [
    ArraySpec(16, 16),
    ArraySpec(8, 16),
    ArraySpec(16, 8),
    ArraySpec(4, 4, word_weights=1),
    ArraySpec(8, 20, hop=3),
    ArraySpec(16, 16, word_weights=256),
]


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks(), st.sampled_from(ARRAYS))
def test_useful_and_lost_are_all_there_is(spec, array):
    cycles = CycleModel(Tiling(spec, array))
    for count, lost in (
        (cycles.cycles_latency, cycles.lost_in_latency()),
        (cycles.cycles_interval, cycles.lost_in_interval()),
    ):
        assert lost.keys() == CAUSES.keys()
        assert min(value for name, value in lost.items() if name != "read-out") >= 0
        assert spec.useful_macs + sum(lost.values()) == array.macs_per_cycle * count


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks(), st.sampled_from(ARRAYS))
def test_the_third_pass_is_as_any_later_one(spec, array):
    model = CycleModel(Tiling(spec, array))
    made = model.passes(8)[1:]
    (interval,) = {b.last_pixel - a.last_pixel for a, b in itertools.pairwise(made)}
    assert interval == model.cycles_interval


TUTORIAL = GeneratorSpec.avatars((512, 256, 128, 64), head="rgb")
COMPACT_RGB = GeneratorSpec.avatars((128, 64, 32), head="rgb")
GREY_44 = GeneratorSpec.avatars((128, 64), head="grey", base=7)
GREY_33 = GeneratorSpec(
    100,
    1,
    (
        Layer(128, 7, 1, 0, 0, "relu", 5),
        Layer(32, 3, 2, 1, 1, "relu", 5),
        Layer(1, 3, 2, 1, 1, "table", 5),
    ),
)
TENSORFLOW = GeneratorSpec(
    100,
    1,
    (
        Layer(256, 7, 1, 0, 0, "relu", 5),
        Layer(128, 5, 1, 2, 0, "relu", 5),
        Layer(64, 6, 2, 2, 0, "relu", 5),
        Layer(1, 6, 2, 2, 0, "table", 5),
    ),
)


@pytest.mark.parametrize(
    ("spec", "slots", "interval", "alone"),
    [
        (GeneratorSpec.preset("compact"), 1, 0.965, 0.955),
        (GeneratorSpec.preset("contest"), 1, 0.99, 0.985),
        (TUTORIAL, 1, 0.97, 0.95),
        (COMPACT_RGB, 3, 0.95, 0),
        (COMPACT_RGB, 1, 0.90, 0.85),
        (GREY_44, 1, 0.86, 0.80),
        (GREY_33, 2, 0.85, 0),
        (TENSORFLOW, 1, 0.82, 0),
    ],
)
def test_the_array_is_busy(spec, slots, interval, alone):
    """Useful multiplications over all of 16 x 16, back to back and for one pass alone."""
    cycles = CycleModel(scheduled(spec, ArraySpec(), slots))
    ideal = slots * spec.useful_macs / 256
    assert ideal / cycles.cycles_interval >= interval
    assert ideal / cycles.cycles_latency >= alone
