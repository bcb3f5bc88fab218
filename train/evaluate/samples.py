# SPDX-License-Identifier: Apache-2.0
"""Pictures to be measured, whatever makes them, and the pictures that it was trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden import model_file
from golden.generator import generate
from golden.latents import LATENT, distribution_of, quantize_latents
from golden.spec import GeneratorSpec
from support.progress import bar
from train.data.reading import DEFAULT, read_folder
from train.data.sizes import SHAPE, comparable
from train.data.training_set import refuse_alike
from train.networks.float_generator import as_network, float_pictures, to_uint8
from train.networks.generator import Generator, he_deviation
from train.run import packed
from train.run.config import MODEL, RunConfig
from train.run.float_generator import FloatGenerator, draw_latents

_STREAM = 6_001  # of a seed: latents that neither training nor quantisation has drawn
_UNTRAINED_SEED = 6_002


@dataclass(frozen=True)
class Source:
    """Something that gives pictures.

    Attributes
    ----------
    facts : dict
        What it is, as JSON can hold it.
    sample : callable
        ``sample(count, seed)`` returns uint8 pictures, shape (count, 32, 32, 3); those of another
        shape are resampled, so that all are measured on one scale.
    training : dict
        What a run's configuration says of its training pictures; empty where nothing is known.
    shape : (int, int, int)
        Height, width and colours of the pictures that it makes itself.
    """

    facts: dict
    sample: Callable[[int, int], np.ndarray]
    training: dict
    shape: tuple[int, int, int] = SHAPE


def latents(distribution, count, seed, latent=LATENT):
    """Draw the latents (count, latent) that every source of one distribution is measured on."""
    rng = np.random.default_rng([seed, _STREAM])
    return draw_latents(distribution, (count, latent), rng)


def of_generator(generator, config):
    """Return the :class:`Source` of a float generator.

    Parameters
    ----------
    generator : train.run.float_generator.FloatGenerator
    config : train.run.config.RunConfig
        Of the run that it comes from.
    """
    network = as_network(generator, config.spec)

    def sample(count, seed):
        z = latents(config.latents, count, seed, config.spec.latent)
        return comparable(to_uint8(float_pictures(network, z, generator.offsets)))

    facts = {
        "kind": "float",
        "channels": list(config.spec.channels),
        "recipe": config.recipe,
        "latents": config.latents,
    }
    shape = config.spec.picture_shape
    return Source(facts | generator.progress, sample, config.provenance, shape)


def of_run(run):
    """Return the :class:`Source` of a run's averaged generator, floats or integers.

    Raises
    ------
    InputError
        The folder is no run, or holds no generator yet.
    """
    config = RunConfig.load(run)
    if config.integers:
        source = of_model(Path(run) / MODEL)
    else:
        source = of_generator(FloatGenerator.load(run, config.spec), config)
    source.facts["run"] = str(run)
    return source


def of_file(path):
    """Return the :class:`Source` of a model file, or of a packed float generator.

    Raises
    ------
    InputError
        As :func:`of_model`.
    """
    if not packed.is_packed(path):
        return of_model(path)
    config, generator, digest = packed.load(path)
    source = of_generator(generator, config)
    source.facts.update(file=str(path), id=digest)
    return source


def of_model(path):
    """Return the :class:`Source` of a model file: the integer reference on quantised latents.

    Raises
    ------
    InputError
        As :func:`golden.model_file.load`, or its training's latents are not known here.
    """
    model = model_file.load(path)
    distribution = distribution_of(model.training, path)

    def progress(batches):
        return bar(batches, desc="generate", unit="batch")

    def sample(count, seed):
        z = quantize_latents(latents(distribution, count, seed, model.spec.latent))
        return comparable(generate(model, z, progress=progress))

    spec = model.spec
    facts = {"kind": "model", "file": str(path), "id": model.digest}
    facts |= {"channels": list(spec.channels), "weight_bits": list(spec.weight_bits)}
    facts["latents"] = distribution
    return Source(facts, sample, model.training, spec.picture_shape)


def resample(pictures, count, seed):
    """Draw `count` of the pictures at random, each at most once where there are enough."""
    rng = np.random.default_rng([seed, _STREAM])
    again = len(pictures) < count
    return pictures[rng.choice(len(pictures), count, replace=again)]


def of_folder(folder, reading=DEFAULT):
    """Return the :class:`Source` of a folder of pictures, resampled to the count asked for.

    Raises
    ------
    InputError
        It has no readable picture, or no two different ones.
    """
    pictures = read_folder(folder, reading)
    refuse_alike(folder, pictures, "a distance")

    def sample(count, seed):
        return resample(pictures, count, seed)

    return Source({"kind": "folder", "folder": str(folder), "pictures": len(pictures)}, sample, {})


def untrained():
    """Return the :class:`Source` of a generator of `compact`'s size with He's first weights."""
    config = RunConfig(GeneratorSpec.preset("compact"), recipe="none", steps=0, seed=0)
    rng = np.random.default_rng(_UNTRAINED_SEED)
    weight = tuple(
        rng.standard_normal(tuple(layer.weight.shape), np.float32) * np.float32(he_deviation(layer))
        for layer in Generator(config.spec).layers
    )
    generator = FloatGenerator(
        weight=weight,
        bias=tuple(np.zeros(each.shape[1], np.float32) for each in weight),
        offsets=tuple(rng.standard_normal((2, config.spec.latent), np.float32)),
        progress={"steps": 0, "seconds": 0},
    )
    return of_generator(generator, config)
