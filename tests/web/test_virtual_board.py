# SPDX-License-Identifier: Apache-2.0
"""`avatar web --port sim`: the hardware itself, simulated, behind the page's socket."""

import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import pytest

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


def test_the_simulated_board_draws_what_the_contract_says():
    latents = np.load(MODEL.with_suffix(".latents.npy"))[:4]
    wanted = np.load(MODEL.with_suffix(".pictures.npy"))[:4]
    path = MODEL.with_suffix(".safetensors")

    async def scenario(address):
        async with aiohttp.ClientSession() as session:
            visitor = Visitor(session, urlsplit(address).port)
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

    options = ["web", "--port", "sim", "--model", path, "--http-port", "0"]
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, options)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            run(scenario(process.stdout.readline().split()[0]))
        except BaseException:
            process.kill()
            raise
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
