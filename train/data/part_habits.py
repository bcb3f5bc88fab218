# SPDX-License-Identifier: Apache-2.0
"""Which heads a set of pictures puts on which bodies.

Where parts go together, a head is to be put on the bodies that heads like it are often on, and part
of the new pictures is to keep the body that it has. Whether they do shows in the rows that no seam
crosses: above :data:`train.data.recombination.FIRST_ROW` and below its LAST_ROW. How many times
more often than by chance a head and a body meet is a kernel estimate over the pictures; if leaving
out each picture and guessing its pair from the others is no better than chance, parts are
independent, and every head may be on every body.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from train.data.likeness import LEAST_GAIN, distances, evidence_of

WIDTHS = (0.02, 0.05, 0.1, 0.2)  # of kernels, in median distances
PRIOR = 1.0  # pairs that say nothing, so that rare heads are no evidence
KEPT = 0.15  # nats by which new pictures may fall behind the given ones
USUAL = 1.0  # pairs that meet so many times as often as by chance are all kept, rarer ones in part
_SEED = 8_007  # of the pairs that are left out


@dataclass(frozen=True, eq=False)
class PartHabits:
    """How near all heads and bodies are to those of the evidence.

    Attributes
    ----------
    heads, bodies : float32 array, shape (N, E)
        0 of a picture to itself.
    own : float
        Mean logarithm of how many times more often than by chance the pictures' own parts meet.
    """

    heads: np.ndarray
    bodies: np.ndarray
    own: float

    def meet(self, upper, lower):
        """Logarithm of how many times more often than by chance heads and bodies (M,) meet."""
        return _meet(self.heads[upper], self.bodies[lower])

    def usual(self, upper, lower):
        """Choose, of pairs (M,), those that meet as often as by chance, and few of the others.

        Returns
        -------
        bool array, shape (M,)
        """
        drawn = np.random.default_rng(_SEED).random(len(upper))
        return drawn * USUAL < np.exp(self.meet(upper, lower))

    def share(self, upper, lower):
        """Return the share of new pictures that these pairs (M,) may be: the others keep bodies."""
        behind = self.own - self.meet(upper, lower).mean()
        return float(min(1, KEPT / max(behind, KEPT)))


def find_part_habits(pictures, first_row, last_row):
    """Find how heads and bodies go together.

    Parameters
    ----------
    pictures : uint8 array, shape (N, 32, 32, 3)
        In common colours.
    first_row, last_row : int
        Between which seams run.

    Returns
    -------
    PartHabits or None
        None where parts are independent.
    """
    chosen = evidence_of(len(pictures))
    parts = pictures[:, :first_row], pictures[:, last_row + 1 :]
    nearness = [list(_kernels(part, chosen)) for part in parts]
    best = max(
        ((_meet(*pair)[chosen].sum(), *pair) for pair in product(*nearness)),
        key=lambda each: each[0],
        default=(0.0,),
    )
    if best[0] < LEAST_GAIN:
        return None
    gain, heads, bodies = best
    return PartHabits(heads, bodies, float(gain) / len(chosen))


def _kernels(part, chosen):
    """Yield how near parts are to the evidence, by kernels of several widths: (N, E)."""
    rows = part.reshape(len(part), -1).astype(np.float32)
    squares = distances(rows, rows[chosen])
    if not squares.any():
        return
    median = np.median(squares[squares > 0])
    for width in WIDTHS:
        near = np.exp(-squares / np.float32(width * median))
        near[chosen, np.arange(len(chosen))] = 0
        yield near


def _meet(heads, bodies):
    together = np.einsum("nk,nk->n", heads, bodies)
    by_chance = heads.sum(1) * bodies.sum(1) / heads.shape[1]
    return np.log((together + PRIOR) / (by_chance + PRIOR))
