# SPDX-License-Identifier: Apache-2.0
"""What a page and the server say to each other while all is well, and garbage."""

import asyncio
import contextlib
import time

import numpy as np
import pytest

from golden.generator import generate
from golden.latents import draw_latents
from hw.uart.protocol import ANSWER, BYTE_BITS, Frame, Request
from tests.web.visiting import run, serving
from web import session


def test_the_reference_draws(reference, model):
    latents = draw_latents(3, 2)

    async def scenario():
        async with serving(reference) as visitor, visitor.page() as page:
            assert await page.hear() == {
                "type": "hello",
                "kind": "golden",
                "port": None,
                "model": model.digest,
                "name": "plain.safetensors",
                "latent": 100,
                "size": 32,
                "colours": 3,
                "clock": None,
                "rate": None,
                "window": 16,
                "most_bytes": None,
            }
            for number, latent in zip((7, 2**32 - 1), latents):
                await page.ask(number, latent)
                said = await page.hear()
                assert (said["id"], said["bytes_received"]) == (number, 0)
                assert said["bytes"] == generate(model, latent[None]).tobytes()

    run(scenario())


def test_the_board_draws_and_is_compared_with_the_reference(board, board_maker, model):
    latents = draw_latents(3, 2)

    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            hello = await page.hear()
            assert hello["kind"] == "board"
            assert hello["port"] == board.path
            assert (hello["rate"], hello["clock"]) == (115_200, 8 * 115_200)
            for number, latent in enumerate(latents):
                await page.ask(number, latent)
                said = await page.hear()
                assert said["bytes"] == generate(model, latent[None]).tobytes()
                assert await page.hear() == {"type": "check", "id": number, "differs": None}
            assert said["bytes_received"] >= said["bytes_needed"] > 2 * 3072
            assert said["bytes_sent"] > 2 * 100
            assert 0 < said["seconds"] < 60

    run(scenario())


def test_the_first_pixel_that_differs_is_named(board, board_maker, model, respond):
    (latent,) = draw_latents(3, 1)
    wanted = generate(model, latent[None])[0]

    def wrong(request, n):
        if request.type != Request.GENERATE:
            return respond(request, n)
        picture = wanted.copy()
        picture[5, 30, 2] ^= 1
        picture[6] ^= 255
        return Frame(request.type | ANSWER, request.tag, picture.tobytes()).encode()

    board.respond = wrong

    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await page.hear("hello")
            await page.ask(1, latent)
            value = int(wanted[5, 30, 2])
            first = {"y": 5, "x": 30, "channel": 2, "is": value ^ 1, "wanted": value}
            assert await page.hear("check") == {"type": "check", "id": 1, "differs": first}

    run(scenario())


def test_a_walk_comes_in_order_and_its_last_picture_is_compared(board, board_maker, respond):
    share_of_the_line(board, board_maker, respond)


@pytest.mark.slow  # a share of the line's time: right on a machine that does nothing else
def test_a_walk_fills_the_line(board, board_maker, respond):
    """A board that sends as fast as its rate lets it: over nine tenths of the line is pictures."""
    assert 0.9 < share_of_the_line(board, board_maker, respond) < 1.1


