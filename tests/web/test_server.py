# SPDX-License-Identifier: Apache-2.0
"""The door of the page's server: who may ask, what is there, how it ends."""

import asyncio

import aiohttp
import pytest

from golden.latents import draw_latents
from tests.web.visiting import FILES, Page, run, serving
from web import server


def test_the_page_and_its_files(reference, plain):
    async def scenario():
        async with serving(reference) as visitor:
            async with visitor.get("/") as answer:
                assert answer.status == 200
                assert answer.content_type == "text/html"
                assert b'<meta name="avatar-socket" content="socket">' in await answer.read()
                policy = answer.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'; script-src 'self'; ")
                assert "frame-ancestors 'none'" in policy
                assert "http:" not in policy
                assert "unsafe" not in policy
            for name, kind in (
                ("page.js", "text/javascript"),
                ("model.safetensors", "application/octet-stream"),
            ):
                async with visitor.get(f"/{name}") as answer:
                    assert answer.content_type == kind
                    assert answer.headers["X-Content-Type-Options"] == "nosniff"
                    wanted = {**FILES, "model.safetensors": plain.contents}  # what draws
                    assert await answer.read() == wanted[name]

    run(scenario())


@pytest.mark.parametrize("path", ["/none", "/../pyproject.toml", "/%2e%2e/pyproject.toml", "//etc"])
def test_there_are_no_other_files(reference, path):
    async def scenario():
        async with serving(reference) as visitor, visitor.get(path) as answer:
            assert answer.status == 404
            assert await answer.text() == "There is no such file.\n"
            assert "Content-Security-Policy" in answer.headers

    run(scenario())


def test_only_get(reference):
    async def scenario():
        async with serving(reference) as visitor:
            async with visitor.session.post(f"{visitor.own}/", data=b"x" * 100_000) as answer:
                assert answer.status == 405

    run(scenario())


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "localhost"]
)
@pytest.mark.parametrize("path", ["/", "/model.safetensors", "/socket"])
def test_a_foreign_name_for_this_machine_is_refused(reference, host, path):
    """DNS rebinding: a site's name points here, and the site's page asks as if at home."""

    async def scenario():
        async with serving(reference) as visitor:
            name = host.format(port=visitor.port)
            async with visitor.get(path, Host=name, Origin=f"http://{name}") as answer:
                assert answer.status == 421
                assert "only under its own address" in await answer.text()

    run(scenario())


def test_two_host_lines_are_refused(reference):
    async def scenario():
        async with serving(reference) as visitor:
            own = f"127.0.0.1:{visitor.port}"
            reader, writer = await asyncio.open_connection("127.0.0.1", visitor.port)
            writer.write(f"GET / HTTP/1.1\r\nHost: {own}\r\nHost: evil.example\r\n\r\n".encode())
            assert (await reader.readline()).split()[1] in (b"400", b"421")
            writer.close()

    run(scenario())


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}", None],
)
def test_no_other_page_opens_the_socket(board, board_maker, origin):
    async def scenario():
        async with serving(board_maker) as visitor:
            before = len(board.requests)
            headers = {} if origin is None else {"Origin": origin.format(port=visitor.port)}
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                async with visitor.session.ws_connect(f"{visitor.own}/socket", headers=headers):
                    pass
            assert refusal.value.status == 403
            assert len(board.requests) == before

    run(scenario())


def test_no_other_page_reads_a_file(reference):
    async def scenario():
        async with serving(reference) as visitor:
            async with visitor.get("/page.js", Origin="http://evil.example") as answer:
                assert answer.status == 403
            async with visitor.get("/page.js", Origin=visitor.own) as answer:
                assert answer.status == 200

    run(scenario())


def test_localhost_is_a_name_of_this_server(reference):
    async def scenario():
        async with serving(reference) as visitor:
            name = f"localhost:{visitor.port}"
            async with visitor.page(Host=name, Origin=f"http://{name}") as page:
                assert (await page.hear())["type"] == "hello"

    run(scenario())


def test_a_page_that_takes_no_answers_is_let_go(reference, monkeypatch):
    """A suspended page: it neither reads nor answers pings."""
    monkeypatch.setattr(server, "HEARTBEAT", 0.5)

    async def scenario():
        async with serving(reference) as visitor:
            reader, writer = await asyncio.open_connection("127.0.0.1", visitor.port)
            own = f"127.0.0.1:{visitor.port}"
            writer.write(
                f"GET /socket HTTP/1.1\r\nHost: {own}\r\nOrigin: http://{own}\r\n"
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
            )
            assert (await reader.readline()).split()[1] == b"101"
            async with visitor.page() as page:
                assert (await page.hear())["type"] == "hello"
            writer.close()

    run(scenario())


def test_a_connection_without_a_request_is_closed(reference, monkeypatch):
    monkeypatch.setattr(server, "IDLE", 0.2)

    async def scenario():
        async with serving(reference) as visitor:
            reader, writer = await asyncio.open_connection("127.0.0.1", visitor.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: ")
            with pytest.raises(ConnectionResetError):
                if not await reader.read():
                    raise ConnectionResetError
            writer.close()
            async with visitor.page() as page:  # which is no such connection
                await page.hear("hello")
                await asyncio.sleep(0.6)
                await page.ask(1, draw_latents(0, 1)[0])
                assert (await page.hear())["type"] == "picture"

    run(scenario())


def test_noise_in_place_of_http_is_no_traceback(reference, caplog):
    async def scenario():
        async with serving(reference) as visitor:
            for noise in (b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"G" * 100_000):
                reader, writer = await asyncio.open_connection("127.0.0.1", visitor.port)
                writer.write(noise + b"\r\n\r\n")
                assert b" 400 " in await reader.readline()
                writer.close()
            async with visitor.get("/") as answer:
                assert answer.status == 200

    run(scenario())
    assert not caplog.records


def test_the_end_of_the_server_is_told(board, board_maker):
    """Pages are told, the board is left at its start-up rate, the port is free again."""

    async def scenario():
        async with serving(board_maker) as visitor:
            socket = await visitor.session.ws_connect(
                f"{visitor.own}/socket", headers={"Origin": visitor.own}
            )
            page = Page(socket)
            await page.hear("hello")
            visitor.server.cancel()
            assert await page.close_code() == 1001
        server.bind(visitor.port).close()

    run(scenario())
    assert board_maker._link is None


def test_a_fault_of_our_own_ends_the_server(reference):
    """Nothing hangs, and whoever reads the terminal sees what it was."""

    async def scenario():
        async with serving(reference) as visitor, visitor.page() as page:
            await page.hear("hello")
            reference.pictures = lambda latents: 1 / 0
            await page.ask(1, draw_latents(0, 1)[0])
            assert await page.close_code() == 1001
            await visitor.server

    with pytest.raises(ZeroDivisionError):
        run(scenario())
