# SPDX-License-Identifier: Apache-2.0
"""The page beside a board on a serial port of the browser, which is a played one."""

from pathlib import Path

import numpy as np
import pytest

from golden import model_file
from golden.generator import generate
from hw.image import as_file
from hw.uart.identity import ModelPart
from tests.web.page.browser import canvas, needs_browser, open_page, until
from tests.web.page.node import SCRIPTS

MODELS = Path(__file__).parents[3] / "models"
OTHER = model_file.load(MODELS / "compact-normal-w8.safetensors")
MODEL = model_file.load(MODELS / "compact-w8.safetensors")
pytestmark = needs_browser


@pytest.fixture
def joined(tab, built):
    """The page, joined to the played board."""
    tab.held = MODEL
    tab.expose_function(
        "golden", lambda z: generate(tab.held, np.array([z], np.int8)).ravel().tolist()
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


@pytest.fixture
def image(tmp_path):
    """What the played board takes for the image of `OTHER`; its capacity's id is zeros."""
    contents = ModelPart.of(OTHER.spec, OTHER.digest, 100 * [0], 4 * [0]).contents()
    path = tmp_path / "normal.image"
    path.write_bytes(as_file(bytes(5000) + len(contents).to_bytes(4, "little") + contents))
    return path


def test_an_image_file_is_put_into_the_board(joined, image):
    assert joined.is_hidden("#load-model")
    joined.held = OTHER
    joined.set_input_files("#image-file", image)
    joined.wait_for_selector("#verdict.equal")
    until(joined, "document.querySelector('#models').value === 'compact-normal-w8'")
    until(joined, "document.querySelector('#figures dd:nth-of-type(2)').textContent === '1 of 1'")
    joined.wait_for_selector("#verdict.equal")
    np.testing.assert_array_equal(canvas(joined, "#theirs"), canvas(joined))
    assert joined.is_hidden("#load")


def test_an_image_is_dropped_and_its_progress_shown(joined, image):
    joined.evaluate("void (gates[7] = new Promise((resolve) => (window.openGate = resolve)))")
    joined.set_input_files("#model-file", image)  # takes the way of a dropped file
    until(joined, "document.querySelector('#load-text').textContent.includes('tests itself')")
    assert joined.is_hidden("#beside")
    assert joined.is_hidden("#load-image")
    assert "normal.image is put into the board" in joined.inner_text("#board-text")
    joined.held = OTHER
    joined.evaluate("openGate()")
    joined.wait_for_selector("#verdict.equal")


def test_a_board_that_is_unplugged_in_the_middle_of_a_load(joined, image):
    joined.evaluate("void (gates[6] = new Promise(() => {}))")
    joined.set_input_files("#image-file", image)
    until(joined, "!document.querySelector('#load').hidden")
    joined.evaluate("unplug()")
    until(joined, "document.querySelector('#verdict').textContent.includes('gone')")
    assert joined.is_hidden("#load")
    assert joined.inner_text("#join") == "Join a board…"


def test_leaving_in_the_middle_of_a_load_and_loading_again(joined, image):
    joined.evaluate("void (gates[6] = new Promise(() => {}))")
    joined.set_input_files("#image-file", image)
    until(joined, "document.querySelector('#load-text').textContent.includes('0 of ')")
    joined.click("#leave")
    until(joined, "ratesOfPort.at(-1) === 115200")
    assert joined.is_hidden("#load")
    joined.evaluate("delete gates[6]")
    joined.click("#join")
    until(joined, "document.querySelector('#board-text').textContent.includes('holds no model')")
    joined.held = OTHER
    joined.set_input_files("#image-file", image)
    joined.wait_for_selector("#verdict.equal")


def test_what_is_no_image_leaves_the_board_as_it_was(joined, tmp_path):
    (tmp_path / "a.image").write_bytes(bytes(9999))
    joined.set_input_files("#image-file", tmp_path / "a.image")
    until(joined, "document.querySelector('#verdict').textContent.includes('a.image is not used.')")
    joined.click("#random")
    joined.wait_for_selector("#verdict.equal")


def test_an_image_without_a_board(tab, built, image):
    open_page(tab, (built / "index.html").as_uri())
    tab.set_input_files("#model-file", image)
    until(tab, "document.querySelector('#message').textContent.includes('has joined over')")
