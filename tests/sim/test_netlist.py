# SPDX-License-Identifier: Apache-2.0
"""What synthesis makes of the generator, on our models of the ECP5's cells, against golden."""

import pytest

from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.model.schedule import scheduled
from sim.generator.simulate import MachineSimulation, Task
from tests.models import random_model

pytestmark = pytest.mark.sim


def test_netlist_of_a_small_machine():
    """Two networks by upload: three planes in 32x32, then grey ones of another shape."""
    tiny = random_model(GeneratorSpec.preset("tiny"), seed=4)
    grey = random_model(GeneratorSpec.avatars((6, 5), 4, latent=9, head="grey", base=5), seed=5)
    tilings = [scheduled(model.spec, ArraySpec(4, 4)) for model in (tiny, grey)]
    machine = MachineSimulation(Capacity.of(*tilings), netlist=True)
    tasks = [Task(tiny, draw_latents(4, 2)), Task(grey, draw_latents(5, 2, latent=9))]
    for task, seen in zip(tasks, machine.run(tasks, stall=0.2), strict=True):
        assert seen.difference(task.model, task.latents) is None
