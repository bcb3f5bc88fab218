# SPDX-License-Identifier: Apache-2.0
"""Which array fits a device, how fast it is, and what binds: a sweep without place and route."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import product

from boards.chips.capacity import board_blocks
from boards.explore.area import RESOURCES, logic_product
from boards.explore.fit import link_per_second
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.model.cycle_model import CycleModel
from hw.model.resources import logic_products, multipliers
from hw.tiling import Tiling
from support.progress import bar

SIZES = (4, 8, 12, 16, 20, 24, 28, 32)
WEIGHT_BITS = (4, 5, 6, 8)
OFF_CHIP_BITS = 16  # of weights a cycle, as from an SDRAM's 16 data pins
LIMITS = ("multipliers", "blocks", *RESOURCES)  # what a device has a number of


@dataclass(frozen=True)
class Point:
    """An array on a device.

    Attributes
    ----------
    rows, columns, weight_bits : int
    weights : str
        Where they are: "on chip", or "off chip" with :data:`OFF_CHIP_BITS` a cycle.
    macs_per_cycle, cycles_interval : int
    utilisation : float
        Useful multiplications of all.
    multipliers, blocks, luts, flip_flops : int
        What it takes: the first two exactly, the others by the fit.
    share : float
        Largest of those as a share of what the device has.
    lacks : dict of str to int
        How many of each are missing; empty where it fits.
    core_per_second, per_second : float
        Avatars: of the generator alone, and over the serial line.
    core_bound, bound : str
        What binds them: "multipliers", "weight bandwidth", "UART"; "memory" or another resource
        where the point does not fit.
    pareto : bool
        It fits, and no other that fits is as fast in as little of the device with as many weight
        bits.
    """

    rows: int
    columns: int
    weight_bits: int
    weights: str
    macs_per_cycle: int
    cycles_interval: int
    utilisation: float
    multipliers: int
    blocks: int
    luts: int
    flip_flops: int
    share: float
    lacks: dict[str, int]
    core_per_second: float
    per_second: float
    core_bound: str
    bound: str
    pareto: bool = False


def evaluate(device, spec, array, clock_hz, baud, fits, *, on_chip):
    """Return the :class:`Point` of a network on an array.

    Parameters
    ----------
    device : boards.chips.devices.Device
    spec : GeneratorSpec
    array : ArraySpec
        With the word that the weight memory gives a cycle.
    clock_hz, baud : int
    fits : dict of str to boards.explore.area.Fit
        By :data:`boards.explore.area.RESOURCES`.
    on_chip : bool
        The weights are in block RAM; else they come from outside, a word in every cycle.
    """
    tiling = Tiling(spec, array)
    capacity = Capacity.of(tiling)
    cycles = CycleModel(tiling).cycles_interval
    takes = {
        "multipliers": multipliers(capacity),
        "blocks": board_blocks(capacity, device.family, weights=on_chip),
        **{resource: fits[resource](capacity) for resource in RESOURCES},
    }
    if device.family.logic_products and takes["multipliers"] > device.multipliers:
        takes["multipliers"] = device.multipliers
        count = logic_products(capacity, device.multipliers)
        for resource, cost in logic_product(capacity.weight_bits).items():
            takes[resource] += count * cost
    has = {name: getattr(device, name) for name in LIMITS}
    lacks = {name: takes[name] - has[name] for name in LIMITS if takes[name] > has[name]}
    ceilings = {
        "multipliers": clock_hz * array.macs_per_cycle / spec.useful_macs,
        "weight bandwidth": clock_hz / tiling.streamed_words,
    }
    core_bound = min(ceilings, key=ceilings.get)
    core, line = clock_hz / cycles, link_per_second(baud, spec)
    bound = core_bound if core <= line else "UART"
    if lacks:
        worst = max(lacks, key=lambda name: lacks[name] / has[name])
        core_bound = bound = {"blocks": "memory"}.get(worst, worst)
    return Point(
        rows=array.rows,
        columns=array.columns,
        weight_bits=max(spec.weight_bits),
        weights="on chip" if on_chip else "off chip",
        macs_per_cycle=array.macs_per_cycle,
        cycles_interval=cycles,
        utilisation=round(spec.useful_macs / (array.macs_per_cycle * cycles), 4),
        **takes,
        share=round(max(takes[name] / has[name] for name in LIMITS), 4),
        lacks=lacks,
        core_per_second=round(core, 2),
        per_second=round(min(core, line), 2),
        core_bound=core_bound,
        bound=bound,
    )


def sweep(device, channels, clock_hz, baud, fits):
    """Return a :class:`Point` for every array and number of weight bits.

    Where only the weight memory does not fit, a second point takes its weights from outside.

    Parameters
    ----------
    As of :func:`evaluate`; `channels` is (C1, C2, C3).
    """
    points = []
    rest = clock_hz, baud, fits
    cases = list(product(WEIGHT_BITS, SIZES, SIZES))
    for bits, rows, columns in bar(cases, desc=device.name, unit="array"):
        spec = GeneratorSpec.avatars(channels=channels, weight_bits=bits)
        point = evaluate(device, spec, ArraySpec(rows, columns), *rest, on_chip=True)
        points.append(point)
        if point.lacks.keys() == {"blocks"}:
            array = ArraySpec(rows, columns, min(OFF_CHIP_BITS // bits, rows * columns))
            points.append(evaluate(device, spec, array, *rest, on_chip=False))
    return _with_pareto(points)


def _with_pareto(points):
    """Mark the points that nothing beats."""
    fitting = [point for point in points if not point.lacks]

    def beats(a, b):
        as_good = (
            a.core_per_second >= b.core_per_second
            and a.share <= b.share
            and a.weight_bits >= b.weight_bits
        )
        better = (a.core_per_second, a.share, a.weight_bits) != (
            b.core_per_second,
            b.share,
            b.weight_bits,
        )
        return as_good and better

    return [
        replace(point, pareto=not point.lacks and not any(beats(other, point) for other in fitting))
        for point in points
    ]


def report(device, channels, clock_hz, baud, fits):
    """Sweep, and return what ``avatar explore --json`` prints.

    Returns
    -------
    dict
        Keys `device` (its numbers), `channels`, `clock_hz`, `baud`, `link_per_second`, `fit` (of
        each resource: factors and residuals), `points` (:class:`Point`, fastest first), `fastest`
        (the first that fits, or null) and `next` (how many arrays with more multiplications a cycle
        than that each resource refuses).
    """
    points = sweep(device, channels, clock_hz, baud, fits)
    points.sort(key=lambda point: (bool(point.lacks), -point.core_per_second, point.share))
    fastest = points[0] if not points[0].lacks else None
    refused = {}
    for point in points:
        if point.lacks and (fastest is None or point.macs_per_cycle > fastest.macs_per_cycle):
            refused[point.bound] = refused.get(point.bound, 0) + 1
    return {
        "device": asdict(device) | {"family": device.family.name},
        "channels": list(channels),
        "clock_hz": clock_hz,
        "baud": baud,
        "link_per_second": round(link_per_second(baud, GeneratorSpec.avatars(channels)), 2),
        "fit": {resource: asdict(fits[resource]) for resource in RESOURCES},
        "points": [asdict(point) for point in points],
        "fastest": asdict(fastest) if fastest else None,
        "next": refused,
    }
