# SPDX-License-Identifier: Apache-2.0
"""The paper's own network on the ULX3S's machine, its weights from the chip that the board has."""

from pathlib import Path

import pytest

from boards.catalogue.registry import BOARDS
from golden import model_file
from golden.latents import draw_latents
from hw.model.cycle_model import CycleModel
from hw.model.schedule import fitted
from sim.generator.simulate import MachineSimulation

pytestmark = [pytest.mark.sim, pytest.mark.slow]

MODEL = Path(__file__).parents[3] / "models" / "contest-w5.safetensors"
CLOCK_HZ = 125_000_000


def test_contest_at_the_speed_of_the_memory():
    """Three avatars back to back, refreshes included: equal, and at least 95 a second."""
    model = model_file.load(MODEL)
    capacity = BOARDS["ulx3s-85f"].capacity("sdram-w5")
    latents = draw_latents(1, 3)
    seen = MachineSimulation(capacity).observe(model, latents)
    assert seen.difference(model, latents) is None
    assert CLOCK_HZ / seen.cycles_interval >= 95
    tiling = fitted(model.spec, capacity)
    assert seen.cycles_interval == pytest.approx(CycleModel(tiling).cycles_interval, rel=0.005)
