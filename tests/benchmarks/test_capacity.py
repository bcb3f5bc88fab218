# SPDX-License-Identifier: Apache-2.0
"""Generators that are told what to draw."""

import json

import numpy as np
import pytest
import torch

from benchmarks import capacity
from golden.spec import GeneratorSpec
from train.data import sprites

TINY = GeneratorSpec.preset("tiny")


def test_codes_name_every_choice_once():
    _, attributes = sprites.collection(300, 0)
    codes = capacity.one_hot(attributes)
    assert codes.shape == (300, sum(map(len, sprites.CHOICES.values())))
    assert (codes.sum(1) == len(sprites.CHOICES)).all()
    assert len(torch.unique(codes, dim=0)) == 300  # as many as there are different sprites
    np.testing.assert_array_equal(codes[:, 0], [each.hair == "bob" for each in attributes])
    assert next(iter(sprites.CHOICES["hair"])) == "bob"


@pytest.mark.parametrize("head", ["planes", "rgb"])
def test_a_generator_learns_to_draw_what_it_is_told(head):
    pictures, attributes = sprites.collection(4, 0)
    codes = capacity.one_hot(attributes)
    network = capacity.ToldGenerator(
        GeneratorSpec.avatars(TINY.channels, head=head), codes.shape[1], seed=1
    )

    def error():
        return np.abs(capacity.draw(network, codes).astype(int) - pictures).mean()

    before = error()
    capacity.train(network, pictures, codes, 60, 1)
    assert error() < 0.6 * before


def test_the_table_repeats(tmp_path, monkeypatch):
    monkeypatch.setattr(capacity, "TRAINED_ON", 40)
    monkeypatch.setattr(capacity, "judged", lambda count, reference: _judged(reference))
    for name in "ab":
        arguments = ["tiny", "--steps", "3", "--count", "20", "--out", str(tmp_path / name)]
        capacity.main(arguments)
    for suffix in ("json", "md", "png"):
        a, b = ((tmp_path / name / f"capacity.{suffix}").read_bytes() for name in "ab")
        assert a == b
    facts = json.loads((tmp_path / "a" / "capacity.json").read_text())
    names = [each["generator"] for each in facts["generators"]]
    assert names == ["tiny, told", "tiny, told, three planes a pass", "judged"]
    text = (tmp_path / "a" / "capacity.md").read_text()
    assert "| tiny, told |" in text


def _judged(reference):
    figures = reference.measure(reference.fresh)
    facts = {"generator": "judged", "weights": 1, "steps": 2, capacity.ERROR: None, **figures}
    return facts, reference.fresh
