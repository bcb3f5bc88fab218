# SPDX-License-Identifier: Apache-2.0
"""Drawn avatars: full-body sprites, two heads tall, 32 x 32 on black, with their attributes.

They stand in for the pictures of the published work, which come from a tool that we may not ship,
and look like that family: a big head with large eyes, dark one-pixel outlines, two or three tones
a colour. Every sprite is drawn here, from the parts in :mod:`train.data.sprite_parts`.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from support.failures import InputError
from support.files import replacing
from support.progress import bar
from train.data import sprite_parts as parts

SIZE = 32


HAIR_COLOURS = {
    "brown": (122, 74, 44),
    "blond": (232, 188, 88),
    "black": (62, 56, 78),
    "red": (190, 58, 48),
    "orange": (226, 122, 48),
    "pink": (238, 138, 170),
    "blue": (74, 112, 204),
    "green": (72, 156, 96),
    "purple": (136, 88, 190),
    "silver": (188, 196, 212),
}
SKINS = {
    "fair": (255, 222, 196),
    "tan": (240, 192, 150),
    "brown": (190, 130, 92),
    "dark": (132, 86, 62),
}
EYE_COLOURS = {
    "brown": (128, 72, 36),
    "blue": (56, 120, 220),
    "green": (48, 160, 84),
    "red": (206, 50, 60),
    "violet": (142, 80, 200),
    "amber": (222, 150, 30),
}
# (first cloth, second cloth)
CLOTH_COLOURS = {
    "navy": ((58, 74, 140), (88, 98, 128)),
    "crimson": ((178, 46, 60), (74, 62, 80)),
    "forest": ((54, 122, 84), (122, 94, 62)),
    "charcoal": ((78, 80, 98), (54, 66, 116)),
    "sky": ((108, 172, 226), (66, 88, 150)),
    "rose": ((232, 126, 152), (150, 76, 110)),
    "cream": ((232, 214, 176), (150, 104, 70)),
    "plum": ((122, 76, 146), (70, 62, 104)),
}
ACCENT_COLOURS = {
    "scarlet": (220, 48, 52),
    "gold": (240, 190, 60),
    "azure": (64, 148, 232),
    "mint": (96, 204, 160),
    "violet": (150, 84, 200),
}

MOST = 1_000_000  # sprites at once: 3 GB
# What there is to choose from, attribute by attribute.
CHOICES = {
    "hair": tuple(parts.HAIR),
    "hair_colour": tuple(HAIR_COLOURS),
    "skin": tuple(SKINS),
    "eyes": tuple(parts.EYES),
    "eye_colour": tuple(EYE_COLOURS),
    "mouth": tuple(parts.MOUTHS),
    "clothes": tuple(parts.CLOTHES),
    "cloth_colour": tuple(CLOTH_COLOURS),
    "accent_colour": tuple(ACCENT_COLOURS),
    "accessory": tuple(parts.ACCESSORIES),
}
PLAIN_SHARE = 0.4  # of the sprites that wear no accessory
# What an attribute goes with in a correlated collection, and how many favourites each value has.
GOES_WITH = {
    "hair_colour": ("hair", 2),
    "skin": ("hair_colour", 1),
    "eye_colour": ("hair_colour", 2),
    "mouth": ("eyes", 1),
    "clothes": ("hair", 3),
    "cloth_colour": ("clothes", 2),
    "accent_colour": ("cloth_colour", 1),
    "accessory": ("clothes", 2),
}
FAITHFUL = 0.85  # chance that an attribute is a favourite; else it is drawn as if alone


class Attributes(NamedTuple):
    """What a sprite shows; every field is one of its :data:`CHOICES`."""

    hair: str
    hair_colour: str
    skin: str
    eyes: str
    eye_colour: str
    mouth: str
    clothes: str
    cloth_colour: str
    accent_colour: str
    accessory: str


@cache
def _tone(colour, factor):
    """Return `colour` darker (factor below 1, towards violet) or lighter (above 1)."""
    colour = np.asarray(colour, float)
    if factor < 1:
        return colour * factor + (1 - factor) * np.array([22, 8, 34])
    return colour + (255 - colour) * (factor - 1)


def _palette(attributes):
    """Return the colours of the letters, (128, 3) uint8, indexed by character code."""
    hair = HAIR_COLOURS[attributes.hair_colour]
    skin = SKINS[attributes.skin]
    iris = EYE_COLOURS[attributes.eye_colour]
    first, second = CLOTH_COLOURS[attributes.cloth_colour]
    accent = ACCENT_COLOURS[attributes.accent_colour]
    letters = {
        "h": hair,
        "i": _tone(hair, 1.4),
        "j": _tone(hair, 0.66),
        "s": skin,
        "t": _tone(skin, 0.8),
        "u": 0.6 * np.array(skin) + 0.4 * np.array([240, 80, 90]),
        "o": _tone(skin, 0.5),
        "l": (196, 60, 66),
        "a": first,
        "b": _tone(first, 0.66),
        "e": _tone(first, 1.3),
        "c": second,
        "d": _tone(second, 0.66),
        "f": _tone(second, 1.35),
        "w": (248, 248, 248),
        "v": (186, 190, 212),
        "x": accent,
        "y": _tone(accent, 0.62),
        "g": (238, 192, 72),
        "n": (106, 68, 48),
        "m": (70, 44, 36),
        "k": (36, 26, 40),
        "p": iris,
        "q": _tone(iris, 0.5),
        "r": _tone(iris, 1.45),
    }
    palette = np.zeros((128, 3), np.uint8)
    for letter, colour in letters.items():
        palette[ord(letter)] = np.rint(colour)
    return palette


@cache
def _layer(pieces):
    """Return the letters of stacked parts and their outline, both (32, 32) uint8, 0 for nothing.

    The outline holds, in the empty pixels beside the parts, the letter that it takes its hue from.
    """
    letters = np.zeros((SIZE + 2, SIZE + 2), np.uint8)
    for top, left, rows in pieces:
        for y, row in enumerate(rows, top + 1):
            for x, letter in enumerate(row, left + 1):
                if letter != ".":
                    letters[y, x] = ord(letter)
    outline = np.zeros_like(letters)
    for axis, step in ((1, 1), (1, -1), (0, 1), (0, -1)):
        beside = np.roll(letters, step, axis)
        outline = np.where((letters == 0) & (outline == 0), beside, outline)
    return letters[1:-1, 1:-1], outline[1:-1, 1:-1]


def draw(attributes):
    """Draw one sprite.

    Parameters
    ----------
    attributes : Attributes

    Returns
    -------
    uint8 array, shape (32, 32, 3), RGB
    """
    palette = _palette(attributes)
    line = (palette * 0.3 + np.array([14, 8, 18])).astype(np.uint8)
    colours = np.concatenate([palette, line])
    back, front = parts.HAIR[attributes.hair]
    index = np.zeros((SIZE, SIZE), np.uint8)  # a letter, or 128 above it for its outline
    layers = (
        (back, True),
        ((parts.CLOTHES[attributes.clothes],), True),
        ((parts.HEAD,), True),
        (front, True),
        ((parts.BLUSH, parts.EYES[attributes.eyes], parts.MOUTHS[attributes.mouth]), False),
        (parts.ACCESSORIES[attributes.accessory], attributes.accessory != "glasses"),
    )
    for pieces, outlined in layers:
        letters, outline = _layer(pieces)
        if outlined:
            np.copyto(index, outline + 128, where=outline > 0)
        np.copyto(index, letters, where=letters > 0)
    return colours[index]


def sample(rng):
    """Return the :class:`Attributes` of one random sprite, drawn from a `numpy.random.Generator`.

    All but the accessory are uniform; :data:`PLAIN_SHARE` of the sprites wear none.
    """
    chosen = {name: values[rng.integers(len(values))] for name, values in CHOICES.items()}
    worn = [name for name in CHOICES["accessory"] if name != "none"]
    plain = rng.random() < PLAIN_SHARE
    chosen["accessory"] = "none" if plain else worn[rng.integers(len(worn))]
    return Attributes(**chosen)


def sample_correlated(rng):
    """Return the :class:`Attributes` of one random sprite whose attributes go together.

    Each choice of an attribute has favourites, a few choices one after another, of each attribute
    that goes with it (:data:`GOES_WITH`): sets drawn by hand have such habits.
    """
    alone, chosen = sample(rng)._asdict(), {}
    for name, values in CHOICES.items():
        chosen[name] = alone[name]
        if name in GOES_WITH and rng.random() < FAITHFUL:
            other, favourites = GOES_WITH[name]
            first = favourites * CHOICES[other].index(chosen[other])
            chosen[name] = values[(first + rng.integers(favourites)) % len(values)]
    return Attributes(**chosen)


def check(name, count):
    """Raise InputError where the sprites that the option `name` asks for are too many, or none."""
    if not 1 <= count <= MOST:
        raise InputError(f"{name} is {count}; give 1 to {MOST}")


def collection(count, seed, *, correlated=False):
    """Draw sprites with attributes that all differ.

    Parameters
    ----------
    count : int
        Number of sprites, 1 to :data:`MOST`.
    seed : int
        The same seed and count give the same sprites; a larger count begins with the same ones.
    correlated : bool
        Attributes go together as :func:`sample_correlated` says; else each is drawn alone.

    Returns
    -------
    pictures : uint8 array, shape (count, 32, 32, 3), RGB
    attributes : list of Attributes
    """
    rng = np.random.default_rng(seed)
    one = sample_correlated if correlated else sample
    attributes = {}
    while len(attributes) < count:
        attributes[one(rng)] = None
    drawn = [draw(each) for each in bar(attributes, desc="draw", unit="sprite")]
    return np.stack(drawn), list(attributes)


def save_labels(folder, attributes):
    """Write labels.csv: a row for each sprite, its file (000.png, ...) and its attributes.

    Parameters
    ----------
    folder : str or Path
    attributes : list of Attributes
    """
    with replacing(Path(folder) / "labels.csv") as beside, beside.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("file", *Attributes._fields))
        table.writerows((f"{n:03}.png", *each) for n, each in enumerate(attributes))
