# SPDX-License-Identifier: Apache-2.0
"""A virtual board whose weights lie in a simulated SDRAM: loads, pictures, and what it says."""

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import cli
from boards.host.link import Link
from boards.host.open_board import open_board
from boards.host.self_test import as_text, self_test_report
from cli import simulation as simulation_verbs
from cli.line import in_flash, load_model
from golden import model_file
from golden.spec import GeneratorSpec
from hw.build_plan import BuildPlan
from hw.uart.facts import Flash, Memory, State
from sim.board import virtual_board
from sim.board.virtual_board import CLOCK_HZ, VirtualBoard
from support.failures import InputError
from tests.machines import OUTSIDE
from tests.models import random_model

pytestmark = pytest.mark.sim

TINY = str(Path(__file__).parents[3] / "models" / "tiny-w5.safetensors")
CONFORMANCE = Path(__file__).parents[2] / "conformance"


@pytest.fixture(scope="module")
def simulation():
    return virtual_board.build(BuildPlan(OUTSIDE, CLOCK_HZ))


@pytest.fixture(scope="module")
def connection(simulation):
    with VirtualBoard(simulation) as board, open_board(board.path, clock=board.clock) as link:
        yield link


def model_and_picture(name):
    """Return a model, latents of the contract's, and their pictures."""
    model = model_file.load(CONFORMANCE / f"{name}.safetensors")
    latents = np.load(CONFORMANCE / f"{name}.latents.npy")[:2]
    pictures = np.load(CONFORMANCE / f"{name}.pictures.npy")[:2]
    return model, latents, pictures.reshape(2, *model.spec.picture_shape)


def test_a_board_draws_what_lies_in_its_flash(simulation):
    """From the pins of flash and memory to the picture, without any load."""
    model, latents, expected = model_and_picture("two-layers-2-bits")
    with VirtualBoard(simulation, stored=in_flash(model, OUTSIDE)) as board:
        with open_board(board.path, clock=board.clock) as link:
            np.testing.assert_array_equal(link.generate(model, latents), expected)
            status = link.info().status
            assert (status.state, status.flash) == (State.UPLOADED, Flash.LOADED)
            text = as_text(self_test_report(link))
            assert f"model      {model.digest[:16]}, loaded from the flash" in text
            assert "flash      holds the model" in text
            other, latents, expected = model_and_picture("colour-24-k5")
            load_model(link, other)
            np.testing.assert_array_equal(link.generate(other, latents), expected)
            assert link.info().status.flash == Flash.LEFT
            assert "loaded from" not in as_text(self_test_report(link))


def refusals():
    model, *_ = model_and_picture("two-layers-2-bits")
    whole = in_flash(model, OUTSIDE)
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 4]) + whole[middle + 1 :]
    other = replace(OUTSIDE, map_words=2 * OUTSIDE.map_words)
    return {
        "empty": (b"", Flash.EMPTY, "put one there with `avatar load"),
        "a flipped bit": (flipped, Flash.DAMAGED, "the image in its flash is damaged"),
        "cut": (whole[:middle], Flash.DAMAGED, "the image in its flash is damaged"),
        "another machine's": (in_flash(model, other), Flash.FOREIGN, "is for another machine"),
    }


@pytest.mark.parametrize("name", ["empty", "a flipped bit", "cut", "another machine's"])
def test_what_is_no_image_for_it_is_said_in_one_line(simulation, name):
    contents, state, words = refusals()[name]
    model, latents, _ = model_and_picture("two-layers-2-bits")
    with VirtualBoard(simulation, stored=contents) as board:
        with open_board(board.path, clock=board.clock) as link:
            status = link.info().status
            assert (status.state, status.flash) == (State.NO_MODEL, state)
            with pytest.raises(InputError, match=words) as refused:
                link.generate(model, latents)
            assert "\n" not in str(refused.value)


def test_a_host_that_loads_in_the_midst_of_it(simulation):
    model, *_ = model_and_picture("two-layers-2-bits")
    other, latents, expected = model_and_picture("colour-24-k5")
    with VirtualBoard(simulation, stored=in_flash(model, OUTSIDE)) as board:
        with Link(board.path, clock=board.clock) as link:
            assert link.info().status.flash == Flash.READING
            load_model(link, other)
            np.testing.assert_array_equal(link.generate(other, latents), expected)
            status = link.info().status
            assert (status.state, status.flash) == (State.UPLOADED, Flash.LEFT)


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


def test_the_verb_puts_a_model_into_the_flash(monkeypatch, capsys):
    """What `avatar program --flash` would write: the board itself is simulated above."""
    given = {}

    @contextmanager
    def stand_in(*arguments, **more):
        given.update(more, capacity=arguments[4])
        yield SimpleNamespace(path="/dev/pts/9", process=SimpleNamespace(wait=int, returncode=0))

    monkeypatch.setattr(simulation_verbs, "virtual_board_of", stand_in)
    board = ["board-sim", "--board", "ulx3s-85f", "--capacity", "sdram-w5"]
    assert cli.main([*board, "--flash-model", TINY]) == 0
    assert given["stored"] == in_flash(model_file.load(TINY), given["capacity"])
    assert cli.main(board) == 0
    assert given["stored"] == b""


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--board", "none"], "board 'none' is unknown"),
        (["--board", "ulx3s-85f", "--capacity", "w9"], "has no machine 'w9'"),
        (["--board", "ulx3s-85f", "--model", "a.safetensors"], "a.safetensors"),
        (["--board", "ulx3s-85f", "--netlist", "ulx3s-85f"], "leave --model and --netlist out"),
        (["--capacity", "w5"], "are of a board's machine; give --board, too"),
        (["--flash-model", "a"], "are of a board's machine; give --board, too"),
        (["--board", "ulx3s-85f", "--flash-model", TINY], "loads nothing from a flash"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, complaint):
    assert cli.main(["board-sim", *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
