# SPDX-License-Identifier: Apache-2.0
"""A page puts a model into the board: what is told, what is refused, what is left after a fault."""

import asyncio
import threading
from dataclasses import replace

import pytest

from boards.host import exchange
from golden.generator import generate
from golden.latents import draw_latents
from hw.uart.facts import State
from hw.uart.protocol import Request
from support.failures import InputError
from tests.boards.host.played import STATUS
from tests.web.conftest import MODELS, facts_of
from tests.web.visiting import run, serving
from web import session
from web.shelf import ModelFile


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Nothing is lost where no test wants that, however busy the machine is."""
    monkeypatch.setattr(exchange, "ALLOWANCE", 1.0)


async def draws(page, file, number=1):
    """Check that the page gets pictures of a model, and none of another."""
    latents = draw_latents(number, 1, latent=file.model.spec.latent)
    await page.ask(number, latents[0])
    said = await page.hear("picture")
    assert said["id"] == number
    assert said["bytes"] == generate(file.model, latents).tobytes()
    check = await page.hear("check")
    while check["id"] < number:  # of a picture before it, which a busy machine looks at late
        check = await page.hear("check")
    assert check == {"type": "check", "id": number, "differs": None}


async def loaded(page):
    """Return the last `hello` and what else was heard until a load is over."""
    heard = []
    while not heard or heard[-1]["type"] != "loaded":
        heard.append(await page.hear())
    assert heard[-2]["type"] == "hello"
    return heard[-2], heard[:-2], heard[-1]["sentence"]


def is_of(hello, file):
    spec = file.model.spec
    assert (hello["model"], hello["name"]) == (file.model.digest, file.name)
    assert (hello["latent"], hello["size"], hello["colours"]) == (
        spec.latent, spec.size, spec.colours,
    )  # fmt: skip


def is_empty(hello):
    assert [hello[key] for key in ("model", "name", "latent", "size", "colours")] == 5 * [None]


def test_a_model_that_the_page_brings(board, loads, board_maker, plain, other):
    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            hello = await page.hear("hello")
            is_of(hello, plain)
            assert hello["most_bytes"] == 16 << 20
            await draws(page, plain)
            await page.load("mine", other.contents)
            hello, heard, sentence = await loaded(page)
            assert sentence is None
            mine = replace(other, name="mine.safetensors")
            is_of(hello, mine)
            assert {said["type"] for said in heard} == {"loading"}
            steps = [(said["has"], said["size"]) for said in heard]
            assert steps[0] == (0, 5008)
            assert steps[-1] == (5008, 5008)
            assert steps == sorted(steps)
            assert len(loads.received) == 5008
            await draws(page, other)
            async with visitor.get("/model.safetensors") as answer:
                assert await answer.read() == other.contents
            loads.facts = facts_of(plain.model)  # and back again
            await page.load("plain", plain.contents, piece=1000)
            assert (await loaded(page))[2] is None
            await draws(page, plain)

    run(scenario())


def test_a_model_of_the_server(board, loads, board_maker):
    tiny = ModelFile.load(MODELS / "tiny-w5.safetensors")
    loads.facts = facts_of(tiny.model)
    loads.models[tiny.model.digest] = tiny.model

    async def scenario():
        async with serving(board_maker) as visitor:
            async with visitor.page() as page:
                await page.hear("hello")
                await page.load("tiny-w5")
                hello, _, sentence = await loaded(page)
                assert sentence is None
                is_of(hello, tiny)
                await draws(page, tiny)
            async with visitor.page() as page:
                is_of(await page.hear("hello"), tiny)

    run(scenario())


@pytest.mark.parametrize(
    ("name", "contents", "sentence"),
    [
        ("../models/tiny-w5", None, "../models/tiny-w5: the server has no such model"),
        ("mine", b"no model at all", "mine.safetensors: is not a model file"),
        ("attributes", None, "attributes.safetensors: "),
    ],
)
def test_a_wrong_file_changes_nothing(board, loads, board_maker, plain, name, contents, sentence):
    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await page.hear("hello")
            await page.load(name, contents)
            hello, heard, said = await loaded(page)
            assert sentence in said
            assert "\n" not in said
            assert heard == []
            is_of(hello, plain)
            await draws(page, plain)

    run(scenario())
    assert Request.LOAD_BEGIN not in {request.type for request in board.requests}


def test_a_model_that_does_not_fit_changes_nothing(board, loads, board_maker, plain, other):
    def refuse(model, link):
        raise InputError("the network does not fit the machine: map_words 4,608 of 1,152")

    board_maker._compile = refuse

    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await page.hear("hello")
            await page.load("mine", other.contents)
            hello, _, said = await loaded(page)
            assert said == "the network does not fit the machine: map_words 4,608 of 1,152"
            is_of(hello, plain)
            await draws(page, plain)

    run(scenario())


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({}, "A model's name is a line of 1 to 200 characters."),
        ({"name": 5}, "A model's name is a line of 1 to 200 characters."),
        ({"name": 201 * "a"}, "A model's name is a line of 1 to 200 characters."),
        ({"name": "a\nb"}, "A model's name is a line of 1 to 200 characters."),
        ({"name": "a", "bytes": 0}, "a has 0 bytes; a model file for a board has 1 to 16777216."),
        ({"name": "a", "bytes": True}, "a has True bytes; a model file for a board has 1 to"),
        ({"name": "a", "bytes": 16777217}, "a has 16777217 bytes; a model file for a board has"),
    ],
)
def test_a_wish_that_cannot_be(board, loads, board_maker, plain, more, sentence):
    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await page.hear("hello")
            await page.socket.send_json({"type": "load", **more})
            said = await page.hear()
            assert said["type"] == "loaded"
            assert said["sentence"].startswith(sentence)
            await draws(page, plain)

    run(scenario())


def test_a_piece_that_is_too_long(board, loads, board_maker, plain):
    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await page.hear("hello")
            await page.socket.send_str('{"type": "load", "name": "mine", "bytes": 9}')
            await page.socket.send_bytes(bytes(5))
            await page.socket.send_bytes(bytes(5))
            said = await page.hear()
            assert said["type"] == "loaded"
            assert said["sentence"].startswith("A piece of mine has 5 bytes, but 4 are missing")
            await draws(page, plain)

    run(scenario())


def test_the_reference_is_no_board(reference, plain):
    async def scenario():
        async with serving(reference) as visitor, visitor.page() as page:
            await page.hear("hello")
            await page.load("mine", None)
            said = await page.hear()
            assert said["type"] == "loaded"
            assert said["sentence"].startswith("The reference draws here")

    run(scenario())


def test_a_wrong_self_test_leaves_no_model_and_the_next_load_works(
    board, loads, board_maker, other
):
    loads.accept = lambda image: False

    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await page.hear("hello")
            await page.load("mine", other.contents)
            hello, _, said = await loaded(page)
            assert "fails its self-test, layer 3 is the first that is wrong" in said
            assert "it holds no model now; load it again" in said
            is_empty(hello)
            async with visitor.get("/model.safetensors") as answer:
                assert answer.status == 404
            await page.ask(7, draw_latents(0, 1)[0])
            said = await page.hear()
            assert (said["type"], said["id"]) == ("error", 7)
            assert said["sentence"].startswith("The board holds no model")
            loads.accept = lambda image: True
            await page.load("mine", other.contents)
            assert (await loaded(page))[2] is None
            await draws(page, other)

    run(scenario())


def test_a_board_that_is_empty(board, loads, board_maker, other):
    status = replace(STATUS, state=State.NO_MODEL)
    loads.info = replace(loads.info, model=None, status=status)

    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            is_empty(await page.hear("hello"))
            await page.load("mine", other.contents)
            assert (await loaded(page))[2] is None
            await draws(page, other)

    run(scenario())


@pytest.fixture
def held(board, loads):
    """Hold the third frame of a load's data until `go` is set; `at` is set when it has come."""

    class Held:
        at, go = threading.Event(), threading.Event()

    def hold(request, n, wire):
        if request.type == Request.LOAD_DATA and len(loads.received) > 2048:
            Held.at.set()
            Held.go.wait(10)
        return wire

    loads.disturb = hold
    yield Held
    Held.go.set()


