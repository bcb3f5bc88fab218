# SPDX-License-Identifier: Apache-2.0
"""The shipped attribute CNN reads drawn sprites; a damaged file is one line."""

import dataclasses

import numpy as np
import pytest
import torch

from support.failures import InputError
from train.data.sprites import collection, draw
from train.evaluate import attribute_cnn, random_cnn


@pytest.fixture(scope="module")
def shipped():
    return attribute_cnn.load()


def test_it_reads_sprites_it_has_not_seen(shipped):
    pictures, attributes = collection(200, 77)
    features, read = shipped.read(pictures)
    assert features.shape == (200, attribute_cnn.FEATURES)
    assert features.dtype == np.float64
    for name in ("hair", "hair_colour", "skin", "eyes", "clothes", "accessory"):
        wrong = sum(getattr(a, name) != getattr(b, name) for a, b in zip(read, attributes))
        assert wrong <= 2, name
    redrawn = [np.array_equal(draw(a), p) for a, p in zip(read, pictures)]
    assert np.mean(redrawn) > 0.95
    assert np.mean(redrawn) == pytest.approx(shipped.redrawn, abs=0.03)


def test_slight_damage_does_not_change_what_it_reads(shipped):
    pictures, attributes = collection(100, 78)
    rng = np.random.default_rng(0)
    noisy = pictures + rng.normal(0, 10, pictures.shape)
    _, read = shipped.read(np.clip(noisy, 0, 255).astype(np.uint8))
    for name in ("hair", "skin", "clothes", "accessory"):
        assert (
            np.mean([getattr(a, name) == getattr(b, name) for a, b in zip(read, attributes)]) > 0.9
        )


def test_training_repeats(tmp_path):
    size = {"sprite_count": 200, "held_out": 20}
    one, two = (attribute_cnn.train(**size, epochs=2) for _ in range(2))
    assert one.digest == two.digest
    assert one.accuracy == two.accuracy
    assert one.digest != attribute_cnn.train(**size, epochs=2, seed=1).digest
    path = tmp_path / "a.safetensors"
    attribute_cnn.save(one, path)
    loaded = attribute_cnn.load(path)
    assert (loaded.digest, loaded.accuracy) == (one.digest, one.accuracy)
    pictures = collection(10, 3)[0]
    np.testing.assert_array_equal(loaded.read(pictures)[0], one.read(pictures)[0])


def test_damaged_files(tmp_path, shipped):
    path = tmp_path / "a.safetensors"
    with pytest.raises(InputError, match="there is no such file; make it again: python -m"):
        attribute_cnn.load(path)
    path.write_bytes(b"not a model")
    with pytest.raises(InputError, match="is damaged"):
        attribute_cnn.load(path)
    attribute_cnn.save(dataclasses.replace(shipped), path)
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="its digest is not"):
        attribute_cnn.load(path)


def test_attributes_that_have_changed(tmp_path, shipped, monkeypatch):
    path = tmp_path / "a.safetensors"
    attribute_cnn.save(shipped, path)
    monkeypatch.setitem(attribute_cnn.CHOICES, "skin", ("fair", "tan", "dark"))
    with pytest.raises(InputError, match="of other attributes"):
        attribute_cnn.load(path)


def test_the_random_cnn_is_always_the_same():
    """Whatever version of PyTorch or NumPy: the figures of docs/results depend on it."""
    assert random_cnn.digest() == (
        "80dea90df19247c1307644fc5ba44851730ecef1053e3e68757e02ee78cd9930"
    )


def test_random_features_see_texture_and_layout():
    pictures = collection(8, 1)[0]
    features = random_cnn.features(pictures)
    assert features.shape == (8, random_cnn.FEATURES)
    assert features.dtype == np.float64
    turned = random_cnn.features(np.ascontiguousarray(pictures[:, ::-1]))
    assert not np.allclose(features[:, -128:], turned[:, -128:])
    black = random_cnn.features(np.zeros((2, 32, 32, 3), np.uint8))
    assert np.isfinite(black).all()
    torch.testing.assert_close(black[0], black[1])
