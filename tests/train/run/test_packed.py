# SPDX-License-Identifier: Apache-2.0
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from cli import main
from golden.spec import GeneratorSpec
from support.failures import InputError
from train.run import packed
from train.run.config import RunConfig
from train.run.float_generator import FloatGenerator

CONFIGURATION = RunConfig(
    spec=GeneratorSpec.avatars((4, 3, 2)), recipe="fast", steps=7, seed=1, latents="tanh"
)


RGB = dataclasses.replace(CONFIGURATION, spec=GeneratorSpec.avatars((4, 3, 2), head="rgb"))


def make_generator(config=CONFIGURATION):
    rng = np.random.default_rng(0)
    shapes = [layer.weight_shape for layer in config.spec.shapes]
    return FloatGenerator(
        weight=tuple(rng.standard_normal(shape, np.float32) for shape in shapes),
        bias=tuple(rng.standard_normal(shape[1], np.float32) for shape in shapes),
        offsets=tuple(rng.standard_normal((config.spec.planes - 1, 100), np.float32)),
        progress={"steps": 7, "seconds": 3},
    )


@pytest.mark.parametrize("configuration", [CONFIGURATION, RGB])
def test_weights_come_back_as_float16_and_all_else_exactly(tmp_path, configuration):
    generator = make_generator(configuration)
    path = tmp_path / "g.safetensors"
    digest = packed.save(configuration, generator, path)
    config, loaded, stated = packed.load(path)
    assert (config, stated, loaded.progress) == (configuration, digest, generator.progress)
    assert len(loaded.offsets) == len(generator.offsets)
    for a, b in zip(loaded.weight, generator.weight):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=2**-11, atol=2**-25)
    for a, b in zip((*loaded.bias, *loaded.offsets), (*generator.bias, *generator.offsets)):
        np.testing.assert_array_equal(a, b)


def test_pack_repeats_byte_for_byte(tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    CONFIGURATION.save(run)
    make_generator().save(run)
    for name in ("a", "b"):
        assert main(["pack", str(run), "--out", str(tmp_path / name), "--json"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first == second == {"digest": first["digest"], "steps": 7, "seconds": 3}
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_weights_that_float16_cannot_hold(tmp_path):
    generator = make_generator()
    generator.weight[1][0, 0, 0, 0] = 1e5
    with pytest.raises(InputError, match="beyond float16"):
        packed.save(CONFIGURATION, generator, tmp_path / "g.safetensors")
    assert list(tmp_path.iterdir()) == []


def rewritten(path, header=None, **arrays):
    """Write a packed generator again with another header or other arrays."""
    with safe_open(path, framework="numpy") as file:
        held = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        before = json.loads(file.metadata()[packed.METADATA])
    text = json.dumps(before | (header or {}))
    save_file(held | arrays, path, metadata={packed.METADATA: text})


def test_damaged_and_foreign_files(tmp_path):
    path = tmp_path / "g.safetensors"
    with pytest.raises(InputError, match="there is no such file"):
        packed.load(path)
    path.write_bytes(b"no such thing")
    with pytest.raises(InputError, match="is no packed generator"):
        packed.load(path)
    save_file({"a": np.zeros(3)}, path)
    with pytest.raises(InputError, match="has no 'generator'"):
        packed.load(path)
    for change, complaint in (
        ({"format": 1}, "format is 1, this version reads 2"),
        ({"digest": "0"}, "digest does not fit"),
        ({"config": {"channels": [4, 3, 2]}}, "is damaged"),
        ({"progress": []}, "its progress is not"),
    ):
        packed.save(CONFIGURATION, make_generator(), path)
        rewritten(path, change)
        with pytest.raises(InputError, match=complaint):
            packed.load(path)
    packed.save(CONFIGURATION, make_generator(), path)
    rewritten(path, v1=np.zeros(100, np.float32))
    with pytest.raises(InputError, match="digest does not fit"):
        packed.load(path)


def test_a_model_file_is_named_as_what_it_is(tmp_path, capsys):
    model = Path(__file__).parents[2] / "conformance" / "small-16-12-8-w5.safetensors"
    assert main(["quantize", str(model), "--out", str(tmp_path / "m")]) == 2
    line = f"avatar: error: {model}: is a model file, whose floats are gone; give a run, or a file"
    assert capsys.readouterr().err.startswith(line)
