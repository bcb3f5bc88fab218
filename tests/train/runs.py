# SPDX-License-Identifier: Apache-2.0
"""Runs that train in milliseconds, with the fixture `tiny_recipes`, and untrained generators."""

import math

import numpy as np

from golden.spec import GeneratorSpec
from train.run.config import RunConfig
from train.run.float_generator import FloatGenerator

CHANNELS = (4, 3, 2)


def config(recipe="fast", steps=12, **options):
    return RunConfig(
        spec=GeneratorSpec.avatars(CHANNELS), recipe=recipe, steps=steps, seed=1, **options
    )


def float_generator(spec, seed=0, bias_deviation=0.2):
    """A generator with He's weights, and biases, so that every number is in play."""
    rng = np.random.default_rng(seed)
    weight, bias = [], []
    for layer in spec.shapes:
        std = math.sqrt(2 / layer.products)
        weight.append(rng.normal(0, std, layer.weight_shape).astype(np.float32))
        bias.append(rng.normal(0, bias_deviation, layer.out_channels).astype(np.float32))
    offsets = tuple(rng.standard_normal((spec.planes - 1, spec.latent), np.float32))
    slopes = [0.2 if layer.activation == "leaky_relu" else 0.0 for layer in spec.shapes[:-1]]
    slopes = tuple(slopes) if any(slopes) else ()
    progress = {"steps": 5, "seconds": 2}
    return FloatGenerator(tuple(weight), tuple(bias), offsets, progress, slopes)
