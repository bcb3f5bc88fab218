# SPDX-License-Identifier: Apache-2.0
"""A virtual board whose weights lie in a simulated SDRAM: loads, pictures, and what it says."""

from pathlib import Path

import numpy as np
import pytest

import cli
from boards.host.open_board import open_board
from boards.host.self_test import as_text, self_test_report
from cli.line import load_model
from golden import model_file
from golden.spec import GeneratorSpec
from hw.build_plan import BuildPlan
from hw.uart.facts import Memory, State
from sim.board import virtual_board
from sim.board.virtual_board import CLOCK_HZ, VirtualBoard
from support.failures import InputError
from tests.machines import OUTSIDE
from tests.models import random_model

pytestmark = pytest.mark.sim

CONFORMANCE = Path(__file__).parents[2] / "conformance"


@pytest.fixture(scope="module")
def connection():
    with VirtualBoard(virtual_board.build(BuildPlan(OUTSIDE, CLOCK_HZ))) as board:
        with open_board(board.path, clock=board.clock) as link:
            yield link


@pytest.mark.parametrize("name", ["two-layers-2-bits", "colour-24-k5"])
def test_pictures_are_the_contracts(connection, name):
    model = model_file.load(CONFORMANCE / f"{name}.safetensors")
    facts = load_model(connection, model)
    assert facts["share"] > 0.9
    latents = np.load(CONFORMANCE / f"{name}.latents.npy")[:2]
    expected = np.load(CONFORMANCE / f"{name}.pictures.npy")[:2]
    made = connection.generate(model, latents)
    np.testing.assert_array_equal(made, expected.reshape(made.shape))
    assert connection.self_test().wrong_layer is None


def test_it_says_how_its_memory_is(connection):
    status = connection.info().status
    assert (status.state, status.memory) == (State.UPLOADED, Memory.READY)
    assert status.window >> status.phase & 1
    report = self_test_report(connection)
    assert report["memory"]["window"][status.phase] == "@"
    assert report["memory"]["window"].count("#") == status.window.bit_count() - 1
    assert f"memory     16 bits, ready; read at {report['memory']['window']}" in as_text(report)


def test_what_does_not_fit_is_refused(connection):
    with pytest.raises(InputError, match=r"does not fit the machine: .*weight_words 1,07"):
        load_model(connection, random_model(GeneratorSpec.preset("contest")))


def test_a_model_cannot_be_there_from_power_up_on():
    model = model_file.load(CONFORMANCE / "two-layers-2-bits.safetensors")
    with pytest.raises(InputError, match="lie in a memory outside, which is empty at power-up"):
        BuildPlan(OUTSIDE, CLOCK_HZ, model)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--board", "none"], "board 'none' is unknown"),
        (["--board", "ulx3s-85f", "--capacity", "w9"], "has no machine 'w9'"),
        (["--board", "ulx3s-85f", "--model", "a.safetensors"], "a.safetensors"),
        (["--board", "ulx3s-85f", "--netlist", "ulx3s-85f"], "leave --model and --netlist out"),
        (["--capacity", "w5"], "--capacity is of a board's machine; give --board, too"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, complaint):
    assert cli.main(["board-sim", *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
