# SPDX-License-Identifier: Apache-2.0
"""The synthesized design of a board, asked at its serial pins by the ordinary host."""

import json
from pathlib import Path

import numpy as np
import pytest

from boards.build.gowin.build import synthesize
from boards.build.job import Job
from boards.catalogue.registry import board
from boards.host.open_board import open_board
from cli.line import build_plan
from golden.generator import generate
from golden.latents import draw_latents
from golden.layer_sums import self_test_of
from golden.model_file import load
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.build_plan import BuildPlan
from hw.rtlil import without_indices
from sim.board import board_netlist
from sim.board.virtual_board import VirtualBoard
from sim.gowin.netlist import netlist_verilog
from support.progress import Progress
from tests.models import random_model

TINY = Path(__file__).parents[3] / "models" / "tiny-w5.safetensors"

pytestmark = [pytest.mark.sim, pytest.mark.slow, pytest.mark.timeout(1800)]


def check(simulation, plan):
    """Ask a board for two pictures."""
    model, latents = plan.model, draw_latents(7, 2)
    with VirtualBoard(simulation, clock_hz=plan.clock_hz) as running:
        with open_board(running.path, clock=running.clock) as connection:
            info = connection.info()
            made = connection.generate(model, latents)
    assert info.machine == plan.machine
    assert info.model == plan.part.facts
    np.testing.assert_array_equal(made, generate(model, latents))


def test_ulx3s_with_tiny():
    model = random_model(GeneratorSpec.preset("tiny"), seed=4)
    array = ArraySpec(rows=4, columns=4)
    plan = build_plan(model, array, board_netlist.CLOCK_HZ)
    target = board("ulx3s-85f")
    design, _ = Job(target, plan).design(plan)
    check(board_netlist.build(design, target.ports), plan)


def test_tang_nano_20k_with_its_model():
    """The netlist that is placed, delay lines in LUT RAM and all."""
    model, target = load(TINY), board("tang-nano-20k")
    capacity = target.capacity()
    latents, answer = self_test_of(model, capacity.array.columns)
    plan = BuildPlan(
        capacity,
        clock_hz=target.oscillator_hz,
        model=model,
        self_test=latents,
        answer=answer,
        platform=target.platform(),
    )
    design = without_indices(Job(target, plan).files(plan)["top.il"])
    netlist = json.loads((synthesize(design, Progress()) / "netlist.json").read_text())
    verilog = netlist_verilog(netlist, board_netlist.DESIGN)
    check(board_netlist.simulation(verilog, target.ports, "gowin"), plan)
