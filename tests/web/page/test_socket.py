# SPDX-License-Identifier: Apache-2.0
"""web/page/socket.js and beside.js: the page beside a played server, as web/socket.md has it."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from golden import model_file
from golden.generator import generate
from tests.web.page.browser import canvas, needs_browser, open_page, until, web_host

pytestmark = needs_browser
COMPACT = Path(__file__).parents[3] / "models" / "compact-w8.safetensors"
MODEL = model_file.load(COMPACT)
HELLO = {
    "type": "hello",
    "kind": "virtual",
    "port": "sim",
    "model": MODEL.digest,
    "name": "compact-w8.safetensors",
    "latent": 100,
    "size": 32,
    "colours": 3,
    "clock": 25_000_000,
    "rate": 3_000_000,
    "window": 3,
}


class PlayedServer:
    """Answers requests as golden does; `spoil` changes a picture before it goes out."""

    def __init__(self, hello=HELLO, spoil=lambda picture: picture):
        self.hello, self.spoil = hello, spoil
        self.sockets, self.under_way, self.most, self.answered = [], 0, 0, 0

    def accept(self, socket):
        self.sockets.append(socket)
        socket.on_message(lambda message: self.answer(socket, message))
        socket.send(json.dumps(self.hello))

    def answer(self, socket, message):
        assert len(message) == 104
        [number] = struct.unpack_from("<I", message)
        picture = generate(MODEL, np.frombuffer(message[4:], np.int8)[None])[0].copy()
        self.answered += 1
        counts = {"bytes_sent": 120 * self.answered, "bytes_received": 3090 * self.answered}
        head = {"type": "picture", "id": number, "seconds": 0.012 * self.answered, **counts}
        socket.send(json.dumps(head))
        socket.send(self.spoil(picture).tobytes())


@pytest.fixture
def served(built, tmp_path):
    """The page as the server sends it: the socket's path stands in it."""
    for path in built.rglob("*.*"):
        target = tmp_path / path.relative_to(built)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    index = tmp_path / "index.html"
    text = index.read_text()
    empty = '<meta name="avatar-socket" content="">'
    assert text.count(empty) == 1
    index.write_text(text.replace(empty, empty.replace('""', '"socket"')))
    (tmp_path / "model.safetensors").write_bytes(COMPACT.read_bytes())
    with web_host(tmp_path) as host:
        yield host


def join(tab, host, server):
    tab.route_web_socket("**/socket", server.accept)
    open_page(tab, host)


def test_equal(tab, served):
    join(tab, served, PlayedServer())
    tab.wait_for_selector("#verdict.equal")
    assert tab.inner_text("#verdict") == "Equal: all 3072 bytes."
    np.testing.assert_array_equal(canvas(tab, "#theirs"), canvas(tab))
    np.testing.assert_array_equal(canvas(tab, "#theirs"), canvas(tab, "#ours"))
    assert "virtual board (sim)" in tab.inner_text("#board-text")


def test_the_first_pixel_that_differs(tab, served):
    def spoil(picture):
        picture[7, 9, 1] ^= 1
        picture[8, 2] ^= 255
        return picture

    join(tab, served, PlayedServer(spoil=spoil))
    tab.wait_for_selector("#verdict.different")
    said = tab.inner_text("#verdict")
    assert said.startswith("Different in 4 bytes. The first is at row 7, column 9: green ")
    assert said.endswith(" from the virtual board.")


def test_a_streamed_walk(tab, served):
    server = PlayedServer()
    join(tab, served, server)
    tab.wait_for_selector("#verdict.equal")
    tab.click("#stream")
    until(tab, "document.querySelector('#figures dd')?.textContent > 30")
    tab.click("#stream")
    figures = tab.inner_text("#figures")
    assert "pictures a second\n83.3" in figures  # 0.012 s each
    assert "85 %" in figures  # 30,720 bits of 36,000
    rows = dict(zip(figures.split("\n")[::2], figures.split("\n")[1::2]))
    made = rows["equal to this page's"].split(" of ")
    assert made[0] == made[1]
    assert tab.inner_text("#stream") == "Stream a walk"


def test_a_moving_slider_asks_one_at_a_time(tab, served):
    """The server answers after a while; of the avatars in between only the last is asked for."""
    numbers = []

    class SlowServer(PlayedServer):
        def answer(self, socket, message):
            numbers.append(struct.unpack_from("<I", message)[0])
            self.held = (socket, message)

    server = SlowServer()
    join(tab, served, server)
    until(tab, "!document.querySelector('#stream').hidden")
    for _ in range(10):
        tab.click("#random")
    assert len(numbers) == 1
    for _ in range(2):
        PlayedServer.answer(server, *server.held)
        tab.wait_for_timeout(300)
    assert len(numbers) == 2
    tab.wait_for_selector("#verdict.equal")
    np.testing.assert_array_equal(canvas(tab, "#theirs"), canvas(tab))


def test_another_model(tab, served):
    server = PlayedServer({**HELLO, "model": "12" * 32})
    join(tab, served, server)
    tab.wait_for_selector("#take-model")
    assert "holds the model 1212121212121212" in tab.inner_text("#board-text")
    assert server.answered == 0


@pytest.mark.parametrize("kind", ["busy", "gone"])
def test_a_server_that_sends_the_page_away(tab, served, kind):
    def accept(socket):
        if kind == "gone":
            socket.send(json.dumps(HELLO))
        socket.send(json.dumps({"type": kind, "sentence": "Another page has the board; close it."}))
        socket.close(code=4000, reason="")

    tab.route_web_socket("**/socket", accept)
    open_page(tab, served)
    until(tab, "document.querySelector('#verdict').textContent !== ''")
    assert tab.inner_text("#verdict") == "Another page has the board; close it."
    assert tab.inner_text("#join") == "Try again"
    assert canvas(tab)[..., :3].any()


def test_a_server_that_takes_its_time(tab, served):
    server = PlayedServer()
    waiting = []

    def accept(socket):
        socket.send(json.dumps({"type": "wait", "sentence": "The board is being opened."}))
        socket.send(json.dumps({"type": "news", "sentence": "of a later version"}))
        waiting.append(socket)

    tab.route_web_socket("**/socket", accept)
    open_page(tab, served)
    until(tab, "document.querySelector('#verdict').textContent === 'The board is being opened.'")
    server.accept(waiting[0])
    tab.wait_for_selector("#verdict.equal")


def test_a_failed_request(tab, served):
    def accept(socket):
        def answer(message):
            [number] = struct.unpack_from("<I", message)
            said = {"type": "error", "id": number, "sentence": "The board fell silent; try again."}
            socket.send(json.dumps(said))

        socket.on_message(answer)
        socket.send(json.dumps(HELLO))

    tab.route_web_socket("**/socket", accept)
    open_page(tab, served)
    until(tab, "document.querySelector('#verdict').textContent.includes('silent')")
