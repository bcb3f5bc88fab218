# SPDX-License-Identifier: Apache-2.0
"""Wider latents: a trained generator given back the variety that it lost.

A generator's pictures lie nearer together than those it was trained on, the more so with rounded
weights. Drawn from latents times a gain above 1 they lie further apart, and whoever draws needs no
gain: it goes into the first layer, and out of v1 and v2, which move the pictures as far as before,
``W (g z + v) = g W (z + v / g)``. It is the truncation of latents of Brock et al.,
arXiv:1809.11096, section 3.1, the other way about: variety, for some of the cleanness.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from golden.generator import generate
from golden.latents import quantize_latents
from support.failures import InputError
from support.progress import bar
from train.data.training_set import MOVED, load_again, refuse_alike
from train.evaluate import metrics, random_cnn
from train.networks.float_generator import as_network, float_pictures, to_uint8
from train.quantize.pipeline import quantize, requantizer
from train.run.float_generator import FloatGenerator, IntegerGenerator, draw_latents
from train.run.packed import config_of, read_earlier

SAMPLES = 1_024
REFERENCE_COUNT = 2_000
GREATEST = 50  # per cent above 1
STRIDES = (8, 4, 2, 1)  # per cent
_STREAM = 9_001  # of a run's seed


def with_gain(generator, gain):
    """Return a generator whose pictures are those of `generator` from latents `gain` times as wide.

    Parameters
    ----------
    generator : train.run.float_generator.FloatGenerator or
    train.run.float_generator.IntegerGenerator
        Of integers all weights stay; layer 1's factors change, and its biases, v1 and v2, which are
        rounded again. The metrics in a model stay those of gain 1.
    gain : float
        At least 1: less could leave v1 and v2 no room.

    Returns
    -------
    train.run.float_generator.FloatGenerator or train.run.float_generator.IntegerGenerator
        It tells of all gains that it was given as ``widened``.
    """
    if isinstance(generator, FloatGenerator):
        return replace(
            generator,
            weight=(generator.weight[0] * np.float32(gain), *generator.weight[1:]),
            offsets=tuple(v / np.float32(gain) for v in generator.offsets),
            progress=_told(generator.progress, gain),
        )
    model = generator.model
    mul, shift = requantizer(model.mul[0] * float(gain) / 2.0 ** model.shift[0])
    model = replace(
        model,
        bias=(np.rint(model.bias[0] / gain).astype(np.int32), *model.bias[1:]),
        mul=(mul, *model.mul[1:]),
        shift=np.array([shift, *model.shift[1:]], np.uint8),
        **{
            name: np.rint(getattr(model, name) / gain).astype(np.int8)
            for name in ("v1", "v2")[: model.spec.planes - 1]
        },
        training=_told(model.training, gain),
    )
    return IntegerGenerator(model)


def _told(facts, gain):
    return facts | {"widened": round(facts.get("widened", 1.0) * gain, 4)}


def find_gain(config, generator, run, data=None):
    """Return the gain that gives a generator the variety of its training pictures.

    From 1 upwards in hundredths, at most 1.5: the nearest place where the random-CNN Frechet
    distance of :data:`SAMPLES` pictures to the training pictures is least.

    Parameters
    ----------
    config : train.run.config.RunConfig
    generator : train.run.float_generator.FloatGenerator or
    train.run.float_generator.IntegerGenerator
    run : str or Path
        Its folder, for messages.
    data : str, optional
        Where its training pictures are now, if they were moved.

    Returns
    -------
    float

    Raises
    ------
    InputError
        The run was imported, its training pictures are gone or have changed, or all are alike.
    """
    known = _known(config, run, data)
    chosen = np.linspace(0, len(known) - 1, min(len(known), REFERENCE_COUNT)).astype(int)
    reference = metrics.ScaledFeatures(random_cnn.features(known[chosen]))
    rng = np.random.default_rng([config.seed, _STREAM])
    z = draw_latents(config.latents, (SAMPLES, config.spec.latent), rng)
    progress = bar(desc="widen", unit="gain")

    @cache
    def distance(percent):
        candidate = with_gain(generator, (100 + percent) / 100)
        pictures = _pictures(config, candidate, z)
        progress.update()
        return reference.frechet(random_cnn.features(pictures))

    best = 0
    with progress:
        for stride in STRIDES:
            while True:
                near = [p for p in (best, best - stride, best + stride) if 0 <= p <= GREATEST]
                nearest = min(near, key=distance)
                if nearest == best:
                    break
                best = nearest
    return (100 + best) / 100


def _known(config, run, data):
    """Return the training pictures of a run, where a gain can be found on them."""
    if config.recipe == "import":
        raise InputError(f"{run}: was trained elsewhere; give a --gain, or leave --widen out")
    known = load_again(config.provenance, run, MOVED, data, config.spec.picture_shape).pictures
    refuse_alike(config.data, known, "a distance")
    return known


def check_known(run, data=None):
    """Raise the InputError of :func:`find_gain` for a run, before anything takes minutes."""
    _known(config_of(run), run, data)


def check_gain(gain):
    """Refuse a gain that is no number of 1 to 1.5; None is one to look for."""
    if gain is not None and not 1 <= gain <= 1 + GREATEST / 100:
        raise InputError(f"--gain is {gain}; give 1 to {1 + GREATEST / 100}")


def widen_float(config, generator, run, gain=None, data=None):
    """Return a :class:`train.run.float_generator.FloatGenerator` with a gain, by default that of
    :func:`find_gain`.

    Raises
    ------
    InputError
        As :func:`find_gain`, where no gain is given.
    """
    if gain is None:
        gain = find_gain(config, generator, run, data)
    return with_gain(generator, gain)


def widen_model(model, run, gain=None, data=None):
    """Return what a run was quantised to with a gain, by default the one that its integers want.

    Parameters
    ----------
    model : golden.model_file.Model
        Of :func:`train.quantize.pipeline.quantize_run`.
    run : str or Path
    gain : float, optional
    data : str, optional
        Where its training pictures are now, if they were moved.

    Returns
    -------
    golden.model_file.Model
        A run in floats is quantised anew, with the gain; integers that were trained, or whose
        rounding was learned, stay, and ``metrics["psnr"]`` is that of gain 1.

    Raises
    ------
    InputError
        As :func:`widen_float`.
    """
    config, generator = config_of(run), IntegerGenerator(model)
    if gain is None:
        gain = find_gain(config, generator, run, data)
    if config.integers or "rounding_steps" in model.training:
        return with_gain(generator, gain).model
    _, floats = read_earlier(run)
    return quantize(config, with_gain(floats, gain), model.spec.weight_bits)


def _pictures(config, generator, z):
    """Draw latents (N, latent): uint8 (N, 32, 32, 3)."""
    if isinstance(generator, IntegerGenerator):
        return generate(generator.model, quantize_latents(z))
    network = as_network(generator, config.spec)
    return to_uint8(float_pictures(network, z, generator.offsets))
