# SPDX-License-Identifier: Apache-2.0
"""The page beside a board on a serial port of the browser, which is a played one."""

from pathlib import Path

import numpy as np
import pytest

from golden import model_file
from golden.generator import generate
from tests.web.page.browser import canvas, needs_browser, open_page, until
from tests.web.page.node import SCRIPTS

MODEL = model_file.load(Path(__file__).parents[3] / "models" / "compact-w8.safetensors")
pytestmark = needs_browser


@pytest.fixture
def joined(tab, built):
    """The page, joined to the played board."""
    tab.expose_function(
        "golden", lambda z: generate(MODEL, np.array([z], np.int8)).ravel().tolist()
    )
    tab.add_init_script(path=SCRIPTS / "played_port.js")
    open_page(tab, (built / "index.html").as_uri())
    tab.click("#tab-board")
    tab.click("#join")
    tab.wait_for_selector("#verdict.equal")
    return tab


def test_equal_at_the_highest_rate(joined):
    assert joined.evaluate("ratesOfPort") == [115_200, 3_000_000]
    assert "3000000 baud" in joined.inner_text("#figures")
    np.testing.assert_array_equal(canvas(joined, "#theirs"), canvas(joined))
    joined.click("#random")
    until(joined, "document.querySelector('#figures dd').textContent === '2'")
    np.testing.assert_array_equal(canvas(joined, "#theirs"), canvas(joined))


def test_a_walk_and_leaving(joined):
    joined.click("#stream")
    until(joined, "document.querySelector('#figures dd').textContent > 20")
    joined.click("#stream")
    assert "different" not in joined.get_attribute("#verdict", "class")
    joined.click("#leave")
    until(joined, "ratesOfPort.at(-1) === 115200")
    joined.click("#join")  # it can come back
    joined.wait_for_selector("#verdict.equal")


def test_unplugged(joined):
    joined.click("#stream")
    until(joined, "document.querySelector('#figures dd').textContent > 3")
    joined.evaluate("unplug()")
    until(joined, "document.querySelector('#verdict').textContent.includes('gone')")
    assert joined.inner_text("#join") == "Join a board…"
    assert joined.is_hidden("#stream")


def test_another_model_on_the_page(joined):
    joined.select_option("#models", "compact-normal-w8")
    until(joined, "document.querySelector('#beside').hidden")
    assert f"holds the model {MODEL.digest[:16]}" in joined.inner_text("#board-text")
    joined.click("#take-model")
    joined.wait_for_selector("#verdict.equal")
    assert joined.input_value("#models") == "compact-w8"
