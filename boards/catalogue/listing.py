# SPDX-License-Identifier: Apache-2.0
"""What ``avatar boards`` lists."""

from __future__ import annotations

from boards.catalogue.registry import BOARDS
from boards.chips.capacity import fits
from golden.spec import GeneratorSpec
from hw.tiling import Tiling
from support.failures import InputError


def facts():
    """Return what ``avatar boards --json`` prints: a dict a board.

    `presets` are those that fit on its array, the largest first, each with the most bits a weight.
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
            "rows": each.array.rows,
            "columns": each.array.columns,
            "presets": _presets(each),
            "toolchain": each.device.family.toolchain,
            "built_here": each.bitstream,
            "on_silicon": False,
            "serial": each.wiring,
        }
        for each in BOARDS.values()
    ]


def holders(spec):
    """Return the names of the boards whose array and memories hold a network."""
    return [each.name for each in BOARDS.values() if _holds(each, spec)]


def _holds(board, spec):
    try:
        return fits(Tiling(spec, board.array), board.device)
    except InputError:
        return False  # a network that the machine cannot make


def _presets(board):
    widest = {}
    for name in GeneratorSpec.PRESETS:
        for bits in range(8, 1, -1):
            if _holds(board, GeneratorSpec.preset(name, bits)):
                widest[name] = bits
                break
    return widest


def as_text(boards):
    """Return the table that ``avatar boards`` prints of what :func:`facts` returned."""
    heads = ("board", "device", "multipliers", "memory", "presets", "toolchain", "built", "silicon")
    rows = [
        (
            each["name"],
            each["device"],
            str(each["multipliers"]),
            f"{each['memory_kbit']:,} kbit",
            ", ".join(f"{name} w{bits}" for name, bits in each["presets"].items()) or "none",
            each["toolchain"],
            "yes" if each["built_here"] else "no",
            "yes" if each["on_silicon"] else "no",
        )
        for each in boards
    ]
    widths = [max(map(len, column)) for column in zip(heads, *rows)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip()
        for row in (heads, *rows)
    )
