# SPDX-License-Identifier: Apache-2.0
"""`avatar load`, and `generate --load`, against a board that is played."""

import dataclasses
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli
from boards.catalogue.registry import board as board_named
from golden import model_file
from golden.latents import draw_latents
from golden.layer_sums import self_test_of
from hw.array import ArraySpec
from hw.build_plan import image_of, machine_of
from hw.capacity import Capacity
from hw.tiling import Tiling
from hw.uart.facts import State
from hw.uart.identity import ModelPart
from hw.uart.protocol import Request
from tests.boards.host.played import INFO, MACHINE, STATUS, PlayedLoad, picture

MODEL_PATH = Path(__file__).parents[2] / "conformance" / "plain-8-8-8-w8.safetensors"
LARGER = MODEL_PATH.with_name("planes-64-five.safetensors")
ARRAY = ArraySpec(4, 4)


@pytest.fixture(scope="module")
def model():
    return model_file.load(MODEL_PATH)


@pytest.fixture(scope="module")
def capacity(model):
    return Capacity.of(Tiling(model.spec, ARRAY))


@pytest.fixture
def loads(board, model, capacity, monkeypatch):
    """An empty board with room for `model`."""
    monkeypatch.setattr("boards.host.link.SLOWEST", 1e12)
    monkeypatch.setattr("boards.host.exchange.ALLOWANCE", 2.0)  # nothing is lost here
    machine = machine_of(capacity, build_id=b"build-id", clock_hz=MACHINE.clock_hz)
    status = dataclasses.replace(STATUS, state=State.NO_MODEL)
    info = dataclasses.replace(INFO, machine=machine, model=None, status=status)
    facts = ModelPart.of(model.spec, model.digest, (), ()).facts
    board.respond = PlayedLoad(info, facts)
    return board.respond


def avatar(*arguments):
    return cli.main([*map(str, arguments)])


def kinds(board):
    return {request.type for request in board.requests}


def test_load(board, loads, model, capacity, capsys):
    assert avatar("load", "--port", board.path, "--model", MODEL_PATH, "--json") == 0
    image = image_of(model, capacity, *self_test_of(model, ARRAY.columns))
    assert loads.received == image
    facts = json.loads(capsys.readouterr().out)
    assert facts["model"] == model.digest
    assert (facts["image"], facts["taken_up"], facts["repeats"]) == (len(image), 0, 0)
    assert facts["share"] > 0.9
    assert facts["baud"] == MACHINE.clock_hz // 4
    assert avatar("load", "--port", board.path, "--model", MODEL_PATH) == 0
    words = capsys.readouterr().out
    assert f"{board.path}: holds model {model.digest[:16]} now, self-test passed" in words


def test_a_wrong_self_test_is_a_failed_check(board, loads, capsys):
    loads.accept = lambda image: False
    assert avatar("load", "--port", board.path, "--model", MODEL_PATH) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert "fails its self-test, layer 3 is the first that is wrong" in error
    assert "it holds no model now; load it again" in error


def test_a_model_that_does_not_fit(board, loads, capsys):
    assert avatar("load", "--port", board.path, "--model", LARGER) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "does not fit the machine: " in error
    assert "`avatar boards` lists what holds it" in error
    assert Request.LOAD_BEGIN not in kinds(board)


def test_a_machine_of_another_version(board, loads, capsys):
    machine = dataclasses.replace(loads.info.machine, capacity_id=bytes(8))
    loads.info = dataclasses.replace(loads.info, machine=machine)
    assert avatar("load", "--port", board.path, "--model", MODEL_PATH) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "machine is of another version; build it anew" in error
    assert Request.LOAD_BEGIN not in kinds(board)


def test_a_machine_that_cannot_be(board, loads, capsys):
    machine = loads.info.machine
    machine = dataclasses.replace(machine, capacity=(3, *machine.capacity[1:]))
    loads.info = dataclasses.replace(loads.info, machine=machine)
    assert avatar("load", "--port", board.path, "--model", MODEL_PATH) == 2
    assert "the board says of itself: array: rows is 3" in capsys.readouterr().err


def test_a_board_of_its_own_would_be_gone(capsys):
    assert avatar("load", "--port", "sim", "--model", MODEL_PATH) == 2
    assert "load into one of `avatar board-sim`" in capsys.readouterr().err


def test_generate_names_the_verb_or_does_it(board, loads, tmp_path, capsys):
    folder = tmp_path / "each"
    generate = ("generate", "--model", MODEL_PATH, "--port", board.path, "--each", folder)
    assert avatar(*generate) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "holds no model; put one there with `avatar load" in error
    assert not folder.exists()
    assert avatar(*generate, "--load") == 0
    latents = draw_latents(0, 1)[0].tobytes()
    expected = np.frombuffer(picture(latents), np.uint8).reshape(32, 32, 3)
    with Image.open(folder / "000.png") as made:
        np.testing.assert_array_equal(np.asarray(made), expected)
    board.requests.clear()
    assert avatar("generate", "--model", MODEL_PATH, "--port", board.path, "--load", "--show") == 0
    assert Request.LOAD_BEGIN not in kinds(board)  # it is there


def test_load_without_a_port(capsys):
    assert avatar("generate", "--model", MODEL_PATH, "--load", "--show") == 2
    assert "--load puts the model into a board; give --port too" in capsys.readouterr().err


TINY = MODEL_PATH.parents[2] / "models" / "tiny-w5.safetensors"


def test_an_image_is_what_would_be_sent(tmp_path, capsys):
    out = tmp_path / "new" / "tiny.image"
    image = ("load", "--model", TINY, "--board", "ulx3s-85f", "--image", out)
    assert avatar(*image) == 0
    tiny = model_file.load(TINY)
    words = capsys.readouterr().out
    assert f"tiny.image: model {tiny.digest[:16]} for ulx3s-85f, " in words
    capacity = board_named("ulx3s-85f").capacity()
    wanted = image_of(tiny, capacity, *self_test_of(tiny, capacity.array.columns))
    assert out.read_bytes() == wanted + zlib.crc32(wanted).to_bytes(4, "little")
    assert avatar(*image, "--capacity", "weight_words=32768", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["bytes"] == out.stat().st_size - 4
    assert out.read_bytes()[:8] != wanted[:8]  # another machine's id


def test_an_image_that_does_not_fit_is_not_written(tmp_path, capsys):
    out = tmp_path / "contest.image"
    contest = TINY.with_name("contest-w5.safetensors")
    machine = ("--board", "ulx3s-85f", "--capacity", "weight_words=64")
    assert avatar("load", "--model", contest, *machine, "--image", out) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "ulx3s-85f: the network does not fit the machine: " in error
    assert "weight_words 27,178 of 64, " in error
    assert not out.exists()


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--board", "ulx3s-85f"],
        ["--port", "/dev/null", "--capacity", "w8"],
        ["--image", "x"],
        ["--image", "x", "--board", "ulx3s-85f", "--port", "/dev/null"],
    ],
)
def test_options_that_do_not_go_together(options, capsys):
    assert avatar("load", "--model", TINY, *options) == 2
    assert capsys.readouterr().err.count("\n") == 1
