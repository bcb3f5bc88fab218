# SPDX-License-Identifier: Apache-2.0
"""How alike pictures are, region by region: what shows that parts and colours go together.

A region is what one palette colours, hair say, or what none does, over some rows of the picture.
Colours are made common first (:mod:`train.data.recolouring`), so that only shapes are compared.
"""

from __future__ import annotations

import numpy as np

from train.data.distance import squared_distances

EVIDENCE = 300  # pictures that all others are compared with, at most
LEAST_GAIN = 15.0  # nats that a habit must tell of left-out pictures: chance gives no such habit
SAME = 1.0  # squared distance below which regions are equal; float32 leaves that much
_SEED = 8_006  # of the evidence


def evidence_of(number):
    """Return the indices of the pictures that are evidence, of `number` in all."""
    if number <= EVIDENCE:
        return np.arange(number)
    return np.sort(np.random.default_rng(_SEED).permutation(number)[:EVIDENCE])


def regions(palettes, alike, rows):
    """Cut pictures into regions.

    Parameters
    ----------
    palettes : train.data.recolouring.Palettes
    alike : int array, shape (N, 32, 32)
        Pictures in common colours, as indices.
    rows : int
        Of a band; 32 for the whole picture.

    Returns
    -------
    dict
        By palette (the last number is of what none colours) and first row: float32 (N, D), colours
        plus 1, and 0 outside the region.
    """
    rgb = palettes.rgb[alike].astype(np.float32) + 1
    shown = [palette.column[alike] >= 0 for palette in palettes.palettes]
    left = ~np.any(shown, 0) if shown else np.ones(alike.shape, bool)
    found = {}
    for number, mask in enumerate([*shown, left]):
        masked = rgb * mask[..., None]
        for first in range(0, alike.shape[1], rows):
            found[number, first] = masked[:, first : first + rows].reshape(len(alike), -1)
    return found


def distances(some, others):
    """Squared distances of regions (N, D) and (M, D): float32 (N, M), 0 where they are equal."""
    found = squared_distances(some, others)
    return np.where(found < SAME, 0, found)
