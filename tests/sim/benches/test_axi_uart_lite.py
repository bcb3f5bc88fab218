# SPDX-License-Identifier: Apache-2.0
"""hw.axi.uart_lite under Verilator, at the end of a bus."""

import pytest

from hw.axi.uart_lite import AxiUartLite
from sim.runner import Simulation

pytestmark = pytest.mark.sim


def test_slave():
    Simulation(AxiUartLite(), "axi_uart_lite").run("sim.benches.tb_axi_uart_lite")
