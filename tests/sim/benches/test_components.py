# SPDX-License-Identifier: Apache-2.0
"""Every component of the generator under Verilator, each by its bench."""

from functools import cache

import pytest

from sim.benches.components import PARTS, TILINGS, Components
from sim.runner import Simulation

pytestmark = pytest.mark.sim


@cache
def simulation(tiling):
    return Simulation(Components(TILINGS[tiling]), "components")


@pytest.mark.parametrize("bench", PARTS)
@pytest.mark.parametrize("tiling", TILINGS)
def test_component(tiling, bench):
    simulation(tiling).run(f"sim.benches.tb_{bench}", env={"TILING": tiling})
