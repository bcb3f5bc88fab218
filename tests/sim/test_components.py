# SPDX-License-Identifier: Apache-2.0
"""Every component of the generator under Verilator, each by its bench."""

from functools import cache

import pytest

from sim.components import TILINGS, Components
from sim.runner import Simulation

pytestmark = pytest.mark.sim

BENCHES = sorted(set(Components(TILINGS["lopsided"]).parts))


@cache
def simulation(tiling):
    return Simulation(Components(TILINGS[tiling]), "components")


@pytest.mark.parametrize("bench", BENCHES)
@pytest.mark.parametrize("tiling", TILINGS)
def test_component(tiling, bench):
    simulation(tiling).run(f"sim.tb_{bench}", env={"TILING": tiling})
