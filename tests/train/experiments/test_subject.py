# SPDX-License-Identifier: Apache-2.0
"""The generator that an experiment examines."""

import numpy as np
import torch

from golden import model_file
from golden.generator import generate
from golden.latents import draw_latents
from tests.train.run.test_packed import CONFIGURATION, make_generator
from train.experiments import measures
from train.experiments.subject import open_subject
from train.run import packed


def test_an_integer_subject_is_the_reference(model):
    subject = open_subject(model)
    assert subject.label == "model (5 bits)"
    wanted = generate(model_file.load(model), draw_latents(3, 4))
    np.testing.assert_array_equal(subject.pictures(subject.draw(3, 4)), wanted)


def test_a_packed_subject_is_the_float_generator(tmp_path):
    path = tmp_path / "g.safetensors"
    packed.save(CONFIGURATION, make_generator(), path)
    subject = open_subject(path)
    assert subject.label == "g (float)"
    z = subject.draw(3, 4)
    assert np.abs(z).max() < 1  # it was trained on tanh
    network = subject.network
    inputs = [torch.tensor(z + v, dtype=torch.float32) for v in (0, *subject.offsets)]
    with torch.no_grad():
        planes = np.stack([network(x)[:, 0].numpy() for x in inputs], -1)
    np.testing.assert_allclose(subject.pictures(z), (planes + 1) * 127.5, atol=0.51)


def test_without_offsets_a_picture_is_grey(model):
    subject = open_subject(model)
    z, none = subject.draw(0, 2), np.zeros(100)
    made = subject.pictures(z, (none, none))
    assert made.std() > 0
    np.testing.assert_array_equal(measures.colourfulness(made), 0)
    assert (measures.colourfulness(subject.pictures(z)) > 0).all()
