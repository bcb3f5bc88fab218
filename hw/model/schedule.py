# SPDX-License-Identifier: Apache-2.0
"""How many bands each layer's phases are cut into, so that a network takes the fewest cycles."""

from functools import cache, lru_cache

from hw.model.cycle_model import CycleModel
from hw.tiling import Tiling

CHOICES = (1, 2, 3, 4)  # bands of a phase
TUNED = 2  # layers, from the last one on: earlier ones have small maps, and little to gain


@lru_cache(maxsize=64)
def scheduled(spec, array, slots=1):
    """Return the :class:`Tiling` of a network with the fewest cycles.

    More bands let a layer begin before the whole of the one before is written; in the last layer
    they cost rows that two bands need. Tried from the last layer on, one layer at a time.

    Parameters
    ----------
    spec : golden.spec.GeneratorSpec
    array : hw.array.ArraySpec
    slots : int
        Latents of a pass of a network of one plane.

    Raises
    ------
    InputError
        As :class:`Tiling`.
    """

    @cache
    def cost(bands):
        model = CycleModel(Tiling(spec, array, slots, bands))
        return model.cycles_interval + model.cycles_latency

    best = (1,) * len(spec.layers)
    least, changed = cost(best), True
    while changed:
        changed = False
        for n in range(len(best) - 1, len(best) - 1 - TUNED, -1):
            for count in CHOICES:
                bands = (*best[:n], count, *best[n + 1 :])
                cycles = cost(bands)
                if cycles < least:
                    best, least, changed = bands, cycles, True
    return Tiling(spec, array, slots, best)


def fitted(spec, capacity, slots=1):
    """Return the :class:`Tiling` of a network with the fewest cycles that a machine holds.

    Parameters
    ----------
    spec : golden.spec.GeneratorSpec
    capacity : hw.capacity.Capacity
    slots : int
        As of :func:`scheduled`.

    Raises
    ------
    InputError
        It does not fit; the message names each size that is too small.
    """
    tiling = scheduled(spec, capacity.array, slots)
    if capacity.missing(tiling):
        tiling = Tiling(spec, capacity.array, slots)  # fewer bands: a shorter program
    capacity.check(tiling)
    return tiling