async def begin(page, held, model):
    """Begin a load as the page's first wish, and go on once it is held."""
    await page.hear("hello")
    await page.load("mine", model.contents)
    await asyncio.to_thread(held.at.wait, 10)


def test_nobody_else_is_held_up_by_a_load(board, board_maker, held, other):
    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await begin(page, held, other)
            async with visitor.get("/page.js") as answer:
                assert answer.status == 200
            async with visitor.page() as second:
                assert (await second.hear())["type"] == "busy"
                assert await second.close_code() == 4000
            await page.ask(5, draw_latents(0, 1)[0])
            said = await page.hear("error")
            assert said["id"] == 5
            assert said["sentence"].startswith("A model is being loaded")
            await page.load("again")
            said = await page.hear("error")
            assert said["sentence"].startswith("A model is being loaded already")
            held.go.set()
            assert (await loaded(page))[2] is None
            await draws(page, other)

    run(scenario())


def test_a_page_that_leaves_in_the_middle(board, board_maker, held, other):
    """The load goes on, and the next page is greeted with what the board holds then."""

    async def scenario():
        async with serving(board_maker) as visitor:
            async with visitor.page() as page:
                await begin(page, held, other)
            async with visitor.page() as page:
                asyncio.get_running_loop().call_later(0.2, held.go.set)
                hello = await page.hear("hello")
                assert hello["model"] == other.model.digest
                await draws(page, other)

    run(scenario())


