# SPDX-License-Identifier: Apache-2.0
"""Runs that train in milliseconds, with the fixture `tiny_recipes`."""

from train.run import RunConfig

CHANNELS = (4, 3, 2)


def config(recipe="fast", steps=12, **options):
    return RunConfig(channels=CHANNELS, recipe=recipe, steps=steps, seed=1, **options)
