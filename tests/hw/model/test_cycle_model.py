# SPDX-License-Identifier: Apache-2.0
"""hw.model.cycle_model: every multiplication accounted for; tests/sim/generator/test_perf.py has
the hardware.
"""

import itertools

import pytest

from golden.spec import GeneratorSpec
from hw.model.cycle_model import CAUSES, CycleModel
from hw.tiling import ArraySpec, Tiling

NETWORKS = [*GeneratorSpec.PRESETS.values(), (48, 24, 12), (40, 20, 10), (7, 5, 3), (1, 1, 1)]
ARRAYS = [
    ArraySpec(16, 16),
    ArraySpec(8, 16),
    ArraySpec(16, 8),
    ArraySpec(4, 4, word_weights=1),
    ArraySpec(5, 23, hop=3),
    ArraySpec(16, 16, word_weights=256),
]


def model(channels, array):
    return CycleModel(Tiling(GeneratorSpec.avatars(channels=channels), array))


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.rows}x{a.columns}-{a.word_weights}")
@pytest.mark.parametrize("channels", NETWORKS)
def test_useful_and_lost_are_all_there_is(channels, array):
    cycles = model(channels, array)
    useful = GeneratorSpec.avatars(channels=channels).useful_macs
    for count, lost in (
        (cycles.cycles_latency, cycles.lost_in_latency()),
        (cycles.cycles_interval, cycles.lost_in_interval()),
    ):
        assert lost.keys() == CAUSES.keys()
        assert min(lost.values()) >= 0
        assert useful + sum(lost.values()) == array.macs_per_cycle * count


@pytest.mark.parametrize("channels", NETWORKS)
def test_the_second_avatar_is_as_any_later_one(channels):
    for array in ARRAYS:
        made = model(channels, array).avatars(6)
        (interval,) = {b.last_pixel - a.last_pixel for a, b in itertools.pairwise(made)}
        assert interval == model(channels, array).cycles_interval


@pytest.mark.parametrize("array", ARRAYS[:2], ids=("256", "128"))
@pytest.mark.parametrize("preset", ["compact", "medium", "contest"])
def test_the_array_is_busy(preset, array):
    spec = GeneratorSpec.preset(preset)
    cycles = CycleModel(Tiling(spec, array))
    ideal = spec.useful_macs / array.macs_per_cycle
    assert ideal / cycles.cycles_interval >= 0.97
    assert ideal / cycles.cycles_latency >= 0.96


def test_a_network_that_fits_no_tile():
    spec = GeneratorSpec.avatars(channels=(48, 24, 12))
    cycles = CycleModel(Tiling(spec, ArraySpec(8, 16)))
    assert spec.useful_macs / 128 / cycles.cycles_interval >= 0.72