def test_a_load_waits_for_the_pictures_before_it(board, loads, board_maker, plain, other):
    latents = draw_latents(0, 10)
    first = threading.Event()

    def hold(request, n, wire):
        if request.type == Request.GENERATE:
            first.wait(10)
        return wire

    loads.disturb = hold

    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await page.hear("hello")
            for number, latent in enumerate(latents):
                await page.ask(number, latent)
            await page.load("mine", other.contents)
            first.set()
            _, heard, sentence = await loaded(page)
            assert sentence is None
            shown = [said for said in heard if said["type"] == "picture"]
            assert [said["id"] for said in shown] == list(range(10))
            for latent, said in zip(latents, shown, strict=True):
                assert said["bytes"] == generate(plain.model, latent[None]).tobytes()
            await draws(page, other, 11)

    run(scenario())


def test_a_board_that_vanishes_in_the_middle(board, board_maker, held, other):
    async def scenario():
        async with serving(board_maker) as visitor:
            async with visitor.page() as page:
                await begin(page, held, other)
                held.go.set()
                await asyncio.to_thread(board.vanish)
                said = await page.hear("gone")
                assert said["sentence"].startswith("The board is gone; connect again when it is")
                assert await page.close_code() == 4001
            async with visitor.get("/page.js") as answer:
                assert answer.status == 200

    run(scenario())


def test_a_board_that_is_silent_in_the_middle_takes_the_load_up(
    board, loads, board_maker, other, monkeypatch
):
    monkeypatch.setattr(exchange, "ALLOWANCE", 0.1)
    silent = threading.Event()

    def hush(request, n, wire):
        if request.type == Request.LOAD_DATA and len(loads.received) > 2048 and not hush.done:
            hush.done = True
            silent.set()
        return b"" if silent.is_set() else wire

    hush.done = False
    loads.disturb = hush

    async def scenario():
        async with serving(board_maker) as visitor:
            async with visitor.page() as page:
                await page.hear("hello")
                await page.load("mine", other.contents)
                said = await page.hear("gone")
                assert "no answer in 5 tries" in said["sentence"]
                assert await page.close_code() == 4001
            silent.clear()
            async with visitor.page() as page:
                is_empty(await page.hear("hello"))
                begun = sum(request.type == Request.LOAD_BEGIN for request in board.requests)
                await page.load("mine", other.contents)
                _, heard, sentence = await loaded(page)
                assert sentence is None
                assert heard[1]["has"] > 2048  # that was there
                assert sum(each.type == Request.LOAD_BEGIN for each in board.requests) == begun
                await draws(page, other)

    run(scenario())


def test_a_picture_is_compared_with_the_model_that_made_it(
    board, loads, board_maker, other, monkeypatch
):
    """The comparison of the second picture begins when the board has another model."""
    free = threading.Event()

    def wait(model, latents):
        free.wait(10)
        return generate(model, latents)

    monkeypatch.setattr(session, "generate", wait)

    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await page.hear("hello")
            for number, latent in enumerate(draw_latents(0, 2)):
                await page.ask(number, latent)
                await page.hear("picture")
            await page.load("mine", other.contents)
            assert (await loaded(page))[2] is None
            free.set()
            for number in range(2):
                said = await page.hear("check")
                assert said == {"type": "check", "id": number, "differs": None}

    run(scenario())
