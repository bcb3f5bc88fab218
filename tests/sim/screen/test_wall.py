# SPDX-License-Identifier: Apache-2.0
"""avatar screen-sim: a machine with a screen, from latents to frames, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli
from cli.arguments import drawn_latents
from golden.generator import generate
from golden.latents import distribution_of
from golden.layer_sums import self_test_of
from golden.model_file import load, save
from golden.on_chip_latents import draw_on_chip
from golden.spec import GeneratorSpec, Layer
from hw.array import ArraySpec
from hw.build_plan import BuildPlan
from hw.capacity import Capacity
from hw.display.layout import SMALL, Wall
from hw.model.schedule import scheduled
from hw.uart import protocol
from hw.uart.protocol import Frame, Request
from sim.screen import dvi
from sim.screen.faces import BLACK, faces
from sim.screen.record import Act, record
from sim.screen.text import text_of
from sim.screen.tops import CLOCKS_OF_FRAME, TOP, BoardScreen
from sim.screen.wall import frames_clocks
from sim.verilog import cached_verilog
from tests.cli.refusals import refusal
from tests.models import random_model

MODEL = "tests/conformance/grey-28-k7-k3.safetensors"


@pytest.mark.sim
@pytest.mark.slow
def test_weights_and_frame_in_one_memory(tmp_path, capsys):
    out = tmp_path / "frames"
    arguments = ["screen-sim", "--model", MODEL, "--weight-bus", "16", "--out", str(out), "--json"]
    assert cli.main([*arguments, "--rows", "8", "--columns", "8"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["equal"]
    assert facts["places"] == 22 * 17
    assert facts["faces_in_the_last_frame"] > 22


@pytest.mark.sim
@pytest.mark.slow
def test_from_a_seed_on_the_chip_to_the_pins(tmp_path, capsys):
    """The wall of a seed is what `avatar generate --on-chip-seed` and the page draw."""
    arguments = ["screen-sim", "--model", MODEL, "--on-chip-seed", "7", "--walk", "4", "--json"]
    size = ["--rows", "8", "--columns", "8"]
    assert cli.main([*arguments, *size, "--out", str(tmp_path / "frames")]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["equal"]
    assert facts["faces_in_the_last_frame"] == 9
    assert facts["text"] is None


@pytest.mark.sim
@pytest.mark.slow
def test_a_text_from_the_verb_to_the_pins(tmp_path, capsys):
    arguments = ["screen-sim", "--model", MODEL, "--text", "grey-28", "--out", str(tmp_path / "f")]
    assert cli.main([*arguments, "--rows", "8", "--columns", "8"]) == 0
    said = capsys.readouterr().out
    assert "in the last one 6 of 6 places have a face" in said
    assert said.endswith("the text says: ? faces/s  grey-28\n")


@pytest.mark.sim
def test_a_board_begins_its_wall_by_itself_and_takes_an_order():
    """The whole top: first there is no line, only a start; then an order for a wall with a text."""
    clock, name = 24_000_000, b"A to Z"
    model = load(MODEL)
    capacity = Capacity.of(scheduled(model.spec, ArraySpec(8, 8)))
    latents, answer = self_test_of(model, capacity.array.columns)
    plan = BuildPlan(capacity, clock, model=model, self_test=latents, answer=answer, wall=True)
    divisor = protocol.divisor(clock, plan.baud)
    text = cached_verilog(TOP, plan.build_id + b"board", lambda: BoardScreen(plan.top(), divisor))
    order = Frame(Request.WALL, 1, protocol.WALL.pack(5, 1) + name).encode()
    before = CLOCKS_OF_FRAME - 90_000  # the order is there before the first frame ends
    recording = record(text, [Act(before, 0, []), Act(frames_clocks(2) - before, 0, list(order))])
    distribution = distribution_of(model.training, MODEL)
    frames = dvi.frames(recording.pins)
    assert len(frames) == 2
    for seed, frame in ((1, frames[0]), (5, frames[1])):
        drawn = draw_on_chip(seed, 2400, distribution, model.spec.latent)
        layout = Wall.of(28, SMALL, text=seed == 5)
        numbers = faces(frame[None], layout, generate(model, drawn))
        assert numbers.shape == (1, 9 if seed == 1 else 6)
        assert (numbers != BLACK).all()
    assert text_of(frames[1], layout, name.decode()) == "? faces/s  A to Z"


@pytest.mark.sim
def test_one_frame_of_a_small_machine(tmp_path, capsys):
    out, gif = tmp_path / "frames", tmp_path / "wall.gif"
    arguments = ["screen-sim", "--model", MODEL, "--seed", "3", "--out", str(out), "--json"]
    assert cli.main([*arguments, "--gif", str(gif), "--rows", "8", "--columns", "8"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["equal"]
    assert facts["faces_in_the_last_frame"] == facts["places"] == 9
    frame = np.asarray(Image.open(out / "000.png"))
    assert frame.shape == (480, 640, 3)
    with Image.open(gif) as animation:
        assert animation.size == (640, 480)

    # The first place shows the first picture of the same seed, or one of those that replaced it.
    model = load(MODEL)
    pictures = generate(model, drawn_latents(3, 900, model, MODEL))
    wall = Wall.of(28, SMALL)
    x, y = wall.place(0)
    face = frame[y : y + 28 * wall.zoom : wall.zoom, x : x + 28 * wall.zoom : wall.zoom, :1]
    assert (pictures[::9] == face).all(axis=(1, 2, 3)).any()


def test_refusals(tmp_path, capsys, monkeypatch):
    path = tmp_path / "large.safetensors"
    spec = GeneratorSpec(
        latent=4,
        planes=1,
        layers=(
            Layer(4, 8, 1, 0, 0, "relu", 4),
            Layer(4, 4, 2, 1, 0, "relu", 4),
            Layer(4, 4, 2, 1, 0, "relu", 4),
            Layer(4, 4, 2, 1, 0, "relu", 4),
            Layer(1, 4, 2, 1, 0, "table", 4),
        ),
    )
    save(random_model(spec), path)
    model = str(Path(MODEL).absolute())
    monkeypatch.chdir(tmp_path)
    words = refusal(capsys, "screen-sim", "--model", str(path), "--out", "f")
    assert "pictures are 128 x 128, and the wall holds 96 x 96 pixels" in words
    assert "give --sdram" in words
    one_row = replace(spec, layers=(*spec.layers[:-2], spec.layers[-1]))  # of 64 x 64
    save(random_model(one_row), tmp_path / "one-row.safetensors")
    words = refusal(
        capsys, "screen-sim", "--model", "one-row.safetensors", "--text", "x", "--out", "f"
    )
    assert "one row of them, which leaves no room for a text; leave out --text" in words
    for extra, words in (
        (("--frames", "0"), "--frames is 0; give 1 to 600"),
        (("--seed", "-1"), "--seed is -1"),
        (("--on-chip-seed", str(1 << 32)), "--on-chip-seed is 4294967296; give 0 to"),
        (("--on-chip-seed", "1", "--seed", "1"), "excludes --seed"),
        (("--walk", "4"), "give --on-chip-seed too"),
        (("--on-chip-seed", "1", "--walk", "3"), "--walk is 3; give 2, 4"),
        (("--gif", "wall.png"), "ends in .gif"),
        (("--rows", "3"), "rows is 3"),
        (("--text", ""), "--text is '', 0 characters; give 1 to 24"),
        (("--text", 25 * "x"), "25 characters; give 1 to 24 of printable ASCII"),
        (("--weight-bus", "32"), "--weight-bus is 32; give 16"),
    ):
        assert words in refusal(capsys, "screen-sim", "--model", model, "--out", "f", *extra)
