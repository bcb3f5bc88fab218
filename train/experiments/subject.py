# SPDX-License-Identifier: Apache-2.0
"""A trained generator as experiments see it: integers or floats, with offsets of their choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from golden import model_file
from golden.generator import generate
from golden.latents import STEPS_PER_UNIT, distributed, distribution_of, quantize_latents
from support.failures import InputError
from support.progress import bar
from train.data.training_set import SPRITES, load_again
from train.run import packed
from train.run.config import is_gain

MODELS = Path("models")
GENERATORS = Path("models/float")


class Missing(InputError):
    """No generator of those that an experiment compares is there."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A generator under examination.

    Attributes
    ----------
    name : str
        The file's, without its ending.
    id : str
        The file's digest.
    spec : golden.spec.GeneratorSpec
    training : dict
        Provenance, as in the model file.
    offsets : tuple of float32 arrays, shape (latent,)
        v1 and v2 of a network of three planes.
    network : golden.model_file.Model or train.networks.generator.Generator
        Integers or floats.
    """

    name: str
    id: str
    spec: object
    training: dict
    offsets: tuple[np.ndarray, ...]
    network: object

    @property
    def is_integer(self):
        """Whether it is a quantised model."""
        return isinstance(self.network, model_file.Model)

    @property
    def label(self):
        """Its name, and whether it computes in floats or with weights of how many bits."""
        if not self.is_integer:
            return f"{self.name} (float)"
        bits = self.spec.weight_bits
        width = bits[0] if len(set(bits)) == 1 else "-".join(map(str, bits))
        return f"{self.name} ({width} bits)"

    @property
    def widened(self):
        """Gain of the latents that its file holds (:mod:`train.quantize.widening`); 1 for none.

        Raises
        ------
        InputError
            The file has none that can be.
        """
        gain = self.training.get("widened", 1.0)
        if not is_gain(gain):
            raise InputError(f"{self.name}: widened is {gain!r}; make the file again")
        return gain

    @property
    def shape(self):
        """Height, width and colours of its pictures."""
        return self.spec.picture_shape

    @property
    def distribution(self):
        """That of the latents that it was trained on, one of golden.latents.DISTRIBUTIONS.

        Raises
        ------
        InputError
            The file has one that is not known.
        """
        return distribution_of(self.training, self.name)

    def draw(self, seed, count):
        """Return latents (count, latent), float64, from the distribution that it was trained on.

        They are those of ``avatar generate --seed SEED --count COUNT``, not yet rounded.
        """
        normal = np.random.default_rng(seed).standard_normal((count, self.spec.latent))
        return distributed(normal, self.distribution)

    def pictures(self, z, offsets=None):
        """Turn latents into pictures.

        Parameters
        ----------
        z : float array, shape (N, latent)
        offsets : sequence of float arrays, shape (latent,), optional
            v1 and v2 in place of its own; a quantised model rounds them, as it does `z`, to 1/32.

        Returns
        -------
        uint8 array, shape (N, *shape)
        """
        offsets = self.offsets if offsets is None else offsets
        if self.is_integer:
            named = zip(("v1", "v2"), map(quantize_latents, offsets))
            network = replace(self.network, **dict(named))
            return generate(network, quantize_latents(z), progress=_bar)
        from train.networks.float_generator import float_pictures, to_uint8

        z, *offsets = (np.asarray(each, np.float32) for each in (z, *offsets))
        return to_uint8(float_pictures(self.network, z, offsets))

    def training_pictures(self):
        """Return what it was trained on, uint8 (N, *shape).

        Raises
        ------
        InputError
            The folder is gone or has changed, or the file does not say.
        """
        remedy = "restore them or give another --model"
        return load_again(self.training, self.name, remedy, shape=self.shape).pictures

    @property
    def made_from(self):
        """What it was trained on and for how long, in words."""
        data = "drawn sprites" if self.training.get("data") == SPRITES else "pictures"
        pictures, steps = (
            number if type(number := self.training.get(name)) is int else 0
            for name in ("pictures", "steps")
        )
        return f"{pictures:,} {data}, {steps:,} steps"


def _bar(batches):
    return bar(batches, desc="generate", unit="batch")


def as_subject(name, model):
    """Return a :class:`golden.model_file.Model` as a :class:`Subject` of this name."""
    offsets = (model.v1, model.v2) if model.spec.planes == 3 else ()
    return Subject(
        name=name,
        id=model.digest,
        spec=model.spec,
        training=model.training,
        offsets=tuple((v / STEPS_PER_UNIT).astype(np.float32) for v in offsets),
        network=model,
    )


def open_subject(path):
    """Read a model file or a packed generator.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Subject

    Raises
    ------
    InputError
        It is neither, or damaged.
    """
    path = Path(path)
    if not packed.is_packed(path):
        return as_subject(path.stem, model_file.load(path))
    from train.networks.float_generator import as_network

    config, generator, digest = packed.load(path)
    return Subject(
        name=path.stem,
        id=digest,
        spec=config.spec,
        training=config.provenance | generator.progress,
        offsets=generator.offsets,
        network=as_network(generator, config.spec),
    )


def open_named(names):
    """Return the packed generators of these names that are in :data:`GENERATORS`, in this order."""
    paths = [GENERATORS / f"{name}.safetensors" for name in names]
    return [open_subject(path) for path in paths if path.is_file()]
