# SPDX-License-Identifier: Apache-2.0
"""`make bench`: every engine draws the reference's avatars, and no clock is made up."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from benchmarks import generators, program
from benchmarks.engines import engines
from benchmarks.roofline import layers
from boards.catalogue.registry import BOARDS
from golden import model_file
from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.model.schedule import scheduled

ROOT = Path(__file__).parents[2]


def report(board="ulx3s-85f"):
    return {"capacity": asdict(BOARDS[board].capacity()), "clock_hz": 110_000_000}


@pytest.fixture(scope="module")
def model():
    return model_file.load(ROOT / "models" / "compact-normal-w5.safetensors")


def test_engines_draw_the_same_avatars(model):
    latents = draw_latents(3, 4)
    reference, *others = (engine(latents).astype(int) for engine in engines(model))
    assert reference.std() > 30
    *floats, integers = others
    for pictures in floats:
        assert np.abs(pictures - reference).mean() < 2
    difference = np.abs(integers - reference)
    assert difference.mean() < 0.2
    assert (difference > 1).mean() < 1e-3  # ties between two steps of an activation add up


def test_layers_of_the_roofline_are_the_whole_avatar():
    tiling = scheduled(GeneratorSpec.preset("compact"), ArraySpec())
    facts = layers(tiling)
    assert sum(layer["useful"] for layer in facts) == tiling.spec.useful_macs
    assert sum(layer["fetched"] for layer in facts) == tiling.streamed_words * 128
    for layer in facts:
        assert layer["useful"] <= 256 * layer["cycles"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "give the routed clock"),
        (["--clock", "100", "--report", "x"], "give the routed clock"),
        (["--clock", "0"], "--clock is 0; give a positive number"),
        (["--clock", "nan"], "--clock is nan; give a positive number"),
        (["--report", "missing.json"], "missing.json"),
        (["--report", "empty.json"], "no report of `avatar build --json`"),
        (["--report", "other.json"], "the network does not fit the machine: weight_words"),
        (["--report", "wide.json", "--rows", "8"], "its array is 16 x 16; route a machine"),
    ],
)
def test_a_clock_is_given_not_invented(tmp_path, monkeypatch, capsys, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    Path("empty.json").write_text("{}")
    Path("other.json").write_text(json.dumps(report("orangecrab-25f")))
    Path("wide.json").write_text(json.dumps(report()))
    path = str(ROOT / "models" / "compact-normal-w5.safetensors")
    assert program.run(generators.main, [*arguments, "--model", path, "--out", str(tmp_path)]) == 2
    assert complaint in capsys.readouterr().err


def test_the_page_holds_the_numbers(model, tmp_path, monkeypatch):
    """The hardware's figures from a simulation that is stood in for, the rest as it is."""
    monkeypatch.setattr(generators, "ROUNDS", 1)
    monkeypatch.setattr(generators, "BATCHES", (1, 2))
    monkeypatch.setattr(generators, "SECONDS", 0)
    facts = {
        "agrees": True,
        "macs_per_cycle": 256,
        "useful_macs": model.spec.useful_macs,
        "cycles_latency": 45_000,
        "cycles_interval": 44_000,
        "utilisation_interval": 0.97,
    }
    monkeypatch.setattr(generators.perf, "measure", lambda *_: facts)
    routed = tmp_path / "build.json"
    routed.write_text(json.dumps(report()))
    path = str(ROOT / "models" / "compact-normal-w5.safetensors")
    out = tmp_path / "out"
    generators.main(["--model", path, "--report", str(routed), "--out", str(out)])
    results = json.loads((out / "bench.json").read_text())
    assert results["hardware"]["avatars_per_second"] == pytest.approx(2500)
    assert results["engines"][0]["largest_difference"] == 0
    text = (out / "bench.md").read_text()
    assert "16 x 16 at 110 MHz | integers, exact | 2,500 |" in text
    assert (out / "bench.png").read_bytes().startswith(b"\x89PNG")
