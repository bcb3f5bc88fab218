# SPDX-License-Identifier: Apache-2.0
"""A real browser for tests of the page: Debian's chromium, driven by playwright."""

import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

CHROMIUM = shutil.which("chromium")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
POLICY = (  # of web/socket.md
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'"
)
READY = "document.body.dataset.firstAvatar !== undefined"


@contextmanager
def chromium():
    """Give a browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class _Handler(SimpleHTTPRequestHandler):
    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def web_host(folder):
    """Give the address of a plain web host for `folder`, with the policy of ``avatar web``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    server.server_close()
    thread.join()


def until(tab, expression):
    """Wait until a JavaScript expression holds; asked from outside, no policy forbids that."""
    for _ in range(400):
        if tab.evaluate(expression):
            return
        tab.wait_for_timeout(25)
    raise AssertionError(f"never came: {expression}")


def open_page(tab, where):
    """Open the page and wait for its first avatar."""
    tab.goto(where)
    until(tab, READY)


def canvas(tab, selector="#portrait"):
    """Return what stands on a canvas: uint8 array (height, width, 4)."""
    size, values = tab.evaluate(
        """(selector) => {
          const canvas = document.querySelector(selector), { width, height } = canvas;
          const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
          return [[height, width, 4], Array.from(data)];
        }""",
        selector,
    )
    return np.array(values, np.uint8).reshape(size)


def wait_for(tab, picture, selector="#portrait"):
    """Wait until a canvas shows a picture (height, width, 1 or 3), and compare them."""
    wanted = np.full((*picture.shape[:2], 4), 255, np.uint8)
    wanted[..., :3] = picture
    for _ in range(200):
        made = canvas(tab, selector)
        if made.shape == wanted.shape and (made == wanted).all():
            return
        tab.wait_for_timeout(25)
    np.testing.assert_array_equal(made, wanted)
