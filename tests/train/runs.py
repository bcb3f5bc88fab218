# SPDX-License-Identifier: Apache-2.0
"""Runs that train in milliseconds, with the fixture `tiny_recipes`, and untrained generators."""

import math

import numpy as np

from train.run.config import RunConfig
from train.run.float_generator import FloatGenerator

CHANNELS = (4, 3, 2)


def config(recipe="fast", steps=12, **options):
    return RunConfig(channels=CHANNELS, recipe=recipe, steps=steps, seed=1, **options)


def float_generator(spec, seed=0, bias_deviation=0.2):
    """A generator with He's weights, and biases, so that every number is in play."""
    rng = np.random.default_rng(seed)
    weight, bias = [], []
    for layer in spec.layers:
        taps = 1 if layer.stride == 1 else 4
        std = math.sqrt(2 / (layer.in_channels * taps))
        weight.append(rng.normal(0, std, layer.weight_shape).astype(np.float32))
        bias.append(rng.normal(0, bias_deviation, layer.out_channels).astype(np.float32))
    v1, v2 = rng.standard_normal((2, 100), np.float32)
    return FloatGenerator(tuple(weight), tuple(bias), v1, v2, {"steps": 5, "seconds": 2})
