# SPDX-License-Identifier: Apache-2.0
"""Every component of the engine under Verilator, each by its bench, on machines of three shapes."""

from functools import cache

import pytest

from sim.benches.components import MACHINES, PARTS, Components
from sim.runner import Simulation

pytestmark = pytest.mark.sim


@cache
def simulation(machine):
    return Simulation(Components(MACHINES[machine]), "components")


@pytest.mark.parametrize("bench", PARTS)
@pytest.mark.parametrize("machine", MACHINES)
def test_component(machine, bench):
    simulation(machine).run(f"sim.benches.tb_{bench}", env={"MACHINE": machine})
