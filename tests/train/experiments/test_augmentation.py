# SPDX-License-Identifier: Apache-2.0
"""Classifiers that learn from few pictures and from made ones."""

import numpy as np
import torch

from train.data import sprites
from train.experiments import augmentation


def test_geometric_changes_keep_the_picture():
    pictures = torch.full((40, 3, 32, 32), -1.0)
    pictures[:, :, 12:20, 12:15] = 1.0  # left of the middle
    moved = augmentation.moved(pictures, np.random.default_rng(0))
    light = (moved + 1).sum((1, 2, 3))
    torch.testing.assert_close(light, (pictures + 1).sum((1, 2, 3)), rtol=0.02, atol=0)
    columns = ((moved + 1).sum((1, 2)) * torch.arange(32)).sum(1) / light
    assert (columns < 14).any()
    assert (columns > 17).any()  # mirrored
    assert len(torch.unique(columns)) > 20
    assert moved.min() >= -1.0001


def test_a_classifier_learns_and_is_asked_only_where_it_is_sure(monkeypatch):
    monkeypatch.setattr(augmentation, "STEPS", 60)
    rng = np.random.default_rng(0)
    labels = torch.from_numpy(rng.integers(len(augmentation.CLASSES), size=60))
    pictures = torch.full((60, 3, 32, 32), -1.0)
    for n, label in enumerate(labels):
        pictures[n, :, :, 2 * label] = 1.0
    network = augmentation.fit(pictures, labels, (0, 1), geometric=False)
    assert augmentation.accuracy(network, pictures, labels) == 1
    grey = torch.zeros(1, 3, 32, 32)
    sure, named = augmentation.pseudo_labels(network, torch.cat([pictures, grey]))
    assert sure[:60].float().mean() > 0.8
    assert torch.equal(named[:60], labels)
    probability = augmentation.probabilities(network, grey).max()
    assert sure[60] == (probability >= augmentation.SURE)
    again = augmentation.fit(pictures, labels, (0, 1), geometric=False)
    for a, b in zip(network.parameters(), again.parameters()):
        assert torch.equal(a, b)


def test_few_labelled_sprites_of_every_class():
    _, attributes = sprites.collection(400, 1)
    chosen = augmentation.scarce(attributes, 2, np.random.default_rng(0))
    names = [attributes[n].hair for n in chosen]
    assert sorted(names) == sorted(augmentation.CLASSES * 2)
    assert len(set(chosen)) == len(chosen)
