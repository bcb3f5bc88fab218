# SPDX-License-Identifier: Apache-2.0
"""What can make the pictures for a page: the reference, and a played board that draws well."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from boards.host import exchange, link
from boards.host.open_board import open_board
from golden import model_file
from golden.generator import generate
from hw.uart import protocol
from hw.uart.identity import ModelPart
from hw.uart.protocol import ANSWER, Frame, Request
from tests.boards.host import played
from web import makers

ROOT = Path(__file__).parents[2]
MODEL_PATH = ROOT / "tests" / "conformance" / "plain-8-8-8-w8.safetensors"


@pytest.fixture(scope="session")
def model():
    return model_file.load(MODEL_PATH)


@pytest.fixture(scope="session")
def respond(model):
    """Answer as a board that holds the model: (request, number of the request) to bytes."""
    info = replace(played.INFO, model=ModelPart.of(model.spec, model.digest, (), ()).facts)

    def answer(request, n):
        if request.type == Request.INFO:
            payload = info.pack()
        elif request.type == Request.GENERATE:
            latents = np.frombuffer(request.payload[protocol.ID_SIZE :], np.int8)
            payload = generate(model, latents[None]).tobytes()
        else:
            return played.answer(request).encode()
        return Frame(request.type | ANSWER, request.tag, payload).encode()

    return answer


@pytest.fixture
def board(monkeypatch, respond):
    monkeypatch.setattr(exchange, "ALLOWANCE", 0.2)
    monkeypatch.setattr(link, "SLOWEST", 1e12)
    made = played.PlayedBoard()
    made.respond = respond
    yield made
    made.end()


@pytest.fixture
def board_maker(board, model):
    maker = makers.Board(
        board.path, partial(open_board, board.path, baud=protocol.BAUD), model, "plain.safetensors"
    )
    maker.open()
    return maker


@pytest.fixture
def reference(model):
    return makers.Reference(model, "plain.safetensors")
