# SPDX-License-Identifier: Apache-2.0
"""The synthesized design of a board, asked at its serial pins by the ordinary host."""

import numpy as np
import pytest

from boards.host.open_board import open_board
from cli.line import build_plan, netlist_of
from golden.generator import generate
from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from sim.board import board_netlist
from sim.board.virtual_board import VirtualBoard
from tests.models import random_model

pytestmark = [pytest.mark.sim, pytest.mark.slow, pytest.mark.timeout(1800)]


# An ECP5, one whose lamp `busy` is lit by a zero, and a chip of Gowin without a PLL.
@pytest.mark.parametrize("board", ["ulx3s-85f", "orangecrab-25f", "tang-nano-20k"])
def test_the_whole_design_with_tiny(board):
    model = random_model(GeneratorSpec.preset("tiny"), seed=4)
    array = ArraySpec(rows=4, columns=4)
    plan = build_plan(model, array, board_netlist.CLOCK_HZ)
    simulation = netlist_of(board, plan)
    latents = draw_latents(7, 2)
    with VirtualBoard(simulation, clock_hz=board_netlist.CLOCK_HZ) as running:
        with open_board(running.path, clock=running.clock) as connection:
            info = connection.info()
            made = connection.generate(model, latents)
    assert info.machine == plan.machine
    assert info.model == plan.part.facts
    np.testing.assert_array_equal(made, generate(model, latents))
