# SPDX-License-Identifier: Apache-2.0
"""The tiles of a pass in order, as the feeder sees them."""

from dataclasses import dataclass

from hw.model.cycle_model import CycleModel


@dataclass
class Tile:
    """A load of the array's weights.

    Attributes
    ----------
    layer : int
        0 for the first.
    row_tile, tap : int
    words : int
        Of the weight stream.
    beats : int
        Of all its sweeps.
    busy : int
        Cycles that those take by themselves.
    """

    layer: int
    row_tile: int
    tap: int
    words: int
    beats: int = 0
    busy: int = 0


def tiles(tiling):
    """Return every :class:`Tile` of a pass."""
    found = []
    for (n, _, job), (_, cycles) in zip(tiling.walk(), CycleModel(tiling).jobs, strict=True):
        number = -1
        for step in cycles.steps:
            if step.words:
                number += 1
                found.append(Tile(n, *divmod(number, len(job.taps)), step.words))
            found[-1].beats += step.beats
            found[-1].busy += step.busy
    return found


def starts(tiles):
    """Return the cycle of the feeder in which each tile starts, and where the pass ends: a tile
    takes its beats or, if they are more, the weight words of the tile behind it.
    """
    cycles = [0]
    for tile, behind in zip(tiles, tiles[1:] + tiles[:1], strict=True):
        cycles.append(cycles[-1] + max(tile.busy, behind.words))
    return cycles
