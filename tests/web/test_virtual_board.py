# SPDX-License-Identifier: Apache-2.0
"""`avatar web --port sim`: the hardware itself, simulated, behind the page's socket."""

import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import pytest

from tests.web.page.browser import chromium, needs_browser, open_page, until
from tests.web.visiting import Visitor, run

pytestmark = pytest.mark.sim

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "conformance" / "odd-7-5-3-mixed"
COMMAND = """
import sys
from functools import partial
import cli
import cli.line
from hw.array import ArraySpec
small = ArraySpec(rows=4, columns=4)
cli.line.virtual_board_of = partial(cli.line.virtual_board_of, array=small)
sys.exit(cli.main())
"""


@contextmanager
def served():
    """Serve the page beside a board that holds `MODEL`; yields process and port of the page.

    The process is interrupted by the caller.
    """
    path = MODEL.with_suffix(".safetensors")
    options = ["web", "--port", "sim", "--model", path, "--http-port", "0"]
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, options)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process, urlsplit(process.stdout.readline().split()[0]).port
        except BaseException:
            process.kill()
            raise
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_the_simulated_board_draws_what_the_contract_says():
    latents = np.load(MODEL.with_suffix(".latents.npy"))[:4]
    wanted = np.load(MODEL.with_suffix(".pictures.npy"))[:4]
    path = MODEL.with_suffix(".safetensors")

    async def scenario(port):
        async with aiohttp.ClientSession() as session:
            visitor = Visitor(session, port)
            async with visitor.get("/model.safetensors") as answer:
                assert await answer.read() == path.read_bytes()
            async with visitor.page() as page:
                hello = await page.hear("hello")
                assert (hello["kind"], hello["port"]) == ("virtual", "sim")
                assert hello["name"] == path.name
                for number, latent in enumerate(latents):
                    await page.ask(number, latent)
                heard = [await page.hear("picture") for _ in wanted]
                for number, (said, picture) in enumerate(zip(heard, wanted)):
                    assert said["id"] == number
                    assert said["bytes"] == picture.tobytes()
                check = await page.hear("check")
                while check["id"] != len(wanted) - 1:
                    check = await page.hear("check")
                assert check["differs"] is None
                filled = heard[3]["bytes_needed"] - heard[0]["bytes_needed"]
                seconds = heard[3]["seconds"] - heard[0]["seconds"]
                assert filled * 10 / hello["rate"] / seconds > 0.9
                await page.ask(9, latents[0])
                process.send_signal(signal.SIGINT)
                assert await page.close_code() == 1001

    with served() as (process, port):
        run(scenario(port))


@pytest.fixture(scope="module")
def port():
    """The page's port of a server that several tests use."""
    with served() as (process, port):
        yield port
        process.send_signal(signal.SIGINT)


def test_other_models_are_put_into_the_simulated_board(port):
    """Two of other pictures, one that is too large, and a page that leaves in the middle."""

    async def draws(page, path, count=2):
        latents = np.load(path.with_suffix(".latents.npy"))[:count]
        wanted = np.load(path.with_suffix(".pictures.npy"))[:count]
        for number, (latent, picture) in enumerate(zip(latents, wanted)):
            await page.ask(number, latent)
            said = await page.hear("picture")
            assert (said["id"], said["bytes"]) == (number, picture.tobytes())

    async def load(page, path):
        await page.load(path.name, path.with_suffix(".safetensors").read_bytes())
        hello = await page.hear("hello")
        return hello, (await page.hear("loaded"))["sentence"]

    async def scenario(port):
        grey, other = (MODEL.with_name(name) for name in ("grey-28-k7-k3", "planes-7-5-3-mixed"))
        async with aiohttp.ClientSession() as session:
            visitor = Visitor(session, port)
            async with visitor.page() as page:
                first = await page.hear("hello")
                await draws(page, MODEL)
                hello, sentence = await load(page, MODEL.with_name("colour-64-five"))
                assert "does not fit the machine: weight_words 2,982 of 1,785" in sentence
                assert hello["model"] == first["model"]
                await draws(page, MODEL)
                hello, sentence = await load(page, grey)
                assert sentence is None
                assert (hello["size"], hello["colours"]) == (28, 1)
                await draws(page, grey)
                contents = other.with_suffix(".safetensors").read_bytes()
                await page.load(other.name, contents)
                await page.hear("loading")
            async with visitor.page() as page:
                hello = await page.hear("hello")
                assert hello["name"] == other.with_suffix(".safetensors").name
                await draws(page, other)

    run(scenario(port))


@needs_browser
def test_a_click_puts_a_model_into_the_simulated_board(port):
    path = MODEL.with_name("two-layers-2-bits.safetensors")
    pixels = np.load(path.with_suffix(".pictures.npy"))[0].size
    with chromium() as browser:
        tab = browser.new_page()
        open_page(tab, f"http://127.0.0.1:{port}/")
        until(tab, "document.querySelector('#board-text').textContent.includes('has joined')")
        tab.set_input_files("#model-file", path)
        until(tab, f"document.querySelector('#models').value === '{path.stem}'")
        tab.click("#load-model")
        until(
            tab, f"document.querySelector('#verdict').textContent === 'Equal: all {pixels} bytes.'"
        )
        assert tab.is_hidden("#load")
