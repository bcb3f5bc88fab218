# SPDX-License-Identifier: Apache-2.0
"""The exported network, computed by ONNX Runtime, against the reference: every bit."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from golden import model_file
from golden.arithmetic import requantize
from golden.full_range import full_range_model
from golden.generator import generate
from golden.latents import draw_latents
from golden.spec import GeneratorSpec, Layer
from tests.models import random_model
from train.run.exporting import INPUT, as_onnx, export

ROOT = Path(__file__).parents[3]
CONFORMANCE = sorted((ROOT / "tests/conformance").glob("*.safetensors"))
EXTREMES = GeneratorSpec(  # every |acc| may reach its bound: 8 bits, all of stride, padding, leaky
    13,
    1,
    (
        Layer(70, 3, 2, 1, 1, "leaky_relu"),
        Layer(40, 2, 2, 1, 0, "leaky_relu"),
        Layer(50, 5, 1, 2, 0),
        Layer(9, 1, 2, 0, 0),
        Layer(3, 8, 2, 3, 1, "table"),
    ),
)


def run(proto, latents):
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {INPUT: latents})[0]


def assert_equal(model, latents):
    found = run(as_onnx(model), latents)
    wanted = generate(model, latents)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("path", CONFORMANCE, ids=lambda path: path.stem)
def test_conformance_pictures(path):
    latents = np.load(path.with_suffix(".latents.npy"))
    found = run(as_onnx(model_file.load(path)), latents)
    np.testing.assert_array_equal(found, np.load(path.with_suffix(".pictures.npy")))


@pytest.mark.parametrize("name", ["compact-normal-w8", "compact-w5"])
def test_shipped_models(name):
    model = model_file.load(ROOT / "models" / f"{name}.safetensors")
    assert_equal(model, draw_latents(1, 3, model.training["latents"]))


def latents_with_extremes(latent):
    rows = [draw_latents(5, 4, latent=latent), np.full((1, latent), -128, np.int8)]
    return np.concatenate([*rows, np.full((1, latent), 127, np.int8)])


@pytest.mark.parametrize("make", [random_model, full_range_model])
@pytest.mark.parametrize("seed", range(3))
def test_geometries_and_extremes(make, seed):
    assert_equal(make(EXTREMES, seed), latents_with_extremes(EXTREMES.latent))


def test_the_greatest_weights_saturate_nowhere():
    """Two products of 255 and 127 do not fit into 16 bits."""
    spec = GeneratorSpec.avatars((64, 64, 64), 8)
    model = random_model(spec, 1)
    weight = [np.full_like(each, 127) for each in model.weight]
    greatest = model_file.Model(
        spec,
        weight,
        [np.zeros_like(each) for each in model.bias],
        model.mul,
        model.shift,
        model.table,
        v1=model.v1,
        v2=model.v2,
    )
    assert_equal(greatest, latents_with_extremes(100))


@pytest.mark.parametrize("shift", [1, 2, 7])
def test_what_is_negative_is_floored(shift):
    """A latent of one number, kernels of one: the table shows every index of the last layer."""
    layers = (Layer(1, 1, 1, 0, 0, "leaky_relu"), Layer(1, 1, 1, 0, 0, "table"))
    one = np.ones((1, 1, 1, 1), np.int8)
    model = model_file.Model(
        GeneratorSpec(1, 1, layers),
        weight=[one, one],
        bias=[np.zeros(1, np.int32)] * 2,
        mul=[np.array([2], np.uint16), np.array([3], np.uint16)],
        neg=[np.array([2], np.uint16), None],
        shift=np.array([1, shift], np.uint8),
        table=np.arange(1024).astype(np.uint8),
    )
    latents = np.arange(-128, 128).astype(np.int8)[:, None]
    index = requantize(latents[..., None, None], np.zeros(1), [3], shift, low=-512, high=511)
    found = run(as_onnx(model), latents)
    np.testing.assert_array_equal(found, (index + 512).astype(np.uint8))


def test_equal_models_give_equal_bytes(tmp_path):
    model = model_file.load(CONFORMANCE[0])
    facts = export(model, tmp_path / "a.onnx")
    export(model_file.load(CONFORMANCE[0]), tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert facts["bytes"] == (tmp_path / "a.onnx").stat().st_size
    facts = {each.key: each.value for each in as_onnx(model).metadata_props}
    assert facts["avatar_id"] == model.digest
    assert GeneratorSpec.from_json(json.loads(facts["avatar_spec"])) == model.spec
