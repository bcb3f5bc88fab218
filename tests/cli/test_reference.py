# SPDX-License-Identifier: Apache-2.0
"""`avatar interpolate` and `avatar invert`; `avatar generate` has its tests in test_cli."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli
from golden import model_file
from golden.generator import generate
from golden.interpolation import walk
from golden.latents import draw_latents, load_latents
from golden.spec import GeneratorSpec
from pictures import save_png, strip
from tests.cli.refusals import refusal
from tests.models import random_model, smooth_model

ROOT = Path(__file__).parents[2]
CONFORMANCE = ROOT / "tests" / "conformance"
GREY = str(CONFORMANCE / "grey-28-k7-k3.safetensors")
COLOUR = str(CONFORMANCE / "colour-24-k5.safetensors")
SMALL = GeneratorSpec.avatars((5, 4), latent=20)


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def categorical():
    model = replace(smooth_model(SMALL), training={"latents": "categorical"})
    model_file.save(model, "categorical.safetensors")
    return model


@pytest.mark.parametrize("path", [GREY, COLOUR])
def test_a_strip_shows_the_walk(path, capsys):
    arguments = ["interpolate", "--model", path, "--seeds", "3,8", "--frames", "5"]
    assert cli.main([*arguments, "--out", "a.png", "--scale", "2"]) == 0
    assert capsys.readouterr().out == "a.png: 5 pictures\n"
    model = model_file.load(path)
    images = generate(model, walk([3, 8], 5, model.spec.latent))
    wanted = strip(images, scale=2)
    with Image.open("a.png") as image:
        assert image.mode == ("L" if path == GREY else "RGB")
        np.testing.assert_array_equal(np.asarray(image).reshape(wanted.shape), wanted)


def test_a_grey_gif_has_the_pictures_of_a_round_trip():
    arguments = ["interpolate", "--model", GREY, "--seeds", "3,8,5", "--frames", "4", "--lerp"]
    assert cli.main([*arguments, "--out", "a.gif"]) == 0
    model = model_file.load(GREY)
    seeds = generate(model, np.concatenate([draw_latents(s, 1, latent=10) for s in (3, 8, 5)]))
    with Image.open("a.gif") as image:
        assert (image.size, image.n_frames) == ((224, 224), 12)
        for n, picture in enumerate(seeds):
            image.seek(4 * n)
            np.testing.assert_array_equal(np.asarray(image.convert("L"))[::8, ::8], picture[..., 0])


def test_hops_of_a_categorical_generator(categorical):
    arguments = ["interpolate", "--model", "categorical.safetensors", "--hop", "--seeds", "3,8"]
    assert cli.main([*arguments, "--out", "a.png", "--scale", "1"]) == 0
    ends = np.concatenate([draw_latents(s, 1, "categorical", 20) for s in (3, 8)])
    sheet = np.asarray(Image.open("a.png"))
    size = SMALL.size
    for place, picture in zip((0, sheet.shape[1] - size), generate(categorical, ends)):
        np.testing.assert_array_equal(sheet[:, place : place + size], picture)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "categorical.safetensors"], "give --hop"),
        (["--model", "categorical.safetensors", "--hop", "--lerp"], "leave --lerp"),
        (["--model", "categorical.safetensors", "--hop", "--frames", "9"], "leave --lerp"),
        (["--model", GREY, "--hop"], "has normal ones"),
        (["--model", GREY, "--frames", "1"], "--frames is 1"),
        (["--model", GREY, "--scale", "65"], "--scale is 65"),
        (["--model", GREY, "--scale", "64", "--frames", "1000"], "smaller --scale"),
        (["--model", GREY, "--seeds", "3"], "one seed"),
        (["--model", GREY, "--seeds", "3,x"], "--seeds is '3,x'"),
        (["--model", GREY, "--out", "a.mp4"], ".gif"),
        (["--model", "none.safetensors"], "there is no such file"),
    ],
)
@pytest.mark.usefixtures("categorical")
def test_walks_that_are_refused(capsys, arguments, words):
    given = ["interpolate", "--seeds", "3,8", "--out", "a.gif", *arguments]
    assert words in refusal(capsys, *given)


def test_a_categorical_latent_is_inverted_without_torch(categorical):
    latents = draw_latents(5, 1, "categorical", 20)
    save_png("p.png", generate(categorical, latents)[0])
    arguments = ["invert", "--model", "categorical.safetensors", "--picture", "p.png"]
    arguments += ["--out", "z.npy", "--side-by-side", "s.png", "--json"]
    code = (
        f"import cli, sys; assert cli.main({arguments!r}) == 0; assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    facts = json.loads(done.stdout)
    assert (facts["distance"], facts["is_local_optimum"]) == (0, True)
    np.testing.assert_array_equal(load_latents("z.npy", 20), latents)
    with Image.open("s.png") as image:
        assert image.mode == "RGB"


def test_a_normal_latent_is_inverted(capsys, monkeypatch):
    monkeypatch.setattr("train.evaluate.inversion.STEPS", 5)
    model = smooth_model(SMALL)
    model_file.save(model, "m.safetensors")
    picture = generate(model, draw_latents(5, 1, latent=20))[0]
    save_png("p.png", picture.repeat(2, 0).repeat(2, 1))
    arguments = ["invert", "--model", "m.safetensors", "--picture", "p.png", "--out", "z.npy"]
    assert cli.main(arguments) == 0
    out, err = capsys.readouterr()
    assert err.startswith("avatar: p.png: 32 x 32 pixels, resampled to 16 x 16\n")
    found = generate(model, load_latents("z.npy", 20))[0]
    distance = np.sqrt(((found.astype(float) - picture) ** 2).mean())
    assert out.startswith(f"z.npy: {distance:.2f} grey levels (RMS) from the picture")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--picture", "none.png"], "none.png: there is no such file"),
        (["--picture", GREY], "no picture inside"),
        (["--seed", "-1"], "--seed is -1"),
        (["--side-by-side", "s.gif"], "ends in .png"),
        (["--model", "p.png"], "is not a model file"),
        (["--model", "five.safetensors"], "a multiple of 5"),
    ],
)
def test_inversions_that_are_refused(capsys, arguments, words):
    shape = model_file.load(GREY).spec.picture_shape
    save_png("p.png", np.zeros(shape, np.uint8))
    spec = GeneratorSpec.avatars((5, 4, 3), latent=12)
    model = replace(random_model(spec), training={"latents": "categorical"})
    model_file.save(model, "five.safetensors")
    given = ["invert", "--model", GREY, "--picture", "p.png", "--out", "z.npy", *arguments]
    assert words in refusal(capsys, *given)
