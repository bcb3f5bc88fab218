# SPDX-License-Identifier: Apache-2.0
"""web/page/generator.js: the page's pictures are the reference's, byte for byte."""

import base64
import statistics
from pathlib import Path

import numpy as np
import pytest

from golden import model_file
from golden.generator import generate
from golden.latents import draw_latents
from golden.shipped import listing
from golden.spec import GeneratorSpec, Layer
from tests.models import random_model
from tests.web.page.node import needs_node, node

ROOT = Path(__file__).parents[3]
CONFORMANCE = sorted((ROOT / "tests" / "conformance").glob("*.safetensors"))
SHIPPED = [Path(row["file"]) for row in listing(ROOT / "models")]
TUTORIAL = GeneratorSpec(  # of PyTorch's DCGAN tutorial, 64x64 in colour
    latent=100,
    planes=1,
    layers=(
        Layer(512, stride=1, padding=0),
        Layer(256),
        Layer(128),
        Layer(64),
        Layer(3, activation="table"),
    ),
)

pytestmark = needs_node


def check(paths, latents, pictures):
    requests = [[str(path), z.tolist()] for path, z in zip(paths, latents, strict=True)]
    for path, wanted, made in zip(paths, pictures, node("pictures", request=requests), strict=True):
        assert made["digest"] == model_file.load(path).digest
        for picture, encoded in zip(wanted, made["pictures"], strict=True):
            assert base64.b64decode(encoded) == picture.tobytes(), path.name


def test_the_conformance_models():
    beside = [
        [path.with_suffix(f".{what}.npy") for path in CONFORMANCE]
        for what in ("latents", "pictures")
    ]
    assert len(CONFORMANCE) >= 11
    check(CONFORMANCE, *([np.load(path) for path in paths] for paths in beside))


def test_every_shipped_model():
    models = [model_file.load(path) for path in SHIPPED]
    latents = [
        np.concatenate(
            [
                draw_latents(3, 1, model.training.get("latents", "normal")),
                np.random.default_rng(4).integers(-128, 128, (1, model.spec.latent), np.int8),
            ]
        )
        for model in models
    ]
    check(SHIPPED, latents, [generate(model, z) for model, z in zip(models, latents)])


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_channels_that_fill_no_block(tmp_path, activation):
    """1, 7, 8, 9 and 17 channels; a stride of 2 behind an odd padding; extremes of the latent."""
    layers = [
        Layer(channels, 3, stride, 1, stride - 1, activation, 8)
        for channels, stride in ((7, 1), (8, 2), (9, 1), (17, 2))
    ]
    layers[0] = Layer(7, 5, 1, 0, 0, activation, 8)
    spec = GeneratorSpec(13, 3, (*layers, Layer(1, 3, 1, 0, activation="table")))
    model = random_model(spec, 5)
    model_file.save(model, tmp_path / "a.safetensors")
    z = np.stack([np.full(13, value, np.int8) for value in (-128, 127, 0)])
    check([tmp_path / "a.safetensors"], [z], [generate(model, z)])


def test_speed(tmp_path):
    """50 ms for `compact`, a second for the tutorial's network; both take a tenth here."""
    path = tmp_path / "tutorial.safetensors"
    model_file.save(random_model(TUTORIAL), path)
    normal = draw_latents(1, 9)
    requests = [
        [str(ROOT / "models" / "compact-normal-w8.safetensors"), normal.tolist()],
        [str(path), normal[:3].tolist()],
    ]
    compact, tutorial = node("pictures", request=requests)
    assert statistics.median(compact["milliseconds"]) < 50
    assert statistics.median(tutorial["milliseconds"]) < 1000
