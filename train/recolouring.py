# SPDX-License-Identifier: Apache-2.0
"""The colours of one picture for those of another: palettes that flat pictures share.

Pixel art draws hair, skin or cloth in a few tones of one colour, and all pictures that have the
colour have the same tones. Which tones belong together, and which may stand for which others, shows
in nothing but where and with what they appear:

- a ramp is the tones of one colour: every picture with the rarer of two has the other, too;
- a palette is the ramps of one material: no picture has two, and they lie in the same places;
- palettes are linked, a jacket's and its skirt's, where the colour of one tells the other's.

Photographs, and pictures that were made smaller, hardly have a colour twice: no palette is found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SHARED = 0.97  # of a tone's pictures show its ramp, too: some have a patch in another's colour
CHANCE = 1e-3  # that they do by chance, at most
ALIKE = 0.8  # least cosine between the places of a palette and of one more ramp
FREQUENT = 0.6  # of the pictures: colours of so many and more are no choice
LEAST_PICTURES, LEAST_TONES = 3, 2  # of a tone, of a ramp
LEAST_TOGETHER = 10  # pictures with both of two palettes, to link them
FLAT = 0.95  # of a picture's pixels have colours that other pictures have, too
MOST_TONES = 1024  # looked at: the most frequent


@dataclass(frozen=True, eq=False)
class Palette:
    """The colours that one material, or several linked ones, come in.

    Attributes
    ----------
    table : int array, shape (colours, tones)
        Indices of the tones; -1 where no picture shows one.
    weights : float array, shape (colours,)
        Share of the pictures that have each colour, of those that have one.
    tone : int array, shape (all,)
        The column of `table` that each index stands in, else -1.
    """

    table: np.ndarray
    weights: np.ndarray
    tone: np.ndarray

    def shares(self, indices):
        """Return the weights of the colours that have all tones of pictures (N, 32, 32), else 0.

        Returns
        -------
        float array, shape (N, colours)
        """
        tones = self.tone[indices]
        needed = np.stack([(tones == n).any((1, 2)) for n in range(self.table.shape[1])], 1)
        missing = needed.astype(np.int64) @ (self.table < 0).T
        return np.where(missing == 0, self.weights, 0)

    def recolour(self, indices, colours):
        """Return pictures (N, 32, 32) in colours (N,) of this palette."""
        tones = self.tone[indices]
        return np.where(tones < 0, indices, self.table[colours[:, None, None], tones])


@dataclass(frozen=True, eq=False)
class Palettes:
    """The palettes of a set of pictures, which are here indices of their colours, (N, 32, 32).

    Attributes
    ----------
    rgb : uint8 array, shape (all, 3)
        The colour of each index.
    rare : bool array, shape (all,)
        Whether hardly another picture has it.
    palettes : list of Palette
    """

    rgb: np.ndarray
    rare: np.ndarray
    palettes: list

    def alike(self, indices):
        """Return the pictures in the most frequent colours."""
        return self._recoloured(indices, lambda shares: shares.argmax(1))

    def drawn(self, indices, rng):
        """Return the pictures in colours drawn as often as they occur, palette by palette.

        Parameters
        ----------
        indices : int array, shape (N, 32, 32)
        rng : numpy.random.Generator
        """

        def draw(shares):
            upper = shares.cumsum(1)
            return (rng.random((len(shares), 1)) * upper[:, -1:] >= upper).sum(1)

        return self._recoloured(indices, draw)

    def _recoloured(self, indices, choose):
        """Recolour what is flat and shows no tone that all colours of a palette lack."""
        flat = self.rare[indices].mean((1, 2)) <= 1 - FLAT
        for palette in self.palettes:
            shares = palette.shares(indices)
            can = flat & shares.any(1)
            indices = indices.copy()
            indices[can] = palette.recolour(indices[can], choose(shares[can]))
        return indices


def find(pictures):
    """Find the palettes of pictures.

    Parameters
    ----------
    pictures : uint8 array, shape (N, 32, 32, 3)

    Returns
    -------
    Palettes
    indices : int array, shape (N, 32, 32)
        The pictures: ``palettes.rgb[indices]``.
    """
    codes = pictures.astype(np.int64) @ (1 << 16, 1 << 8, 1)
    codes, indices = np.unique(codes, return_inverse=True)
    indices = indices.reshape(pictures.shape[:-1]).astype(np.int32)
    rgb = (codes[:, None] >> (16, 8, 0)) % 256
    number = np.zeros(len(codes), np.int64)  # of pictures that have each colour
    for picture in indices:
        number[np.unique(picture)] += 1
    chosen = np.flatnonzero((number >= LEAST_PICTURES) & (number < FREQUENT * len(pictures)))
    chosen = chosen[np.argsort(-number[chosen], kind="stable")][:MOST_TONES]
    tones = _tones(chosen, indices, len(codes))
    ramps = [ramp for ramp in _ramps(tones.shown) if len(ramp) >= LEAST_TONES]
    materials = [
        _Material(*_aligned(material, tones))
        for material in _materials(ramps, tones)
        if len(material) > 1
    ]
    palettes = []
    for table, shown in _linked(materials):
        tone = np.full(len(codes), -1, np.int32)
        for column, those in enumerate(table.T):
            tone[chosen[those[those >= 0]]] = column
        indices_of_tones = np.where(table < 0, -1, chosen[table]).astype(np.int32)
        palettes.append(Palette(indices_of_tones, shown.sum(1) / shown.sum(), tone))
    return Palettes(rgb.astype(np.uint8), number < LEAST_PICTURES, palettes), indices


class _Tones(NamedTuple):
    """Where tones appear, the most frequent first.

    Attributes
    ----------
    shown : bool array, shape (tones, pictures)
    places : int array, shape (tones, pixels)
        In how many pictures.
    """

    shown: np.ndarray
    places: np.ndarray


class _Material(NamedTuple):
    """The ramps of a material.

    Attributes
    ----------
    table : int array, shape (colours, columns)
        Numbers of tones that stand for each other in each column; -1 for none.
    shown : bool array, shape (colours, pictures)
    """

    table: np.ndarray
    shown: np.ndarray


def _tones(chosen, indices, number):
    """Return the :class:`_Tones` of the indices `chosen`, of `number` in all."""
    place = np.full(number, -1)
    place[chosen] = np.arange(len(chosen))
    tones = place[indices].reshape(len(indices), -1)
    pictures, pixels = np.nonzero(tones >= 0)
    found = tones[pictures, pixels]
    shown = np.zeros((len(chosen), len(indices)), bool)
    shown[found, pictures] = True
    shape = len(chosen), tones.shape[1]
    places = np.bincount(found * shape[1] + pixels, minlength=math.prod(shape))
    return _Tones(shown, places.reshape(shape))


def _ramps(shown):
    """Group tones, the most frequent first, by the pictures that show them: lists of numbers."""
    ramps, pictures = [], []
    for number, own in enumerate(shown):
        count, best, least = own.sum(), None, math.log(CHANCE)
        for n, those in enumerate(pictures):
            chance = count * math.log(those.mean())
            if chance < least and (own & those).sum() >= SHARED * count:
                best, least = n, chance
        if best is None:
            ramps.append([number])
            pictures.append(own)
        else:
            ramps[best].append(number)
            pictures[best] = pictures[best] | own
    return ramps


def _materials(ramps, tones):
    """Group ramps by their places, no two of a picture together: lists of ramps."""
    materials, everywhere, pictures = [], [], []
    for ramp in ramps:
        own, places = tones.shown[ramp].any(0), tones.places[ramp].sum(0)
        best, most = None, ALIKE
        for n, (those, of_all) in enumerate(zip(pictures, everywhere)):
            cosine = _cosine(places, of_all)
            if cosine > most and (own & those).sum() <= (1 - SHARED) * own.sum():
                best, most = n, cosine
        if best is None:
            materials.append([ramp])
            everywhere.append(places)
            pictures.append(own)
        else:
            materials[best].append(ramp)
            everywhere[best] = everywhere[best] + places
            pictures[best] = pictures[best] | own
    return materials


def _aligned(ramps, tones):
    """Return table and shown of a :class:`_Material`: tones of the same places share a column."""
    columns, rows = [], []  # places of each column, and the tones of each ramp by column
    for ramp in ramps:
        pairs = [
            (_cosine(places, tones.places[tone]), column, tone)
            for column, places in enumerate(columns)
            for tone in ramp
        ]
        row = {}
        for _, column, tone in sorted(pairs, reverse=True):
            if column not in row and tone not in row.values():
                row[column] = tone
        for tone in ramp:
            if tone not in row.values():
                row[len(columns)] = tone
                columns.append(np.zeros_like(tones.places[tone]))
        for column, tone in row.items():
            columns[column] = columns[column] + tones.places[tone]
        rows.append(row)
    table = np.array([[row.get(n, -1) for n in range(len(columns))] for row in rows])
    return table, np.stack([tones.shown[ramp].any(0) for ramp in ramps])


def _linked(materials):
    """Join materials of which the colour of one tells the other's."""
    linked = []
    for material in materials:
        for n, other in enumerate(linked):
            together = other.shown.astype(np.int64) @ material.shown.T
            told = SHARED * max(together.sum(), LEAST_TOGETHER)
            if min(together.max(axis).sum() for axis in (0, 1)) >= told and (
                np.count_nonzero(together) > 1
            ):
                linked[n] = _joined(other, material, together)
                break
        else:
            linked.append(material)
    return linked


def _joined(first, second, together):
    """Join two materials that have `together` (colours of one, of the other) pictures."""
    rows, shown = [], []
    alone = np.full(second.table.shape[1], -1)
    told = {int(row.argmax()): n for n, row in enumerate(together) if row.any()}
    for colour, (tones, pictures) in enumerate(zip(first.table, first.shown)):
        partner = [n for n, own in told.items() if own == colour]
        rows.append(np.concatenate((tones, second.table[partner[0]] if partner else alone)))
        shown.append(pictures | second.shown[partner].any(0))
    for colour, (tones, pictures) in enumerate(zip(*second)):
        if colour not in told:
            rows.append(np.concatenate((np.full(first.table.shape[1], -1), tones)))
            shown.append(pictures)
    return _Material(np.stack(rows), np.stack(shown))


def _cosine(first, second):
    return float(first @ second / math.sqrt(float(first @ first) * float(second @ second)))
