# SPDX-License-Identifier: Apache-2.0
"""What ``avatar boards`` lists."""

from __future__ import annotations

from functools import lru_cache

from boards.catalogue.registry import BOARDS
from boards.chips.capacity import board_blocks
from hw.model.resources import multipliers
from hw.tiling import Tiling
from support.failures import InputError


def facts(models):
    """Return what ``avatar boards --json`` prints: a dict a board.

    Parameters
    ----------
    models : dict of str to golden.spec.GeneratorSpec
        Networks of the models that may be held, by name.
    """
    return [
        {
            "name": each.name,
            "title": each.title,
            "device": each.device_name,
            "multipliers": each.device.multipliers,
            "block_rams": each.device.blocks,
            "memory_kbit": each.device.blocks * 18,
            "luts": each.device.luts,
            "machines": [
                {
                    "name": name,
                    "rows": capacity.array.rows,
                    "columns": capacity.array.columns,
                    "multipliers": min(multipliers(capacity), each.device.multipliers),
                    "block_rams": board_blocks(capacity, each.device.family),
                    "capacity": capacity.sizes,
                    "models": [model for model, spec in models.items() if holds(capacity, spec)],
                }
                for name, capacity in each.capacities.items()
            ],
            "toolchain": each.device.family.toolchain,
            "built_here": each.bitstream,
            "on_silicon": False,
            "serial": each.wiring,
        }
        for each in BOARDS.values()
    ]


def holders(spec):
    """Return the names of the boards of which a machine holds a network."""
    return [
        each.name
        for each in BOARDS.values()
        if any(holds(capacity, spec) for capacity in each.capacities.values())
    ]


def holding(board, spec, text=None):
    """Return which is the first of a board's machines that holds a network: its name, or `text`.

    Parameters
    ----------
    board : boards.catalogue.board.Board
    spec : golden.spec.GeneratorSpec
    text : str, optional
        The only one that counts, as :meth:`boards.catalogue.board.Board.capacity` takes it.

    Raises
    ------
    InputError
        None does, or there is none of that name.
    """
    some = board.capacities if text is None else [text]
    found = next((each for each in some if holds(board.capacity(each), spec)), None)
    if found is None:
        which = "no machine holds" if text is None else f"machine {text} does not hold"
        raise InputError(
            f"--board {board.name}: {which} the network; `avatar fit` says what is short"
        )
    return found


def holds(capacity, spec):
    """Return whether a machine holds a network."""
    if max(spec.weight_bits) > capacity.weight_bits:
        return False
    try:
        return not capacity.missing(_tiling(spec, capacity.array))
    except InputError:
        return False  # a network that the array cannot make


@lru_cache(maxsize=256)
def _tiling(spec, array):
    return Tiling(spec, array)


def as_text(boards):
    """Return the table that ``avatar boards`` prints of what :func:`facts` returned."""
    heads = ("board", "device", "machine", "array", "multipliers", "block RAMs", "toolchain")
    heads += ("built", "silicon", "holds")
    rows = [
        (
            each["name"],
            each["device"],
            machine["name"],
            f"{machine['rows']}x{machine['columns']}",
            f"{machine['multipliers']}/{each['multipliers']}",
            f"{machine['block_rams']}/{each['block_rams']}",
            each["toolchain"],
            "yes" if each["built_here"] else "no",
            "yes" if each["on_silicon"] else "no",
            ", ".join(machine["models"]) or "none of the shipped models",
        )
        for each in boards
        for machine in each["machines"]
    ]
    widths = [max(map(len, column)) for column in zip(heads, *rows)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip()
        for row in (heads, *rows)
    )
