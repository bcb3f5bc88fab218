# SPDX-License-Identifier: Apache-2.0
"""The colours of one picture for those of another: palettes that flat pictures share.

Pixel art draws hair, skin or cloth in a few tones of one colour, and all pictures that have the
colour have the same tones. Which tones belong together, and which may stand for which others, shows
in nothing but where and with what they appear:

- a ramp is the tones of one colour: every picture with the rarer of two has the other, too;
- a palette is the ramps of one material: no picture has two, and they lie in the same places;
- palettes are linked, a jacket's and its skirt's, where the colour of one tells the other's.

Colours of nearly all pictures, outlines say, are left as they are. Photographs, and pictures that
were made smaller, hardly have a colour twice: no palette is found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SHARED = 0.97  # of a tone's pictures show its ramp, too: some have a patch in another's colour
CHANCE = 1e-3  # that they do by chance, at most
ALIKE = 0.8  # least cosine between the places of a palette and of one more ramp
ALIKE_TONES = 0.1  # and between those of tones that stand for each other
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
    column : int array, shape (all,)
        Where in `table` each index stands, else -1.
    """

    table: np.ndarray
    weights: np.ndarray
    column: np.ndarray

    def shares(self, indices):
        """Return the weights of the colours that have all tones of pictures (N, 32, 32), else 0.

        Returns
        -------
        float array, shape (N, colours)
        """
        columns = self.column[indices]
        needed = np.stack([(columns == n).any((1, 2)) for n in range(self.table.shape[1])], 1)
        missing = needed.astype(np.int64) @ (self.table < 0).T
        return np.where(missing == 0, self.weights, 0)

    def colours(self, indices):
        """Return which colour pictures (N, 32, 32) show most of: int array (N,), -1 for none."""
        row = np.full(len(self.column), -1)
        for number, tones in enumerate(self.table):
            row[tones[tones >= 0]] = number
        found = row[indices].reshape(len(indices), -1)
        counts = np.stack([(found == n).sum(1) for n in range(len(self.table))], 1)
        return np.where(counts.any(1), counts.argmax(1), -1)

    def recolour(self, indices, colours):
        """Return pictures (N, 32, 32) in colours (N,) of this palette."""
        columns = self.column[indices]
        return np.where(columns < 0, indices, self.table[colours[:, None, None], columns])


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

    def choices(self, indices):
        """Return in how many colours each of pictures (N, 32, 32) could be: float array (N,)."""
        flat, choices = self._flat(indices), np.ones(len(indices))
        for palette in self.palettes:
            possible = np.count_nonzero(palette.shares(indices), 1)
            shown = (palette.column[indices] >= 0).any((1, 2))
            choices *= np.where(flat & shown, np.maximum(possible, 1), 1)
        return choices

    def in_common_colours(self, indices):
        """Return the pictures in the most frequent colours."""
        return self._recoloured(indices, lambda shares: shares.argmax(1))

    def in_drawn_colours(self, indices, rng, shares_of=None):
        """Return the pictures in colours drawn as often as they occur, palette by palette.

        Parameters
        ----------
        indices : int array, shape (N, 32, 32)
        rng : numpy.random.Generator
        shares_of : callable, optional
            Takes the number of a palette and the pictures in their new colours of those before;
            returns how often they have each of its colours: (N, colours). By default as often as
            all pictures.
        """

        def draw(shares):
            upper = shares.cumsum(1)
            return (rng.random((len(shares), 1)) * upper[:, -1:] >= upper).sum(1)

        return self._recoloured(indices, draw, shares_of)

    def _recoloured(self, indices, colours_of, shares_of=None):
        """Recolour what is flat, palette by palette, where one of its colours has all tones shown.

        A picture that shows two colours of a palette gets one.
        """
        flat, indices = self._flat(indices), indices.copy()
        for number, palette in enumerate(self.palettes):
            shares = palette.shares(indices)
            if shares_of is not None:
                shares = np.where(shares > 0, shares_of(number, indices), 0)
            can = flat & shares.any(1)
            indices[can] = palette.recolour(indices[can], colours_of(shares[can]))
        return indices

    def _flat(self, indices):
        return self.rare[indices].mean((1, 2)) <= 1 - FLAT


def find_palettes(pictures):
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
    codes = pictures[..., 0].astype(np.uint32)
    for n in (1, 2):
        codes = codes << 8 | pictures[..., n]
    codes, indices = np.unique(codes, return_inverse=True)
    indices = indices.reshape(pictures.shape[:-1]).astype(np.int32)
    rgb = np.stack([codes >> shift for shift in (16, 8, 0)], 1).astype(np.uint8)
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
        column = np.full(len(codes), -1, np.int32)
        for n, those in enumerate(table.T):
            column[chosen[those[those >= 0]]] = n
        numbered = np.where(table < 0, -1, chosen[table]).astype(np.int32)
        palettes.append(Palette(numbered, shown.sum(1) / shown.sum(), column))
    return Palettes(rgb, number < LEAST_PICTURES, palettes), indices


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
    ramps, pictures = [], np.zeros_like(shown)
    chances = np.zeros(len(shown))  # logarithms, that one picture has a ramp by chance
    for number, own in enumerate(shown):
        count, found = own.sum(), len(ramps)
        by_chance = count * chances[:found]
        shared = np.count_nonzero(pictures[:found, own], 1) >= SHARED * count
        by_chance[~shared] = 0
        best = int(by_chance.argmin()) if found else 0
        if found and by_chance[best] < math.log(CHANCE):
            ramps[best].append(number)
        else:
            best = found
            ramps.append([number])
        pictures[best] |= own
        chances[best] = math.log(pictures[best].mean())
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
        for cosine, column, tone in sorted(pairs, reverse=True):
            if cosine >= ALIKE_TONES and column not in row and tone not in row.values():
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
            least = SHARED * max(together.sum(), LEAST_TOGETHER)
            several = np.count_nonzero(together.any(1)) > 1
            if several and min(together.max(axis).sum() for axis in (0, 1)) >= least:
                linked[n] = _joined(other, material, together)
                break
        else:
            linked.append(material)
    return linked


def _joined(first, second, together):
    """Join two materials that have `together` (colours of one, of the other) pictures.

    Those colours are one that meet each other most; stray pictures with others change nothing.
    """
    rows, shown, left = [], [], set(range(len(second.table)))
    for colour, (tones, pictures) in enumerate(zip(first.table, first.shown)):
        partner = int(together[colour].argmax())
        if together[colour, partner] and together[:, partner].argmax() == colour:
            left.remove(partner)
            tones = np.concatenate((tones, second.table[partner]))
            pictures = pictures | second.shown[partner]
        else:
            tones = np.concatenate((tones, np.full(second.table.shape[1], -1)))
        rows.append(tones)
        shown.append(pictures)
    for colour in sorted(left):
        alone = np.full(first.table.shape[1], -1)
        rows.append(np.concatenate((alone, second.table[colour])))
        shown.append(second.shown[colour])
    return _Material(np.stack(rows), np.stack(shown))


def _cosine(first, second):
    return float(first @ second / math.sqrt(float(first @ first) * float(second @ second)))
