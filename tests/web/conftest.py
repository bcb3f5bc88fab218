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
from web.shelf import ModelFile, Shelf

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "models"
MODEL_PATH = ROOT / "tests" / "conformance" / "plain-8-8-8-w8.safetensors"


@pytest.fixture(scope="session")
def model():
    return model_file.load(MODEL_PATH)


@pytest.fixture(scope="session")
def respond(model):
    """Answer as a board that holds the model: (request, number of the request) to bytes."""
    info = replace(played.INFO, model=facts_of(model))

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


def image_for(model, link):
    """Return what a played board takes for the image of a model."""
    return link.info().machine.capacity_id + np.random.default_rng(0).bytes(5000)


class Loads(played.PlayedLoad):
    """A board that holds `models[0]` from power-up on, takes loads of the others, and draws."""

    def __init__(self, models):
        info = replace(played.INFO, model=facts_of(models[0]))
        super().__init__(info, facts_of(models[-1]))
        self.models = {model.digest: model for model in models}

    def _answer(self, request):
        if request.type != Request.GENERATE or self.info.model is None:
            return super()._answer(request)
        model = self.models[self.info.model.digest.hex()]
        latents = np.frombuffer(request.payload[protocol.ID_SIZE :], np.int8)
        return Frame(request.type | ANSWER, request.tag, generate(model, latents[None]).tobytes())


def facts_of(model):
    return ModelPart.of(model.spec, model.digest, (), ()).facts


@pytest.fixture(scope="session")
def other():
    """Another model, of other pictures: four layers, as the played self-test has."""
    return ModelFile.load(MODEL_PATH.with_name("odd-7-5-3-mixed.safetensors"))


@pytest.fixture
def loads(board, model, other):
    board.respond = Loads([model, other.model])
    return board.respond


@pytest.fixture
def plain(model):
    return ModelFile(model, "plain.safetensors", MODEL_PATH.read_bytes())


@pytest.fixture
def board_maker(board, plain):
    maker = makers.Board(
        board.path,
        partial(open_board, board.path, baud=protocol.BAUD),
        Shelf(MODELS, plain),
        image_for,
    )
    maker.open()
    return maker


@pytest.fixture
def reference(plain):
    return makers.Reference(plain)
