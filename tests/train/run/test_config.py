# SPDX-License-Identifier: Apache-2.0
import dataclasses
import errno
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from cli import main
from golden.latents import DISTRIBUTIONS
from golden.spec import GeneratorSpec
from support.failures import InputError
from train import options
from train.data.reading import Reading
from train.run.config import CONFIG, RunConfig
from train.run.float_generator import GENERATOR, FloatGenerator, draw_latents

CONFIGURATION = RunConfig(
    spec=GeneratorSpec.avatars((4, 3, 2)), recipe="fast", steps=7, seed=1, latents="tanh"
)


@pytest.fixture
def generator():
    rng = np.random.default_rng(0)
    shapes = [layer.weight_shape for layer in CONFIGURATION.spec.shapes]
    return FloatGenerator(
        weight=tuple(rng.standard_normal(shape, np.float32) for shape in shapes),
        bias=tuple(rng.standard_normal(shape[1], np.float32) for shape in shapes),
        offsets=tuple(rng.standard_normal((2, 100), np.float32)),
        progress={"steps": 7, "seconds": 3},
    )


def test_round_trip(tmp_path, generator):
    CONFIGURATION.save(tmp_path)
    assert RunConfig.load(tmp_path) == CONFIGURATION
    # a view that is not contiguous must arrive as it looks
    turned = tuple(np.ascontiguousarray(w.swapaxes(2, 3)).swapaxes(2, 3) for w in generator.weight)
    dataclasses.replace(generator, weight=turned).save(tmp_path)
    loaded = FloatGenerator.load(tmp_path, CONFIGURATION.spec)
    for name in ("weight", "bias"):
        for a, b in zip(getattr(loaded, name), getattr(generator, name)):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(loaded.offsets[0], generator.offsets[0])
    assert loaded.progress == generator.progress


def test_a_configuration_tells_how_pictures_are_read(tmp_path):
    config = dataclasses.replace(CONFIGURATION, reading=Reading(tile=16, background=(1, 2, 3)))
    config.save(tmp_path)
    assert RunConfig.load(tmp_path) == config
    path = tmp_path / CONFIG
    fields = json.loads(path.read_text())
    del fields["reading"]  # as in a run of before
    path.write_text(json.dumps(fields))
    assert RunConfig.load(tmp_path) == CONFIGURATION
    assert "reading" not in CONFIGURATION.provenance


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("spec", [4, 3]),
        ("spec", {"latent": 100, "planes": 3, "layers": []}),
        ("integers", 1),
        ("latents", "uniform"),
        ("recombined", 0),
        ("recombined", 2.5),
        ("colour", "red"),
        ("seed", "one"),
        ("seed", -1),
        ("seed", True),
        ("real_label", float("nan")),
        ("reading", {"tile": 1}),
        ("reading", {"turned": True}),
        ("reading", {"background": 3}),
        ("reading", "recursive"),
    ],
)
def test_a_configuration_edited_wrongly(tmp_path, field, value):
    CONFIGURATION.save(tmp_path)
    path = tmp_path / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(InputError, match=rf"config\.json: .*{field}"):
        RunConfig.load(tmp_path)


def test_generators_of_another_size_or_with_nan(tmp_path, generator):
    CONFIGURATION.save(tmp_path)
    with pytest.raises(InputError, match=r"has no generator\.safetensors; let"):
        FloatGenerator.load(tmp_path, CONFIGURATION.spec)
    generator.save(tmp_path)
    other = RunConfig(spec=GeneratorSpec.avatars((4, 3, 3)), recipe="fast", steps=7, seed=1).spec
    with pytest.raises(InputError, match=r"weight3 is \(3, 2, 4, 4\)"):
        FloatGenerator.load(tmp_path, other)
    generator.offsets[0][3] = np.nan
    generator.save(tmp_path)
    with pytest.raises(InputError, match="v1 holds a NaN"):
        FloatGenerator.load(tmp_path, CONFIGURATION.spec)
    assert (tmp_path / GENERATOR).stat().st_mode == (tmp_path / CONFIG).stat().st_mode
    (tmp_path / GENERATOR).write_bytes(b"")
    with pytest.raises(InputError, match="is damaged"):
        FloatGenerator.load(tmp_path, CONFIGURATION.spec)


def test_a_full_disk_is_one_line(tmp_path, generator, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    generator.save(tmp_path)
    before = (tmp_path / GENERATOR).read_bytes()
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"generator\.safetensors: cannot be written"):
        generator.save(tmp_path)
    assert (tmp_path / GENERATOR).read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


GAINS = ("0", "-1", "NaN", "true", '"x"', "null")


@pytest.mark.parametrize(
    "progress",
    [
        "[]",
        "3",
        '{"steps": "7", "seconds": 1}',
        '{"steps": 7}',
        *(f'{{"steps": 7, "seconds": 1, "widened": {gain}}}' for gain in GAINS),
    ],
)
def test_progress_of_another_type(tmp_path, generator, progress):
    generator.save(tmp_path)
    facts = f'{{"progress": {progress}}}'
    save_file({"v1": generator.offsets[0]}, tmp_path / GENERATOR, metadata={"facts": facts})
    with pytest.raises(InputError, match="its progress is not"):
        FloatGenerator.load(tmp_path, CONFIGURATION.spec)


def test_arrays_of_another_type(tmp_path, generator):
    arrays = {"v1": generator.offsets[0].astype(np.float64), "v2": generator.offsets[1]}
    for n in range(4):
        arrays |= {f"weight{n + 1}": generator.weight[n], f"bias{n + 1}": generator.bias[n]}
    facts = json.dumps(generator.facts)
    save_file(arrays, tmp_path / GENERATOR, metadata={"facts": facts})
    with pytest.raises(InputError, match="v1 is float64, not float32"):
        FloatGenerator.load(tmp_path, CONFIGURATION.spec)


def test_weights_that_no_float32_can_carry_through(tmp_path, generator, capsys):
    CONFIGURATION.save(tmp_path)
    generator.weight[2][:] = 1e35
    generator.save(tmp_path)
    assert main(["quantize", str(tmp_path), "--out", str(tmp_path / "m.safetensors")]) == 2
    assert "its weights are out of range" in capsys.readouterr().err


def test_latents_follow_their_distribution():
    assert options.LATENTS == DISTRIBUTIONS
    normal, tanh, categorical = (
        draw_latents(name, (400, 100), np.random.default_rng(0)) for name in DISTRIBUTIONS
    )
    assert normal.dtype == categorical.dtype == np.float32
    assert set(np.unique(categorical)) == {0, 127 / 32}
    assert np.linalg.norm(normal, axis=1).mean() == pytest.approx(10, abs=0.1)
    np.testing.assert_array_equal(tanh, np.tanh(normal))
