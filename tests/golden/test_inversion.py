# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest

from golden import model_file
from golden.generator import generate
from golden.inversion import Target, polish, search_choices
from golden.latents import CHOICES, draw_latents
from golden.spec import GeneratorSpec, Layer
from support.failures import InputError
from tests.models import random_model, smooth_model

MODELS = Path(__file__).parents[2] / "models"
GREY = GeneratorSpec(
    20, 1, (Layer(6, 3, 1, 0, 0, "leaky_relu"), Layer(4, 5, 2, 2, 1), Layer(1, 3, 1, 1, 0, "table"))
)


def noise(model, seed=0):
    return np.random.default_rng(seed).integers(0, 256, model.spec.picture_shape, np.uint8)


def distance(model, latent, picture):
    difference = generate(model, latent[None])[0].astype(float) - picture
    return np.sqrt((difference**2).mean())


def test_a_categorical_latent_is_found_again():
    model = model_file.load(MODELS / "compact-w5.safetensors")
    latents = draw_latents(1001, 1, "categorical")
    (picture,) = generate(model, latents)
    found = search_choices(Target(model, picture), seed=0)
    np.testing.assert_array_equal(found.latent, latents[0])
    np.testing.assert_array_equal(found.picture, picture)
    assert found.distance == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spec", [GREY, GeneratorSpec.avatars((5, 4), latent=40)])
def test_no_other_option_of_a_choice_is_nearer(spec, seed):
    model = random_model(spec, seed)
    picture = noise(model)
    found = search_choices(Target(model, picture), seed)
    assert found.is_local_optimum
    assert found.distance == pytest.approx(distance(model, found.latent, picture))
    choices = found.latent.reshape(CHOICES, -1)
    assert sorted(set(choices.ravel())) == [0, 127]
    assert ((choices == 127).sum(1) == 1).all()
    for place in range(CHOICES):
        for option in np.eye(choices.shape[1], dtype=np.int8) * np.int8(127):
            other = choices.copy()
            other[place] = option
            assert distance(model, other.ravel(), picture) >= found.distance


def test_the_seed_decides_where_a_search_begins():
    model = random_model(GREY)
    picture = noise(model)
    first, again = (search_choices(Target(model, picture), 7) for _ in range(2))
    np.testing.assert_array_equal(first.latent, again.latent)
    assert first.drawn == again.drawn


def test_polished_latents_have_no_nearer_neighbour():
    model = smooth_model(GREY)
    picture = generate(model, draw_latents(3, 1, latent=20))[0]
    start = draw_latents(4, 1, latent=20)[0]
    limits = (-40, 40)
    start = start.clip(*limits)
    found = polish(Target(model, picture), start, limits, most=10**6)
    assert found.is_local_optimum
    assert found.distance < distance(model, start, picture) / 2
    assert abs(found.latent.astype(int)).max() <= 40
    for place in range(20):
        for step in (-1, 1):
            other = found.latent.astype(int)
            other[place] = np.clip(other[place] + step, *limits)
            assert distance(model, other.astype(np.int8), picture) >= found.distance


def test_polishing_ends_after_so_many_pictures():
    model = smooth_model(GREY)
    target = Target(model, noise(model))
    start = draw_latents(4, 1, latent=20)[0]
    found = polish(target, start, (-128, 127), most=1)
    assert not found.is_local_optimum
    assert found.distance < distance(model, start, noise(model))
    assert found.drawn == target.drawn < 60


def test_a_target_tells_of_its_pictures_and_draws_none_twice():
    model = random_model(GREY)
    told = []
    target = Target(model, noise(model), told.append)
    latents = draw_latents(0, 3, latent=20)
    twice = target.squares(np.concatenate([latents, latents]))
    np.testing.assert_array_equal(twice[:3], twice[3:])
    assert target.drawn == sum(told) == 3


def test_a_picture_of_another_shape_is_refused():
    with pytest.raises(InputError, match="the model draws"):
        Target(random_model(GREY), np.zeros((32, 32, 3), np.uint8))
