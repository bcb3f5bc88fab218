# SPDX-License-Identifier: Apache-2.0
"""hw.latents under Verilator against the reference."""

import pytest

from hw.latents.latent_source import LatentSource
from sim.runner import Simulation

pytestmark = pytest.mark.sim


def test_latents():
    Simulation(LatentSource(), "latent_source").run("sim.benches.tb_latents")
