# SPDX-License-Identifier: Apache-2.0
"""Random networks, one after another, through one build of a machine: pictures and cycles."""

from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from golden import generator
from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from hw.capacity import Capacity
from hw.model.cycle_model import CycleModel
from hw.model.schedule import scheduled
from sim.generator.simulate import MachineSimulation, Task
from tests.machines import NARROW, OUTSIDE, OUTSIDE_32, SQUARE, WIDE
from tests.models import random_model
from tests.networks import tasks

pytestmark = pytest.mark.sim

MACHINES = {
    "narrow": NARROW,
    "square": SQUARE,
    "wide": WIDE,
    "outside": OUTSIDE,
    "outside-32": OUTSIDE_32,
}
TOGETHER = 8  # networks of a run


# A failing run is made smaller: the smallest networks that still fail are printed. What hypothesis
# tries first is always the smallest of all, which says next to nothing; random ones come behind it.
def runs(count):
    return settings(
        max_examples=1 + count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@cache
def simulation(name):
    return MachineSimulation(MACHINES[name])


def check(name, drawn, stall):
    """Run networks on a machine; compare pictures, every map and, where nothing stalls, cycles."""
    machine, passes = simulation(name), 1 if stall else 3
    work = [
        Task(random_model(spec, n), draw_latents(n, passes * slots, latent=spec.latent), slots)
        for n, (spec, slots) in enumerate(drawn)
    ]
    for task, seen in zip(work, machine.run(work, stall=stall), strict=True):
        found = seen.difference(task.model, task.latents)
        assert found is None, f"{found}; {task.model.spec.to_json()}, {task.slots} slots"
        assert not seen.damaged
        if not stall:
            tiling = scheduled(task.model.spec, machine.capacity.array, task.slots)
            model = CycleModel(tiling)
            made = seen.cycles_latency, seen.cycles_interval
            expected = model.cycles_latency, model.cycles_interval
            if machine.capacity.array.weight_bus:  # a refresh more or less, and where it falls
                expected = pytest.approx(expected, rel=0.01, abs=120)
            assert made == expected, f"{task.model.spec.to_json()}, {task.slots} slots"


@pytest.mark.parametrize("name", MACHINES)
def test_networks(name):
    @runs(1)
    @given(st.lists(tasks(MACHINES[name]), min_size=TOGETHER, max_size=TOGETHER))
    def run(drawn):
        check(name, drawn, 0.0)

    run()


@pytest.mark.parametrize("name", MACHINES)
def test_networks_with_pauses(name):
    @runs(1)
    @given(st.lists(tasks(MACHINES[name]), min_size=3, max_size=3))
    def run(drawn):
        check(name, drawn, 0.3)

    run()


@pytest.mark.slow
@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("stall", [0.0, 0.2])
def test_many_networks(name, stall):
    @runs(5)
    @given(st.lists(tasks(MACHINES[name]), min_size=TOGETHER, max_size=TOGETHER))
    def run(drawn):
        check(name, drawn, stall)

    run()


def test_a_model_stays_until_the_next_is_loaded():
    """The pictures of each of two models, in turns: nothing of the other is left."""
    first = random_model(GeneratorSpec.avatars((5, 4, 3), 5), 1)
    other = random_model(GeneratorSpec.avatars((6, 3), 5, latent=7, head="grey", base=7), 2)
    work = [
        Task(model, draw_latents(n, 1, latent=model.spec.latent))
        for n, model in enumerate((first, other, first, other))
    ]
    for task, seen in zip(work, simulation("square").run(work), strict=True):
        expected = generator.generate(task.model, task.latents)
        np.testing.assert_array_equal(seen.pictures, expected)


def test_a_bit_that_flips_in_the_chip_is_told():
    """Behind a load, in any word: of the pass that reads it the machine says so; then of none."""
    spec = GeneratorSpec.avatars((5, 4), (8, 3, 5), latent=9)
    model, rng = random_model(spec, 3), np.random.default_rng(3)
    length = Capacity.needs(scheduled(spec, OUTSIDE.array))["weight_words"]
    places = [0, length - 1, *rng.integers(1, length - 1, 4).tolist()]
    latents = draw_latents(3, 1, latent=spec.latent)
    flips = [(place, 1 << int(rng.integers(16))) for place in places]
    work = [Task(model, latents, flip=flip) for flip in (None, *flips, (length, 1))]
    seen = simulation("outside").run(work)
    assert [each.damaged for each in seen] == [False, *[True] * len(flips), False]
    assert seen[0].difference(model, latents) is None
    assert seen[-1].difference(model, latents) is None
