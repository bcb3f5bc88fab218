# SPDX-License-Identifier: Apache-2.0
"""LUTs and flip-flops of the complete top, from a fit to a few syntheses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boards.chips.families import ECP5
from golden.spec import INPUT_BITS, GeneratorSpec
from hw.array import ArraySpec
from hw.build_plan import BuildPlan
from hw.capacity import Capacity
from hw.rtlil import to_rtlil
from hw.tiling import Tiling
from support.cache import digest, kept
from support.files import replacing
from support.tools import YOSYS

DATA = Path(__file__).with_name("area.json")  # `avatar explore --measure --out DIR` writes it
CELLS = "cells.json"
TIMEOUT = 1800  # seconds that one synthesis may take
RESOURCES = ("luts", "flip_flops")
# What is synthesized for the ECP5: channels, weight bits, rows, columns; one to ten minutes each.
RUNS = (
    ((32, 16, 8), 5, 4, 4),
    ((32, 16, 8), 8, 4, 4),
    ((32, 16, 8), 6, 8, 4),
    ((32, 16, 8), 5, 4, 8),
    ((32, 16, 8), 5, 8, 8),
    ((32, 16, 8), 5, 16, 16),
    ((128, 64, 32), 5, 16, 16),
)
OTHERS_RUNS = RUNS[:1]  # of another family: how its logic compares


def measure(family, channels, weight_bits, rows, columns):
    """Synthesize the smallest machine that holds a network on an array, or take it from the cache.

    Parameters
    ----------
    family : boards.chips.families.Family
    channels, weight_bits, rows, columns
        Of the network and of the array.

    Returns
    -------
    dict
        The arguments, and what the netlist takes by the names in its `costs`.

    Raises
    ------
    InputError
        Yosys is not installed.
    support.tools.ToolFailed
        The synthesis failed or took too long.
    """
    plan = BuildPlan(_smallest(channels, weight_bits, rows, columns), clock_hz=100_000_000)
    platform = None if family.primitives is None else family.primitives()
    design = to_rtlil(plan.top(), "top", platform=platform)
    script = f"read_rtlil top.il; {family.synthesis}; tee -q -o {CELLS} stat -json"

    def synthesize(folder):
        Path(folder, "top.il").write_text(design)
        YOSYS.run(["-q", "-l", "yosys.log", "-p", script], folder, log="yosys.log", timeout=TIMEOUT)

    folder = kept("area", digest(YOSYS.version, script, design), synthesize)
    cells = json.loads(Path(folder, CELLS).read_text())["design"]["num_cells_by_type"]
    run = {
        "family": family.name,
        "channels": list(channels),
        "weight_bits": weight_bits,
        "rows": rows,
        "columns": columns,
    }
    for resource, costs in family.costs.items():
        run[resource] = sum(count * costs.get(cell, 0) for cell, count in cells.items())
    return run


def measure_all(family, *, jobs=1, scheduler=None):
    """Return what :func:`measure` gives for the runs that :func:`fit` takes for `family`.

    Parameters
    ----------
    family : boards.chips.families.Family
    jobs, scheduler
        As :func:`boards.explore.spread.spread`.
    """
    from boards.explore.spread import spread

    calls = [(ECP5, *run) for run in RUNS]
    if family is not ECP5:
        calls += [(family, *run) for run in OTHERS_RUNS]
    return spread(measure, calls, jobs=jobs, scheduler=scheduler, desc="syntheses")


def terms(capacity):
    """Return what the logic grows with: an array, one entry a term of the fit."""
    array, bits = capacity.array, capacity.weight_bits
    word = array.word_weights * bits
    hops = array.row_groups + array.column_groups - 1
    return np.array(
        [
            1,  # the serial line and control
            array.macs_per_cycle * (8 + bits),  # products, their adders, weights
            (word + 9 * array.rows) * hops,  # weights and activations on their way
            word
            * (-(-capacity.weight_words // 1024) - 1),  # the choice among the blocks of a memory
        ],
        float,
    )


def logic_product(weight_bits):
    """Return what a product takes of an ECP5 that logic makes, by resource.

    Of each two bits of the weight a carry chain of 10 bits and a LUT, and of each but the first an
    adder of 11 more; nextpnr begins a chain with two LUTs. See
    :class:`hw.primitives.logic_multiplier.LogicMultiplier`.
    """
    digits = -(-weight_bits // 2)
    sums = INPUT_BITS + 2
    return {
        "luts": digits * (sums + 2) + (digits - 1) * (sums + 1 + 2),
        "flip_flops": 2 * (INPUT_BITS + weight_bits) + digits * sums,
    }


@dataclass(frozen=True)
class Fit:
    """A resource as a sum of :func:`terms`, none of them negative.

    Attributes
    ----------
    factors : tuple of float
        One a term.
    family : str
        Whose syntheses it comes from.
    residual : float
        Largest relative difference to a run.
    left_out : float
        Largest relative difference to a run that the fit has not seen.
    """

    factors: tuple[float, ...]
    family: str
    residual: float
    left_out: float

    def __call__(self, capacity):
        """Return the estimate for a machine, a whole number."""
        return round(float(terms(capacity) @ self.factors))


def fit(runs, resource, family):
    """Fit `resource` of :data:`RESOURCES` to what :func:`measure_all` gave for `family`.

    Least squares of relative errors on the ECP5's runs, times one factor for another family. A
    family without runs is taken for an ECP5: its LUTs of four inputs, or what six replace.
    """
    base = _fit([run for run in runs if run["family"] == ECP5.name], resource)
    runs = [run for run in runs if run["family"] == family.name]
    if family is ECP5 or not runs:
        return base
    ratios = np.array([run[resource] / (terms(capacity_of(run)) @ base.factors) for run in runs])
    factor = ratios.mean()
    off = float(np.abs(factor / ratios - 1).max())
    factors = tuple(factor * np.array(base.factors))
    return Fit(factors, family.name, off + base.residual, off + base.left_out)


def _fit(runs, resource):
    rows = np.array([terms(capacity_of(run)) for run in runs])
    values = np.array([run[resource] for run in runs], float)
    rows /= values[:, None]
    factors = _least_squares(rows)
    left_out = [rows[n] @ _least_squares(np.delete(rows, n, axis=0)) - 1 for n in range(len(runs))]
    residual = float(np.abs(rows @ factors - 1).max())
    return Fit(tuple(factors), ECP5.name, residual, float(np.abs(left_out).max()))


def _least_squares(rows):
    """Return x >= 0 with ``rows @ x`` near 1: terms that would be negative are left out."""
    x = np.zeros(rows.shape[1])
    used = list(range(rows.shape[1]))
    while used:
        found = np.linalg.lstsq(rows[:, used], np.ones(len(rows)), rcond=None)[0]
        if found.min() >= 0:
            x[used] = found
            break
        used.pop(int((found * rows[:, used].mean(axis=0)).argmin()))  # as a share of the whole
    return x


def capacity_of(run):
    """Return the :class:`hw.capacity.Capacity` that a run of :func:`measure` was of."""
    return _smallest(*(run[name] for name in ("channels", "weight_bits", "rows", "columns")))


def _smallest(channels, weight_bits, rows, columns):
    spec = GeneratorSpec.avatars(channels=tuple(channels), weight_bits=weight_bits)
    return Capacity.of(Tiling(spec, ArraySpec(rows, columns)))


def committed_runs(family):
    """Return what :func:`measure_all` gave, as it comes with the program."""
    runs = json.loads(DATA.read_text())
    return [run for run in runs if run["family"] in (ECP5.name, family.name)]


def save_runs(folder, runs):
    """Write area.json: the runs of the program, those of `runs`' families replaced."""
    families = {run["family"] for run in runs}
    kept = [run for run in json.loads(DATA.read_text()) if run["family"] not in families]
    lines = ",\n".join(json.dumps(run) for run in kept + runs)
    with replacing(Path(folder, DATA.name)) as beside:
        beside.write_text(f"[\n{lines}\n]\n")
