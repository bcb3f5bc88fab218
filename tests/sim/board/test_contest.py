# SPDX-License-Identifier: Apache-2.0
"""The paper's own network over the line into the ULX3S's machine, its weights in the SDRAM."""

from pathlib import Path

import numpy as np
import pytest

from boards.catalogue.registry import board
from boards.host.open_board import open_board
from cli.line import load_model
from golden import model_file
from golden.generator import generate
from golden.latents import draw_latents
from hw.build_plan import BuildPlan
from sim.board import virtual_board
from sim.board.virtual_board import CLOCK_HZ, VirtualBoard

# Two million bytes come over the line: 180 million clocks.
pytestmark = [pytest.mark.sim, pytest.mark.slow, pytest.mark.timeout(7200)]

MODEL = Path(__file__).parents[3] / "models" / "contest-w5.safetensors"


def test_contest_comes_over_the_line_and_is_drawn():
    """From the serial pins to the chip's, and from there to the picture."""
    model, latents = model_file.load(MODEL), draw_latents(1, 1)
    plan = BuildPlan(board("ulx3s-85f").capacity("sdram-w5"), CLOCK_HZ)
    with VirtualBoard(virtual_board.build(plan)) as running:
        with open_board(running.path, clock=running.clock) as link:
            facts = load_model(link, model)
            assert facts["share"] > 0.9
            made = link.generate(model, latents)
            assert link.self_test().wrong_layer is None
    np.testing.assert_array_equal(made, generate(model, latents))
