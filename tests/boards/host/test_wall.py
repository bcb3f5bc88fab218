# SPDX-License-Identifier: Apache-2.0
"""`avatar screen` and Link.wall, against a board that is played."""

import dataclasses
import json
from pathlib import Path

import pytest

import cli
from boards.host.link import Link, Wall
from golden import model_file
from hw.uart import protocol
from hw.uart.identity import ModelPart
from hw.uart.protocol import ANSWER, ERROR, Error, Frame, Request, WallError
from support.failures import InputError
from tests.boards.host.played import INFO, SPEC, answer
from tests.cli.refusals import refusal

ROOT = Path(__file__).parents[3]


class PlayedWall:
    """A wall in a board's `respond`; `code` is the error that orders get."""

    def __init__(self, code=None):
        self.seed, self.mode, self.text, self.code = 1, 0, b"", code

    def __call__(self, request, n):
        if request.type != Request.WALL:
            return answer(request).encode()
        if self.code and (request.payload or self.code == Error.TYPE):
            return Frame(ERROR, request.tag, bytes([self.code])).encode()
        if request.payload:
            self.seed, self.mode = protocol.WALL.unpack_from(request.payload)
            self.text = request.payload[protocol.WALL.size :]
        flag = protocol.WALL_TEXT if self.text else 0
        told = protocol.WALL_ANSWER.pack(self.seed, self.mode | flag, 1234)
        return Frame(request.type | ANSWER, request.tag, told).encode()


@pytest.fixture
def wall(board):
    board.respond = PlayedWall()
    return board.respond


@pytest.mark.parametrize("mode", range(7))
def test_modes_are_steps(board, wall, mode):
    steps = (0, 1, 2, 4, 8, 16, 32)[mode]
    with Link(board.path) as connection:
        assert connection.wall(7, steps) == Wall(7, steps, 1234)
        assert wall.mode == mode
        assert connection.wall() == Wall(7, steps, 1234)
    assert [r.payload for r in board.requests if r.type == Request.WALL] == [
        protocol.WALL.pack(7, mode),
        b"",
    ]


@pytest.mark.parametrize(
    ("options", "order", "said"),
    [
        ([], (1, 0), "the wall is off"),
        (["--wall"], (1, 1), "a wall of seed 1, 1,234 pictures"),
        (["--wall", "--seed", "4294967295"], (2**32 - 1, 1), "a wall of seed 4294967295, 1,234"),
        (["--wall", "--walk"], (1, 5), "a wall of seed 1, in 16 steps from one to the next"),
        (["--wall", "--walk", "2", "--seed", "0"], (0, 2), "of seed 0, in 2 steps"),
        (["--off"], (0, 0), "the wall is off"),
    ],
)
def test_the_verb_gives_the_order(board, wall, capsys, options, order, said):
    assert cli.main(["screen", "--port", board.path, *options]) == 0
    assert capsys.readouterr().out.startswith(f"{board.path}: ")
    assert (wall.seed, wall.mode) == order
    assert cli.main(["screen", "--port", board.path, *options]) == 0
    assert said in capsys.readouterr().out
    assert cli.main(["screen", "--port", board.path, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["seed"] == order[0]
    assert facts["on"] == (order[1] > 0)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (["--text", "Grace Hopper's 24 faces!"], b"Grace Hopper's 24 faces!"),
        (["--text"], b"c0dbdcdd"),
        ([], b""),
    ],
)
def test_a_text(board, wall, capsys, options, name):
    assert cli.main(["screen", "--port", board.path, "--wall", *options]) == 0
    assert wall.text == name
    said = capsys.readouterr().out
    assert ("a wall of seed 1, with a text, 1,234 pictures" in said) == bool(name)
    assert cli.main(["screen", "--port", board.path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == bool(name)


@pytest.mark.parametrize("name", ["compact-w5", "compact-normal-w5"])
def test_a_shipped_model_has_a_name(board, wall, name):
    digest = model_file.told_digest(ROOT / "models" / f"{name}.safetensors")
    facts = ModelPart.of(SPEC, digest, (), ()).facts

    def respond(request, n):
        if request.type == Request.INFO:
            return answer(request, dataclasses.replace(INFO, model=facts)).encode()
        return wall(request, n)

    board.respond = respond
    assert cli.main(["screen", "--port", board.path, "--wall", "--text"]) == 0
    assert wall.text == name.encode()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (Error.TYPE, "the board has no screen; `avatar build"),
        (Error.NO_MODEL, "it holds no model; put one there with `avatar load`"),
        (WallError.LATENTS, "draws normal and categorical latents"),
        (WallError.WALK, "knows no such walk"),
        (WallError.SIZE, "no room for pictures as large"),
        (WallError.TEXT, "printable ASCII"),
        (WallError.ROOM, "no room for a text; leave out --text"),
    ],
)
def test_what_a_board_refuses(board, tmp_path, monkeypatch, capsys, code, words):
    monkeypatch.chdir(tmp_path)
    board.respond = PlayedWall(code)
    assert words in refusal(capsys, "screen", "--port", board.path, "--wall")
    with Link(board.path) as connection:  # the line goes on
        assert connection.info().model is not None
        if code != Error.TYPE:
            assert connection.wall() == Wall(1, 0, 1234)
        else:
            with pytest.raises(InputError, match="no screen"):
                connection.wall()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--wall", "--off"], "--wall begins what --off ends"),
        (["--seed", "1"], "--seed, --walk and --text are of a wall; give --wall"),
        (["--off", "--walk"], "--seed, --walk and --text are of a wall; give --wall too"),
        (["--text"], "--seed, --walk and --text are of a wall; give --wall too"),
        (["--off", "--text", "x"], "--seed, --walk and --text are of a wall; give --wall too"),
        (["--wall", "--text", 25 * "x"], "25 characters; give 1 to 24 of printable ASCII"),
        (["--wall", "--text", "caf\u00e9"], "give 1 to 24 of printable ASCII"),
        (["--wall", "--text", "a\tb"], "--text is 'a\\tb', 3 characters; give 1 to 24"),
        (["--wall", "--seed", "-1"], "--seed is -1; give 0 to 4294967295"),
        (["--wall", "--seed", "4294967296"], "--seed is 4294967296"),
        (["--wall", "--walk", "3"], "--walk is 3; give 2, 4, 8, 16 or 32 steps"),
        (["--wall", "--port", "sim"], "--port sim ends with the verb"),
    ],
)
def test_orders_that_cannot_be(tmp_path, monkeypatch, capsys, options, words):
    monkeypatch.chdir(tmp_path)
    assert words in refusal(capsys, "screen", "--port", "none", *options)
