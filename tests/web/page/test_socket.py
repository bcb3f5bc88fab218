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


LOADED_HELLO = {**HELLO, "most_bytes": 1 << 20}
OTHER = COMPACT.with_name("compact-normal-w8.safetensors")


class LoadedServer(PlayedServer):
    """Takes loads: notes what comes, and leaves the words to the test."""

    def __init__(self, hello=LOADED_HELLO):
        super().__init__(hello)
        self.model, self.said, self.contents, self.asked = MODEL, None, b"", []

    def answer(self, socket, message):
        if isinstance(message, str):
            self.said, self.contents = json.loads(message), b""
        elif len(self.contents) < (self.said or {}).get("bytes", 0):
            assert len(message) <= 1028
            self.contents += message
        else:
            [number] = struct.unpack_from("<I", message)
            self.asked.append(number)
            picture = generate(self.model, np.frombuffer(message[4:], np.int8)[None])[0]
            counts = {"bytes_sent": 1, "bytes_received": 1, "seconds": 1}
            socket.send(json.dumps({"type": "picture", "id": number, **counts}))
            socket.send(picture.tobytes())

    def say(self, **message):
        self.sockets[-1].send(json.dumps(message))

    def holds(self, model, sentence=None):
        self.model = model
        digest = model and model.digest
        self.say(**{**self.hello, "model": digest})
        self.say(type="loaded", sentence=sentence)


def test_a_model_of_the_page_is_put_into_the_board(tab, served):
    other, server = model_file.load(OTHER), LoadedServer()
    join(tab, served, server)
    tab.wait_for_selector("#verdict.equal")
    assert tab.is_hidden("#load-model")
    tab.select_option("#models", "compact-normal-w8")
    tab.click("#load-model")
    until(tab, "document.querySelector('#load-text').textContent.includes('compiled')")
    assert server.said == {"type": "load", "name": "compact-normal-w8"}
    assert tab.is_hidden("#load-model")
    assert tab.is_hidden("#beside")
    asked = len(server.asked)
    server.say(type="loading", has=0, size=2000)
    server.say(type="loading", has=500, size=2000)
    until(tab, "document.querySelector('#load-text').textContent.includes('500 of 2000')")
    assert tab.evaluate("document.querySelector('#load-bar').value") == 500
    tab.select_option("#models", "compact-w8")  # which the board held before
    until(tab, "document.querySelector('#models').value === 'compact-w8'")
    tab.click("#random")
    assert canvas(tab)[..., :3].any()  # the page draws on by itself
    tab.select_option("#models", "compact-normal-w8")
    server.say(type="loading", has=2000, size=2000)
    until(tab, "document.querySelector('#load-text').textContent.includes('tests itself')")
    assert len(server.asked) == asked
    server.holds(other)
    tab.wait_for_selector("#verdict.equal")
    assert tab.is_hidden("#load")
    np.testing.assert_array_equal(canvas(tab, "#theirs"), canvas(tab, "#ours"))
    assert tab.inner_text("#figures dd >> nth=1") == "1 of 1"


def test_a_dropped_model_is_brought_to_the_server(tab, served, tmp_path):
    path = tmp_path / "mine.safetensors"
    model_file.save(model_file.load(OTHER.with_name("tiny-w5.safetensors")), path)
    server = LoadedServer({**LOADED_HELLO, "model": None, "name": None})
    join(tab, served, server)
    until(tab, "!document.querySelector('#load-model').hidden")
    assert "holds no model" in tab.inner_text("#board-text")
    assert tab.is_hidden("#take-model")
    tab.set_input_files("#model-file", path)
    until(tab, "document.querySelector('#models').value === 'mine'")
    tab.click("#load-model")
    for _ in range(200):
        if len(server.contents) == path.stat().st_size:
            break
        tab.wait_for_timeout(25)
    assert server.contents == path.read_bytes()
    assert server.said == {"type": "load", "name": "mine", "bytes": len(server.contents)}
    server.holds(None, "It does not fit the machine: map_words 9 of 5.")
    until(tab, "document.querySelector('#verdict').textContent.includes('map_words 9 of 5')")
    assert tab.is_hidden("#load")
    tab.click("#load-model")
    until(tab, "!document.querySelector('#load').hidden")
    server.say(type="gone", sentence="The board is gone.")
    server.sockets[-1].close(code=4001, reason="")
    until(tab, "document.querySelector('#verdict').textContent === 'The board is gone.'")
    assert tab.is_hidden("#load")
    assert tab.is_hidden("#load-model")
    tab.click("#join")
    until(tab, "!document.querySelector('#load-model').hidden")


def test_no_picture_of_the_model_before_stays(tab, served):
    other, server = model_file.load(OTHER), LoadedServer()
    join(tab, served, server)
    tab.wait_for_selector("#verdict.equal")
    tab.select_option("#models", "compact-normal-w8")
    tab.click("#load-model")
    until(tab, "!document.querySelector('#load').hidden")
    server.answer = lambda socket, message: None
    server.holds(other)
    until(tab, "!document.querySelector('#beside').hidden")
    assert canvas(tab, "#theirs").shape[1] == 1


def test_a_model_that_is_too_long_is_not_brought(tab, served, tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(OTHER.read_bytes())
    server = LoadedServer({**HELLO, "most_bytes": 1000})
    join(tab, served, server)
    tab.set_input_files("#model-file", path)
    tab.click("#load-model")
    until(tab, "document.querySelector('#verdict').textContent.includes('takes 1000 at most')")
    assert server.said is None
    assert tab.is_hidden("#load")


def test_a_reference_takes_no_loads(tab, served):
    server = LoadedServer({**HELLO, "kind": "golden", "port": None, "most_bytes": None})
    join(tab, served, server)
    tab.select_option("#models", "compact-normal-w8")
    until(tab, "!document.querySelector('#take-model').hidden")
    assert tab.is_hidden("#load-model")


def test_the_page_begins_with_the_model_of_the_server(tab, served):
    other = model_file.load(OTHER)
    server = LoadedServer({**LOADED_HELLO, "model": other.digest})
    server.model = other
    join(tab, served, server)
    tab.wait_for_selector("#verdict.equal")
    assert tab.input_value("#models") == "compact-normal-w8"
