# SPDX-License-Identifier: Apache-2.0
"""`avatar demo` with the simulators played; the slow test has the real ones."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import cli
from cli import simulation
from golden import model_file
from golden.generator import generate
from golden.latents import draw_latents
from pictures import grid
from support.failures import CheckFailed, InputError

MODEL = str(Path(__file__).parents[1] / "conformance" / "small-16-12-8-w5.safetensors")
MEASURED = {
    "equal": True,
    "cycles_latency": 50_000,
    "macs_per_cycle": 256,
    "utilisation_latency": 0.85,
}


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def played(monkeypatch):
    """Replace the simulators: the board flips `flip` bits of a byte, the other says `measured`."""
    state = SimpleNamespace(flip=0, measured=MEASURED)

    class Board:
        port = "played"
        exchange = SimpleNamespace(bytes_sent=736, bytes_received=18_716)

        def generate(self, model, latents, *, progress):
            pictures = generate(model, latents)
            pictures[5, 31, 31, 2] ^= state.flip
            return pictures

    @contextmanager
    def open_board(port, model):
        yield Board()

    @contextmanager
    def in_parallel(*arguments):
        yield lambda: state.measured

    monkeypatch.setattr(simulation, "board_at", open_board)
    monkeypatch.setattr(simulation, "_in_parallel", in_parallel)
    return state


def test_table_and_pictures(played, capsys):
    assert cli.main(["demo", "--model", MODEL]) == 0
    model = model_file.load(MODEL)
    out = capsys.readouterr().out
    for words in (
        model.digest,
        "equal        yes",
        "50,000 an avatar",
        "85.0% of 256",
        "0.50 ms, 2,000 avatars a second",
        "736 bytes there, 18,716 back; 0.28 s an avatar at 115,200 baud",
    ):
        assert words in out
    with Image.open("avatars.png") as image:
        wanted = grid(generate(model, draw_latents(7, 6)), scale=4)
        np.testing.assert_array_equal(np.asarray(image), wanted)
    assert Path("avatars-side-by-side.png").exists()


def test_one_wrong_bit_from_the_board_is_a_failed_check(played, capsys):
    played.flip = 1
    assert cli.main(["demo", "--model", MODEL]) == 1
    assert "equal        NO" in capsys.readouterr().out


def test_a_wrong_simulation_is_a_failed_check(played, capsys):
    played.measured = MEASURED | {"equal": False}
    assert cli.main(["demo", "--model", MODEL]) == 1
    assert "equal        NO" in capsys.readouterr().out


def test_a_verb_beside_this_process_gives_its_json():
    with simulation._in_parallel("info", MODEL) as answer:
        assert answer()["id"] == model_file.load(MODEL).digest


def test_a_verb_that_fails_beside_this_process_is_named():
    with (
        simulation._in_parallel("info", "none") as answer,
        pytest.raises(InputError, match="avatar info"),
    ):
        answer()


@pytest.mark.parametrize(
    ("program", "kind", "words"),
    [
        ("raise SystemExit(1)", CheckFailed, "gave no answer"),
        ("raise SystemExit(2)", InputError, "gave no answer"),
        ("import time; time.sleep(60)", CheckFailed, "took too long"),
    ],
)
def test_a_verb_beside_this_process_without_an_answer(tmp_path, monkeypatch, program, kind, words):
    (tmp_path / "cli.py").write_text(program)
    monkeypatch.setattr(simulation, "ROOT", tmp_path)
    monkeypatch.setattr(simulation, "BUILD_TIMEOUT", 2)
    with (
        simulation._in_parallel("sim") as answer,
        pytest.raises(kind, match=f"`avatar sim` {words}"),
    ):
        answer()


@pytest.mark.sim
@pytest.mark.slow
def test_the_real_demo(capsys):
    assert cli.main(["demo", "--model", MODEL]) == 0
    assert "equal        yes" in capsys.readouterr().out
