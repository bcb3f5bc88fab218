# SPDX-License-Identifier: Apache-2.0
"""The synthesized design of a board, asked at its serial pins by the ordinary host."""

import numpy as np
import pytest

from boards.build.job import Job
from boards.catalogue.registry import board
from boards.host.open_board import open_board
from cli.line import build_plan
from golden.generator import generate
from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from sim.board import board_netlist
from sim.board.virtual_board import VirtualBoard
from tests.models import random_model

pytestmark = [pytest.mark.sim, pytest.mark.slow, pytest.mark.timeout(1800)]


def test_ulx3s_with_tiny():
    model = random_model(GeneratorSpec.preset("tiny"), seed=4)
    array = ArraySpec(rows=4, columns=4)
    plan = build_plan(model, array, board_netlist.CLOCK_HZ)
    target = board("ulx3s-85f")
    design, _ = Job(target, plan).design(plan)
    simulation = board_netlist.build(design, target.ports)
    latents = draw_latents(7, 2)
    with VirtualBoard(simulation, clock_hz=board_netlist.CLOCK_HZ) as running:
        with open_board(running.path, clock=running.clock) as connection:
            info = connection.info()
            made = connection.generate(model, latents)
    assert info.machine == plan.machine
    assert info.model == plan.part.facts
    np.testing.assert_array_equal(made, generate(model, latents))
