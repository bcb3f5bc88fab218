# SPDX-License-Identifier: Apache-2.0
"""A top with a wall under Verilator, and one without."""

import pytest

from hw.uart.protocol import Error, Frame, Request
from sim.runner import Simulation
from tests.hw.latents.tb_wall import ASK, NORMAL, order
from tests.hw.uart.line import Host, simulate
from tests.hw.uart.stand_in import stand_in_top


@pytest.mark.sim
def test_wall():
    Simulation(stand_in_top(wall=True), "top").run("tests.hw.latents.tb_wall")


def test_a_board_without_a_wall_does_not_know_it():
    dut = stand_in_top(NORMAL)
    found = []

    async def bench(ctx):
        host = Host(ctx, dut)
        for wire in (order(1, 1), ASK, Frame(Request.WALL, 2, bytes(9)).encode()):
            await host.send(wire)
            found.extend(await host.receive())

    simulate(dut, bench)
    assert [frame.payload for frame in found] == 3 * [bytes([Error.TYPE])]
