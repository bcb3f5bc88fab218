# SPDX-License-Identifier: Apache-2.0
"""The list of models: what stands in a row, and which file a board's model is."""

from dataclasses import replace

import pytest

from golden import model_file, shipped
from golden.spec import GeneratorSpec
from support.failures import InputError
from tests.models import random_model


@pytest.fixture
def folder(tmp_path):
    """Two models, and a file that is none."""
    grey = GeneratorSpec.of_size(8, (6,), head="grey").with_weight_bits((5, 3))
    training = {"data": "/pictures/digits", "latents": "categorical"}
    metrics = {"psnr": 31.25, "random_frechet": 12.345, "distances_to": "digits"}
    model = replace(random_model(grey), training=training, metrics=metrics)
    model_file.save(model, tmp_path / "b.safetensors")
    model_file.save(random_model(GeneratorSpec.avatars((4, 3, 2))), tmp_path / "a.safetensors")
    (tmp_path / "c.safetensors").write_bytes(b"no model")
    return tmp_path


def test_a_row_says_what_a_model_is(folder):
    first, second = shipped.listing(folder, lambda spec: ["one", "two"][: spec.planes - 1])
    assert (first["name"], second["name"]) == ("a", "b")
    assert (first["draws"], first["psnr"]) == ("unknown", None)
    assert first["distances"] == {"attribute_frechet": None, "random_frechet": None, "to": None}
    assert first["boards"] == ["one", "two"]
    assert second | {"id": ""} == {
        "name": "b",
        "file": str(folder / "b.safetensors"),
        "id": "",
        "network": "own",
        "channels": [6, 1],
        "picture": [8, 8, 1],
        "weight_bits": [5, 3],
        "latents": "categorical",
        "draws": "digits",
        "psnr": 31.25,
        "distances": {"attribute_frechet": None, "random_frechet": 12.345, "to": "digits"},
        "boards": [],
    }


def test_the_table_for_people(folder):
    _, first, second = shipped.as_text(shipped.listing(folder, lambda spec: [])).splitlines()
    assert first.split() == [
        "a",
        "own",
        "4-3-2-1",
        "32x32",
        "RGB",
        "unknown",
        "5",
        "normal",
        "unknown",
        "-",
        "-",
        "none",
    ]
    wanted = "b own 6-1 8x8 grey digits 5,3 categorical 31.25 dB - 12.35 none"
    assert second.split() == wanted.split()


def test_a_file_is_found_by_the_beginning_of_its_digest(folder, monkeypatch):
    wanted = model_file.load(folder / "b.safetensors")
    read, load = [], model_file.load
    monkeypatch.setattr(model_file, "load", lambda path: read.append(path.name) or load(path))
    path, model = shipped.find(folder, wanted.digest[:16])
    assert (path, model.digest) == (folder / "b.safetensors", wanted.digest)
    assert read == ["b.safetensors"]
    assert shipped.find(folder, "0" * 16) is None
    assert shipped.find(folder, "f" * 64) is None


def test_a_damaged_file_is_found_and_refused(folder):
    path = folder / "b.safetensors"
    digest = model_file.load(path).digest
    contents = bytearray(path.read_bytes())
    contents[-1] ^= 1
    path.write_bytes(contents)
    with pytest.raises(InputError, match=r"b\.safetensors: "):
        shipped.find(folder, digest[:16])
