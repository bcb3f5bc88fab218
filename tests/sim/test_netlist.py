# SPDX-License-Identifier: Apache-2.0
"""What synthesis makes of the generator, on our models of the ECP5's cells, against golden."""

import pytest

from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from hw.tiling import ArraySpec
from sim.generator.simulate import GeneratorSimulation
from tests.models import random_model

pytestmark = pytest.mark.sim


def test_netlist_of_tiny():
    model = random_model(GeneratorSpec.preset("tiny"), seed=4)
    simulation = GeneratorSimulation(model, ArraySpec(rows=4, columns=4), netlist=True)
    latents = draw_latents(4, 3)
    observed = simulation.observe(latents, stall=0.2)
    assert observed.difference(model, latents) is None