def share_of_the_line(board, board_maker, respond):
    """Walk over 20 latents, and return which share of the line's time their answers fill."""
    count, free, shares = 20, [0.0], []

    def paced(request, n):
        wire = respond(request, n)
        free[0] = max(free[0], time.monotonic()) + len(wire) * BYTE_BITS / 230_400
        time.sleep(max(0.0, free[0] - time.monotonic()))
        return wire

    board.respond = paced
    latents = draw_latents(0, count)

    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            window = (await page.hear())["window"]
            for number in range(window):
                await page.ask(number, latents[number])
            heard = []
            for number in range(count):
                heard.append(await page.hear("picture"))
                assert heard[-1]["id"] == number
                if number + window < count:
                    await page.ask(number + window, latents[number + window])
            first, last = heard[0], heard[-1]
            filled = (last["bytes_needed"] - first["bytes_needed"]) * BYTE_BITS / 230_400
            shares.append(filled / (last["seconds"] - first["seconds"]))
            check = await page.hear("check")
            while check["id"] != count - 1:  # the last one is always compared
                assert check["differs"] is None
                check = await page.hear("check")

    run(scenario())
    return shares[0]


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("make me a picture", "The server takes binary messages and `load` only"),
        (1000 * "[", "The server takes binary messages and `load` only"),
        ('{"type": "hello"}', "The server takes binary messages and `load` only"),
        (b"", "A request has 0 bytes, but this model's have 104"),
        (bytes(103), "A request has 103 bytes, but this model's have 104"),
        (bytes(1028), "A request has 1028 bytes, but this model's have 104"),
    ],
)
def test_garbage_is_answered_and_the_next_request_works(reference, model, message, sentence):
    async def scenario():
        async with serving(reference) as visitor, visitor.page() as page:
            await page.hear("hello")
            if isinstance(message, str):
                await page.socket.send_str(message)
            else:
                await page.socket.send_bytes(message)
            said = await page.hear()
            assert (said["type"], said["id"]) == ("error", None)
            assert said["sentence"].startswith(sentence)
            await page.ask(1, draw_latents(0, 1)[0])
            said = await page.hear()
            assert said["bytes"] == generate(model, draw_latents(0, 1)).tobytes()

    run(scenario())


def test_a_message_that_is_too_long_closes_the_socket(reference):
    async def scenario():
        async with serving(reference) as visitor:
            async with visitor.page() as page:
                await page.hear("hello")
                await page.socket.send_bytes(bytes(1029))
                assert await page.close_code() == 1009
            async with visitor.page() as page:
                await page.hear("hello")
                with contextlib.suppress(ConnectionError):  # closed before all of it was sent
                    await page.socket.send_bytes(bytes(10_000_000))
                    assert await page.close_code() == 1009
            async with visitor.page() as page:
                await page.hear("hello")

    run(scenario())


def test_more_requests_than_the_window_are_refused(board, board_maker, respond):
    held = asyncio.Event()

    def waits(request, n):
        while request.type == Request.GENERATE and not held.is_set():
            time.sleep(0.01)
        return respond(request, n)

    board.respond = waits

    async def scenario():
        async with serving(board_maker) as visitor, visitor.page() as page:
            await page.hear("hello")
            for number, latent in enumerate(draw_latents(0, 17)):
                await page.ask(number, latent)
            said = await page.hear()
            assert (said["type"], said["id"]) == ("error", 16)
            assert said["sentence"].startswith("More than 16 requests are under way")
            held.set()
            for number in range(16):
                assert (await page.hear("picture"))["id"] == number

    run(scenario())


def test_too_little_memory_fails_one_picture(reference, model):
    drawn, asked = reference.pictures, []

    def pictures(latents):
        for latent in latents:
            asked.append(latent)
            if len(asked) == 1:
                raise MemoryError
            yield from drawn([latent])

    reference.pictures = pictures

    async def scenario():
        async with serving(reference) as visitor, visitor.page() as page:
            await page.hear("hello")
            for number in (5, 6):
                await page.ask(number, draw_latents(0, 1)[0])
            said = await page.hear()
            assert (said["type"], said["id"]) == ("error", 5)
            assert "not enough memory" in said["sentence"]
            assert (await page.hear())["id"] == 6

    run(scenario())


def test_where_pictures_differ_first():
    picture = np.zeros((4, 5, 1), np.uint8)
    assert session.first_difference(picture, picture.copy()) is None
    wanted = picture.copy()
    wanted[2, 3, 0] = 9
    wanted[3, 0, 0] = 1
    assert session.first_difference(picture, wanted) == {
        "y": 2, "x": 3, "channel": 0, "is": 0, "wanted": 9,
    }  # fmt: skip
