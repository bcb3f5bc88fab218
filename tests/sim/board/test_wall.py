# SPDX-License-Identifier: Apache-2.0
"""A virtual board with a screen: what its wall shows is what the reference draws of that seed."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import cli
from boards.host.link import Link, Wall
from cli.line import build_plan
from golden import model_file
from golden.generator import generate
from golden.latents import draw_latents
from golden.on_chip_latents import draw_on_chip
from hw.array import ArraySpec
from sim.board import virtual_board
from sim.board.virtual_board import CLOCK_HZ, VirtualBoard

pytestmark = pytest.mark.sim

CONFORMANCE = Path(__file__).parents[2] / "conformance"
MODEL_PATH = CONFORMANCE / "odd-7-5-3-mixed.safetensors"
PATIENCE = 120  # seconds


@pytest.fixture(scope="module")
def model():
    return replace(model_file.load(MODEL_PATH), training={"latents": "categorical"})


@pytest.fixture(scope="module")
def simulation(model):
    plan = build_plan(model, ArraySpec(rows=4, columns=4), CLOCK_HZ)
    return virtual_board.build(replace(plan, wall=True))


def wait_for(folder, screen, count):
    """Return the first pictures of a screen, uint8, as soon as they are there."""
    end = time.monotonic() + PATIENCE
    paths = [folder / f"{screen:03}-{n:06}.ppm" for n in range(count)]
    while not (paths[-1].exists() and paths[-1].stat().st_size):
        assert time.monotonic() < end, f"no {paths[-1]}"
        time.sleep(0.1)
    pictures = []
    for path in paths:
        data = path.read_bytes()
        assert data.startswith(b"P6 32 32 255\n")
        pictures.append(np.frombuffer(data[13:], np.uint8).reshape(32, 32, 3))
    return np.array(pictures)


def test_the_wall_of_a_seed_is_what_the_reference_draws(simulation, model, tmp_path, capsys):
    folder = tmp_path / "wall"
    folder.mkdir()
    with VirtualBoard(simulation, wall=folder) as board:
        port = ["screen", "--port", board.path]
        assert cli.main(port) == 0
        assert cli.main([*port, "--wall", "--seed", "7"]) == 0
        latents = draw_on_chip(7, 3, "categorical", 100)
        np.testing.assert_array_equal(wait_for(folder, 1, 3), generate(model, latents))
        asked = draw_latents(3, 2)
        with Link(board.path, clock=board.clock) as link:
            np.testing.assert_array_equal(link.generate(model, asked), generate(model, asked))
            assert link.self_test().wrong_layer is None
            assert link.wall().pictures > 3
        assert cli.main([*port, "--wall", "--walk", "--seed", "8", "--json"]) == 0
        latents = draw_on_chip(8, 3, "categorical", 100, 16)
        np.testing.assert_array_equal(wait_for(folder, 2, 3), generate(model, latents))
        assert cli.main([*port, "--off"]) == 0
        with Link(board.path, clock=board.clock) as link:
            assert link.wall() == Wall(8, 0, link.wall().pictures)
    lines = capsys.readouterr().out
    assert f"{board.path}: the wall is off\n" in lines
    assert f"{board.path}: a wall of seed 7, 0 pictures\n" in lines
    assert '"steps": 16' in lines
