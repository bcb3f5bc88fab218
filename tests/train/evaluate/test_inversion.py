# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from golden.generator import generate
from golden.inversion import Target
from golden.latents import draw_latents
from golden.spec import GeneratorSpec, Layer
from tests.models import smooth_model
from train.evaluate import inversion
from train.evaluate.inversion import search_gradient

GREY = GeneratorSpec(
    20,
    1,
    (
        Layer(12, 4, 1, 0, 0, "leaky_relu"),
        Layer(8, 5, 2, 2, 1, "leaky_relu"),
        Layer(1, 3, 2, 1, 1, "table"),
    ),
)


@pytest.mark.parametrize("distribution", ["normal", "tanh"])
@pytest.mark.parametrize(
    "spec", [GREY, GeneratorSpec.avatars((16, 12), latent=30)], ids=["grey", "planes"]
)
def test_pictures_of_known_latents_are_found_again(spec, distribution):
    model = smooth_model(spec)
    picture = generate(model, draw_latents(1001, 1, distribution, spec.latent))[0]
    target = Target(model, picture)
    nearest_drawn = target.nearest_drawn(0, distribution, 1)
    before = np.sqrt(target.squares(nearest_drawn)[0] / picture.size)
    found = search_gradient(target, 0, distribution, steps=100)
    print(before, found.distance, found.drawn)
    assert before > 15
    assert found.distance < 3
    np.testing.assert_array_equal(found.picture, generate(model, found.latent[None])[0])
    assert abs(found.latent.astype(int)).max() <= (128 if distribution == "normal" else 32)


def test_few_starts_at_a_time_find_the_same(monkeypatch):
    model = smooth_model(GREY)
    picture = generate(model, draw_latents(1001, 1, latent=20))[0]
    together = search_gradient(Target(model, picture), 0, "normal", steps=20)
    monkeypatch.setattr(inversion, "MAPS_BYTES", 1)
    alone = search_gradient(Target(model, picture), 0, "normal", steps=20)
    assert alone.distance == pytest.approx(together.distance, abs=1)
