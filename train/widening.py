# SPDX-License-Identifier: Apache-2.0
"""Wider latents: a trained generator given back the variety that it lost.

A generator's pictures lie nearer together than those it was trained on, the more so with rounded
weights. Drawn from latents times a gain above 1 they lie further apart, and the files need no gain:
it goes into the first layer, and out of v1 and v2, which move the pictures as far as before,
``W (g z + v) = g W (z + v / g)``. It is the truncation of latents of Brock et al.,
arXiv:1809.11096, section 3.1, the other way about: variety, for some of the cleanness.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from tqdm import tqdm

from golden.generator import generate
from golden.latents import quantize_latents
from golden.spec import InputError
from train import metrics, random_cnn
from train.data import load_again
from train.quantize import as_network, float_pictures, requantiser
from train.run import FloatGenerator, IntegerGenerator, draw_latents
from train.samples import to_uint8

SAMPLES = 1_024
REFERENCE_COUNT = 2_000
GREATEST = 50  # per cent above 1
STRIDES = (16, 8, 4, 2, 1)  # per cent
_STREAM = 9_001  # of a run's seed


def widened(generator, gain):
    """Return a generator whose pictures are those of `generator` from latents `gain` times as wide.

    Parameters
    ----------
    generator : train.run.FloatGenerator or train.run.IntegerGenerator
        Of integers all weights stay; layer 1's factors change, and its biases, v1 and v2, which are
        rounded again.
    gain : float

    Returns
    -------
    train.run.FloatGenerator or train.run.IntegerGenerator
        It tells of the gain as ``widened``.
    """
    if isinstance(generator, FloatGenerator):
        return replace(
            generator,
            weight=(generator.weight[0] * np.float32(gain), *generator.weight[1:]),
            v1=generator.v1 / np.float32(gain),
            v2=generator.v2 / np.float32(gain),
            progress=generator.progress | {"widened": gain},
        )
    model = generator.model
    mul, shift = requantiser(model.mul[0] * gain / 2.0 ** model.shift[0])
    model = replace(
        model,
        bias=(np.rint(model.bias[0] / gain).astype(np.int32), *model.bias[1:]),
        mul=(mul, *model.mul[1:]),
        shift=np.array([shift, *model.shift[1:]], np.uint8),
        v1=np.rint(model.v1 / gain).astype(np.int8),
        v2=np.rint(model.v2 / gain).astype(np.int8),
        training=model.training | {"widened": gain},
    )
    return IntegerGenerator(model)


def widen(config, generator):
    """Widen a generator to the variety of its training pictures.

    The gain, 1 to 1.5 in hundredths, is where the random-CNN Frechet distance of
    :data:`SAMPLES` pictures to the training pictures is least.

    Parameters
    ----------
    config : train.run.RunConfig
    generator : train.run.FloatGenerator or train.run.IntegerGenerator

    Returns
    -------
    train.run.FloatGenerator or train.run.IntegerGenerator

    Raises
    ------
    InputError
        The run was imported, or its training pictures are gone or have changed.
    """
    if config.recipe == "import":
        raise InputError(f"{config.data}: was trained elsewhere; leave --widen out")
    known = load_again(config.data, config.pictures, config.data_digest, "the run")
    chosen = np.linspace(0, len(known) - 1, min(len(known), REFERENCE_COUNT)).astype(int)
    reference = metrics.ScaledFeatures(random_cnn.features(known[chosen]))
    rng = np.random.default_rng([config.seed, _STREAM])
    z = draw_latents(config.latents, (SAMPLES, config.spec.latent), rng)

    @cache
    def distance(percent):
        candidate = widened(generator, 1 + percent / 100)
        return reference.frechet(random_cnn.features(_pictures(config, candidate, z)))

    best = 0
    for stride in tqdm(STRIDES, desc="widen", unit="stride", delay=2, leave=False):
        near = [p for p in (best - stride, best, best + stride) if 0 <= p <= GREATEST]
        best = min(near, key=distance)
    return widened(generator, 1 + best / 100)


def _pictures(config, generator, z):
    """Draw latents (N, latent): uint8 (N, 32, 32, 3)."""
    if isinstance(generator, IntegerGenerator):
        return generate(generator.model, quantize_latents(z))
    network = as_network(generator, config.spec)
    return to_uint8(float_pictures(network, z, generator.v1, generator.v2))
