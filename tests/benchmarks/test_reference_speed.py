# SPDX-License-Identifier: Apache-2.0
"""The benchmark of the reference measures every network that it names."""

import json

import numpy as np

from benchmarks import reference_speed
from golden.full_range import full_range_model
from golden.latents import draw_latents
from golden.spec import GeneratorSpec


def test_it_prints_every_network(monkeypatch, capsys):
    networks = {name: GeneratorSpec.avatars((4, 3, 2), head=name) for name in GeneratorSpec.HEADS}
    monkeypatch.setattr(reference_speed, "NETWORKS", networks)
    reference_speed.main(["--count", "2", "--rounds", "1", "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert [row["network"] for row in rows] == list(networks)
    assert all(row["ms_a_picture"] > 0 and row["times_pytorch"] > 0 for row in rows)


def test_pytorch_does_the_same_layers():
    for spec in reference_speed.NETWORKS.values():
        model = full_range_model(spec, 0)
        maps = reference_speed.by_torch(model, draw_latents(0, 1, latent=spec.latent))
        assert np.prod(maps.shape) == np.prod(spec.picture_shape)
