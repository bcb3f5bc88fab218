# SPDX-License-Identifier: Apache-2.0
"""Two pages, a board that vanishes, falls silent or is slow: each is told, nothing hangs."""

import asyncio
import contextlib
import time
from functools import partial

from boards.host import exchange
from boards.host.link import Link
from golden.generator import generate
from golden.latents import draw_latents
from hw.uart.protocol import Request
from tests.web.conftest import MODELS, image_for
from tests.web.visiting import run, serving
from web import desk, makers, session
from web.shelf import Shelf


def test_a_second_page_is_told_and_gets_the_board_when_the_first_leaves(board_maker):
    async def scenario():
        async with serving(board_maker) as visitor:
            async with visitor.page() as first:
                await first.hear("hello")
                async with visitor.page() as second:
                    said = await second.hear()
                    assert said["type"] == "busy"
                    assert said["sentence"].startswith("Another page has the board.")
                    assert await second.close_code() == 4000
                await first.ask(1, draw_latents(0, 1)[0])
                assert (await first.hear("picture"))["id"] == 1
            async with visitor.page() as second:
                await second.hear("hello")
                await second.ask(1, draw_latents(0, 1)[0])
                assert (await second.hear("picture"))["id"] == 1

    run(scenario())


def test_a_page_that_is_loaded_anew_in_mid_walk(board, board_maker, model, respond):
    """What the old page had asked for is not answered to the new one."""
    latents = draw_latents(0, 17)

    def slow(request, n):
        time.sleep(0.05 if request.type == Request.GENERATE else 0)
        return respond(request, n)

    board.respond = slow

    async def scenario():
        async with serving(board_maker) as visitor:
            async with visitor.page() as page:
                await page.hear("hello")
                for number in range(16):
                    await page.ask(number, latents[number])
                await page.hear("picture")
            async with visitor.page() as page:
                await page.hear("hello")
                await page.ask(3, latents[16])
                said = await page.hear()
                assert (said["type"], said["id"]) == ("picture", 3)
                assert said["bytes"] == generate(model, latents[16:]).tobytes()
            assert sum(request.type == Request.GENERATE for request in board.requests) < 16

    run(scenario())


def test_a_board_that_vanishes_in_mid_walk(board, board_maker, respond):
    async def scenario():
        async with serving(board_maker) as visitor:
            async with visitor.page() as page:
                await page.hear("hello")
                for number, latent in enumerate(draw_latents(0, 10)):
                    await page.ask(number, latent)
                await page.hear("picture")
                await asyncio.to_thread(board.vanish)
                with contextlib.suppress(ConnectionError):  # the server may have closed by now
                    for latent in draw_latents(1, 4):
                        await page.ask(99, latent)
                said = await page.hear("gone")
                assert said["sentence"].startswith(
                    "The board is gone; connect again when it is back. "
                    f"What happened: {board.path}: the port is gone"
                )
                assert await page.close_code() == 4001
            async with visitor.page() as page:  # it is not back
                assert (await page.hear())["type"] == "gone"
                assert await page.close_code() == 4001

    run(scenario())


def test_a_simulated_board_that_ended_is_not_opened_again(board, plain):
    """Its terminal's name may be another program's by now."""
    link_of = partial(Link, board.path)
    shelf = Shelf(MODELS, plain)
    maker = makers.Board("sim", link_of, shelf, image_for, virtual=True, link=link_of())

    async def scenario():
        async with serving(maker) as visitor:
            async with visitor.page() as page:
                await page.hear("hello")
                await asyncio.to_thread(board.vanish)
                await page.ask(1, draw_latents(0, 1)[0])
                said = await page.hear("gone")
                assert said["sentence"].startswith(
                    "The simulated board has ended; start `avatar web` again. "
                )
            async with visitor.page() as page:
                said = await page.hear()
                assert said["sentence"].endswith("What happened: sim: the simulation has ended")

    run(scenario())


def test_a_silent_board_is_gone_and_opened_again_when_it_answers(board, board_maker, respond):
    silent = {"now": False}
    board.respond = lambda request, n: b"" if silent["now"] else respond(request, n)

    async def scenario():
        async with serving(board_maker) as visitor:
            async with visitor.page() as page:
                await page.hear("hello")
                silent["now"] = True
                await page.ask(1, draw_latents(0, 1)[0])
                said = await page.hear("gone")
                assert "no answer in 5 tries" in said["sentence"]
                assert await page.close_code() == 4001
            silent["now"] = False
            async with visitor.page() as page:
                await page.hear("hello")
                await page.ask(1, draw_latents(0, 1)[0])
                said = await page.hear("picture")
                assert said["bytes_received"] < 2 * 3072 + 200  # counted from this hello on
            assert sum(request.type == Request.SELF_TEST for request in board.requests) == 2

    run(scenario())


def test_a_slow_board_is_told_while_it_is_waited_for(board, board_maker, respond, monkeypatch):
    monkeypatch.setattr(session, "SILENCE", 1)
    monkeypatch.setattr(exchange, "ALLOWANCE", 20)

    def slow(request, n):
        time.sleep(2 if request.type == Request.GENERATE else 0)
        return respond(request, n)

    board.respond = slow

    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await page.hear("hello")
            await page.ask(1, draw_latents(0, 1)[0])
            said = await page.hear()
            assert said["type"] == "wait"
            assert said["sentence"].startswith("The board has not answered for 1 seconds")
            assert (await page.hear())["type"] == "picture"

    run(scenario())


def test_the_server_ends_though_its_board_is_silent(board, board_maker, respond, monkeypatch):
    monkeypatch.setattr(desk, "CLOSING", 0.5)
    monkeypatch.setattr(exchange, "ALLOWANCE", 30)
    board.respond = lambda request, n: (
        b"" if request.type == Request.GENERATE else respond(request, n)
    )

    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await page.hear("hello")
            await page.ask(1, draw_latents(0, 1)[0])
            visitor.server.cancel()
            assert await page.close_code() == 1001

    begin = time.monotonic()
    run(scenario())
    assert time.monotonic() - begin < 10
