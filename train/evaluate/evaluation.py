# SPDX-License-Identifier: Apache-2.0
"""Every metric of a set of pictures on one scale, beside what known sets score on it.

The same functions measure float generators, integer models and folders: they see uint8 pictures
only. What a figure means shows beside the same figure of the calibration sets: fresh real pictures,
275 training pictures, 50/50 blends of two real pictures, an untrained generator, noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from support.failures import InputError
from train.data import sprites
from train.data.distance import nearest, rms
from train.data.reading import DEFAULT, read_folder
from train.data.sizes import SHAPE, coloured, comparable, sprites_of
from train.data.training_set import SPRITES, SPRITES_SEED, load, load_again, refuse_alike
from train.evaluate import attribute_cnn, metrics, random_cnn, samples
from train.evaluate.kept import kept_figures
from train.networks.torch_tools import one_thread

REFERENCE_SEED = 8_001  # of the held-out sprites; no training set has it
REFERENCE_COUNT = 2_000
COUNT = 1_500
COUNT_LIMITS = (20, 20_000)
LEAST_DIFFERENT = 10  # pictures of a reference folder
TRAINING_COUNT = 275  # sprites of the calibration's training set: as many as the paper has
NEIGHBOURS = 5  # of coverage and recall
REDRAWN = 0.6  # of blends' re-render distance: drawn sprites are below, in grey too; others near 1
NEAR_COPY = 15.0  # grey levels: one new sprite of 3,500 is that near to one of 275
SPRITE_ONLY = ("attribute_frechet", "re_render")
BETTER = {  # what a person who compares two generators looks for
    "attribute_frechet": "↓",
    "re_render": "↓",
    "random_frechet": "↓",
    "sliced_wasserstein": "↓",
    "coverage": "↑",
    "recall": "↑",
    "diversity": "≈",
}
LEGEND = "↓: less is better, ↑: more is better, ≈: best where `real` is, or fresh pictures are"
CALIBRATION_SETS = 5
STEPS = 3 + CALIBRATION_SETS  # of an evaluation: also the pictures, their figures, novelty
_BLEND_SEED, _NOISE_SEED = 8_002, 8_003


@dataclass(frozen=True, eq=False)
class Reference:
    """Real pictures that others are measured against.

    Attributes
    ----------
    source : str
        ``sprites`` or a folder.
    pictures : uint8 array, shape (N, 32, 32, 3)
    fresh : uint8 array, shape (M, 32, 32, 3)
        Other real pictures of the same kind, which no generator has seen.
    reader : train.evaluate.attribute_cnn.AttributeReader, optional
        Reads the attributes of drawn sprites; None for other pictures.
    shape : (int, int, int)
        Height, width and colours of what is measured: the real pictures have been through it, too.
    """

    source: str
    pictures: np.ndarray
    fresh: np.ndarray
    reader: attribute_cnn.AttributeReader | None = None
    shape: tuple[int, int, int] = SHAPE
    _random: metrics.ScaledFeatures = field(init=False, repr=False)
    _attributes: metrics.ScaledFeatures | None = field(init=False, repr=False)
    _patches: metrics.SlicedWasserstein = field(init=False, repr=False)

    def __post_init__(self):
        random = metrics.ScaledFeatures(random_cnn.features(self.pictures))
        attributes = self.reader and metrics.ScaledFeatures(self.reader.read(self.pictures)[0])
        patches = metrics.SlicedWasserstein(self.pictures)
        for name, value in (("random", random), ("attributes", attributes), ("patches", patches)):
            object.__setattr__(self, f"_{name}", value)

    def measure(self, pictures):
        """Measure pictures.

        Parameters
        ----------
        pictures : uint8 array, shape (N, 32, 32, 3)

        Returns
        -------
        dict of float
            ``attribute_frechet`` and ``random_frechet`` (features in the reference's deviations),
            ``re_render`` and ``diversity`` (grey levels), ``sliced_wasserstein`` (thousandths),
            ``coverage`` and ``recall`` (shares); the first two :data:`SPRITE_ONLY`.
        """
        figures = {}
        if self.reader:
            features, attributes = self.reader.read(pictures)
            figures["attribute_frechet"] = self._attributes.frechet(features)
            figures["re_render"] = re_render(pictures, attributes, self.shape)
        features = random_cnn.features(pictures)
        real, fake = self._random.features, features / self._random.scales
        return figures | {
            "random_frechet": self._random.frechet(features),
            "sliced_wasserstein": self._patches.distance(pictures),
            "coverage": metrics.coverage(real, fake, NEIGHBOURS),
            "recall": metrics.recall(real, fake, NEIGHBOURS),
            "diversity": metrics.diversity(pictures),
        }


def through(pictures, shape):
    """Return sprites (N, 32, 32, 3) as a network of `shape` could show them, as 32x32 in colour."""
    return comparable(sprites_of(pictures, shape))


def re_render(pictures, attributes, shape=SHAPE):
    """Mean distance of pictures (N, 32, 32, 3) to the sprites of their attributes, grey levels."""
    different = sorted(set(attributes))
    drawn = through(np.stack([sprites.draw(each) for each in different]), shape)
    which = {each: number for number, each in enumerate(different)}
    return float(rms(pictures, drawn[[which[each] for each in attributes]]).mean())


@one_thread()
def sprite_reference(count=COUNT, reference_count=None, shape=SHAPE, correlated=False):
    """Return held-out sprites, by default :data:`REFERENCE_COUNT`, and `count` fresh ones beside
    them, as a :class:`Reference`.

    The held-out ones are the same whatever `count` is. They go through `shape`; attributes that are
    `correlated` are those of :func:`train.data.sprites.collection`.
    """
    if reference_count is None:
        reference_count = REFERENCE_COUNT
    total = reference_count + count
    pictures = through(sprites.collection(total, REFERENCE_SEED, correlated=correlated)[0], shape)
    held_out, fresh = pictures[:reference_count], pictures[reference_count:]
    return Reference(SPRITES, held_out, fresh, attribute_cnn.load(), shape)


@one_thread()
def folder_reference(folder, count=COUNT, reading=DEFAULT, shape=SHAPE):
    """Return a folder's pictures, at most :data:`REFERENCE_COUNT`, as a :class:`Reference`.

    A random half of them is the reference, the other half, resampled to `count`, the fresh ones.
    Attributes are read where they are drawn sprites: read and drawn again they are the same.

    Raises
    ------
    InputError
        The folder has fewer than :data:`LEAST_DIFFERENT` different pictures.
    """
    pictures = _of_folder(folder, reading, shape)
    refuse_alike(folder, pictures, "a reference", LEAST_DIFFERENT)
    pictures = samples.resample(pictures, min(len(pictures), 2 * REFERENCE_COUNT), REFERENCE_SEED)
    half = len(pictures) // 2
    fresh = samples.resample(pictures[half:], count, REFERENCE_SEED)
    reader = attribute_cnn.load()
    reader = reader if _are_sprites(pictures, reader, shape) else None
    return Reference(str(folder), pictures[:half], fresh, reader, shape)


def _are_sprites(pictures, reader, shape):
    own, blended = (
        re_render(each, reader.read(each)[1], shape) for each in (pictures, blends(pictures))
    )
    return own < REDRAWN * blended


def _of_folder(folder, reading, shape):
    pictures = read_folder(folder, reading, shape[0])
    return comparable(coloured(pictures, shape[2]))


def reference_of(source, count=COUNT, reading=DEFAULT, shape=SHAPE):
    """Return the reference that `source` names, :data:`SPRITES` or a folder.

    As :func:`sprite_reference` or :func:`folder_reference`, which see.
    """
    if source == SPRITES:
        return sprite_reference(count, shape=shape)
    return folder_reference(source, count, reading, shape)


def training_of(source, count=None, reading=DEFAULT, shape=SHAPE):
    """Return the training pictures that `source` names, :data:`SPRITES` or a folder.

    Parameters
    ----------
    source : str
    count : int, optional
        Of sprites; by default :data:`TRAINING_COUNT`.
    reading : train.data.reading.Reading
        How a folder is read.
    shape : (int, int, int)
        What the pictures go through.

    Returns
    -------
    uint8 array, shape (N, 32, 32, 3)

    Raises
    ------
    InputError
        As :func:`train.data.training_set.load`.
    """
    if count is not None:
        sprites.check("--training-count", count)
    if source == SPRITES:
        count = TRAINING_COUNT if count is None else count
        return comparable(load(source, count, SPRITES_SEED, shape=shape).pictures)
    return _of_folder(source, reading, shape)


def blends(pictures):
    """Return 50/50 blends of every picture with another one, chosen at random."""
    rng = np.random.default_rng(_BLEND_SEED)
    order = rng.permutation(len(pictures))
    other = np.empty_like(order)
    other[order] = np.roll(order, 1)
    mean = (pictures.astype(np.uint16) + pictures[other] + 1) // 2
    return mean.astype(np.uint8)


def calibration_sets(reference, count, training=None):
    """Yield names and pictures of the calibration sets, `count` each.

    Parameters
    ----------
    reference : Reference
    count : int
    training : uint8 array, shape (N, 32, 32, 3), optional
        What stands for training pictures; for a reference of sprites by default the first
        :data:`TRAINING_COUNT` sprites of every run, else there is no such set.
    """
    yield "real", reference.fresh
    if training is None and reference.source == SPRITES:
        training = training_of(SPRITES, shape=reference.shape)
    if training is not None:
        yield "training_set", samples.resample(training, count, 0)
    yield "blends", blends(reference.fresh)
    yield "untrained", through(samples.untrained().sample(count, 0), reference.shape)
    rng = np.random.default_rng(_NOISE_SEED)
    noise = rng.integers(0, 256, (count, *reference.pictures.shape[1:]), np.uint8)
    yield "noise", through(noise, reference.shape)


def novelty(pictures, training, fresh):
    """Measure how far pictures are from the nearest training picture.

    Parameters
    ----------
    pictures : uint8 array, shape (N, 32, 32, 3)
    training : uint8 array, shape (M, 32, 32, 3), M >= 2
    fresh : uint8 array, shape (L, 32, 32, 3)
        Other real pictures; what is in `training` too does not count.

    Returns
    -------
    dict
        ``samples``, and the baselines ``fresh``, if there are any, and ``leave_one_out`` (training
        pictures to the nearest other one, at most N of them): each ``median``, ``minimum`` in grey
        levels and ``near_copies``, the pictures nearer than :data:`NEAR_COPY`.
    """
    baselines = novelty_baselines(len(pictures), training, fresh)
    return {"samples": _nearness(pictures, training), **baselines}


def novelty_baselines(count, training, fresh):
    """Return what :func:`novelty` says beside `count` pictures, whichever they are."""
    known = {each.tobytes() for each in training}
    fresh = fresh[[each.tobytes() not in known for each in fresh]]
    own = np.arange(len(training))
    if len(own) > count:
        own = np.sort(np.random.default_rng(REFERENCE_SEED).choice(own, count, False))
    baselines = {"fresh": _nearness(fresh, training)} if len(fresh) else {}
    return baselines | {"leave_one_out": _nearness(training[own], training, own=own)}


def _nearness(pictures, training, **own):
    distances = nearest(pictures, training, **own)[0]
    return {
        "median": float(np.median(distances)),
        "minimum": float(distances.min()),
        "near_copies": int((distances < NEAR_COPY).sum()),
    }


def check(count, seed):
    """Raise InputError where a number of samples or their seed is out of range."""
    low, high = COUNT_LIMITS
    if not low <= count <= high:
        raise InputError(f"--count is {count}; give {low} to {high}")
    if seed < 0:
        raise InputError(f"--seed is {seed}; give 0 or a positive number")


@one_thread()
def evaluate(source, reference, *, count=COUNT, seed=0, training=None, done=lambda: None):
    """Measure a source of pictures, the calibration sets beside it.

    What no source changes is kept: another call for the same reference and count, and novelty's
    baselines for the same training pictures, takes it from there.

    Parameters
    ----------
    source : train.evaluate.samples.Source
    reference : Reference
        With `count` fresh pictures.
    count, seed : int
        Samples, and the seed of their latents.
    training : uint8 array, shape (N, 32, 32, 3), optional
        Its training pictures; by default those that its configuration names.
    done : callable
        Called at the end of each step, of :data:`STEPS`.

    Returns
    -------
    dict
        All finite, as JSON can hold it. ``left_out`` says why a figure is missing.

    Raises
    ------
    InputError
        `count` or `seed` is out of range.
    """
    check(count, seed)
    left_out = {}
    if not reference.reader:
        left_out |= dict.fromkeys(SPRITE_ONLY, "the reference is not drawn sprites")
    if training is None:
        try:
            remedy = "name its training pictures with --training"
            training = comparable(
                load_again(source.training, "the source", remedy, shape=source.shape).pictures
            )
        except InputError as error:
            left_out["novelty"] = str(error)
    pictures = source.sample(count, seed)
    done()
    figures = reference.measure(pictures)
    done()
    result = {
        "source": source.facts,
        "count": count,
        "seed": seed,
        "reference": {"source": reference.source, "pictures": len(reference.pictures)},
        "figures": figures,
        "calibration": _calibration(reference, count, training, done),
    }
    if training is not None and len(training) > 1:
        result["training_pictures"] = len(training)
        baselines = kept_figures(
            ["novelty", training, reference.fresh, count],
            lambda: novelty_baselines(count, training, reference.fresh),
        )
        result["novelty"] = {"samples": _nearness(pictures, training), **baselines}
    elif training is not None:
        left_out["novelty"] = "the training set is a single picture"
    done()
    if reference.reader:
        result["attribute_cnn"] = reference.reader.digest
    result |= {
        "ratios": _ratios(result),
        "random_cnn": random_cnn.digest(),
        "neighbours": NEIGHBOURS,
        "near_copy_below": NEAR_COPY,
        "left_out": left_out,
    }
    return _rounded(result)


def _calibration(reference, count, training, done):
    """Return the figures of the calibration sets, by name."""
    training = None if reference.source == SPRITES else training
    figures = {}

    def work():
        for name, pictures in calibration_sets(reference, count, training):
            figures[name] = reference.measure(pictures)
            done()
        return figures

    networks = [random_cnn.digest(), reference.reader and reference.reader.digest]
    own = [reference.source == SPRITES, reference.pictures, reference.fresh, training]
    own.append(list(reference.shape))
    known = kept_figures(["calibration", *networks, *own, count], work)
    for _ in range(CALIBRATION_SETS - len(figures)):
        done()
    return known


def _ratios(result):
    """What the figures are of the calibration sets' own: each over the set that it names."""
    figures, calibration = result["figures"], result["calibration"]
    pairs = {
        "attribute_frechet_to_training_set": ("attribute_frechet", "training_set"),
        "random_frechet_to_training_set": ("random_frechet", "training_set"),
        "sliced_wasserstein_to_training_set": ("sliced_wasserstein", "training_set"),
        "re_render_to_blends": ("re_render", "blends"),
    }
    ratios = {
        name: figures[metric] / calibration[set_][metric]
        for name, (metric, set_) in pairs.items()
        if metric in figures and calibration.get(set_, {}).get(metric)
    }
    if "novelty" in result and result["novelty"]["leave_one_out"]["median"]:
        medians = (result["novelty"][name]["median"] for name in ("samples", "leave_one_out"))
        ratios["novelty_to_leave_one_out"] = np.divide(*medians)
    return ratios


def _rounded(value):
    """Round every float in dictionaries to 5 digits: threads change what is behind them."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return float(f"{value:.5g}") if isinstance(value, float) else value


def as_text(result):
    """Return a result of :func:`evaluate` as tables for people."""
    rows = {"this": result["figures"]} | result["calibration"]
    names = list(result["figures"])
    lines = ["".join([f"{'':14}", *(f"{name + ' ' + BETTER[name]:>21}" for name in names)])]
    for row, figures in rows.items():
        cells = [f"{figures[name]:>21.4g}" for name in names]
        lines.append("".join([f"{row.replace('_', ' '):14}", *cells]))
    if "novelty" in result:
        lines.append("\nnearest training picture, grey levels: median ≈, minimum ≈, near copies ↓")
        for name, found in result["novelty"].items():
            median, minimum, copies = found.values()
            lines.append(f"{name.replace('_', ' '):14}{median:>8.1f}{minimum:>8.1f}{copies:>8}")
    lines += ["", LEGEND]
    lines += [f"{name.replace('_', ' ')}: {value:.3f}" for name, value in result["ratios"].items()]
    lines += [f"no {name.replace('_', ' ')}: {why}" for name, why in result["left_out"].items()]
    return "\n".join(lines)
