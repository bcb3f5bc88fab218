# SPDX-License-Identifier: Apache-2.0
"""Whether a machine fits a chip, before any tool runs."""

from __future__ import annotations

import re
from collections import Counter

from hw.model.resources import board_memories, multipliers
from support.failures import InputError

PRIMITIVES = {"ebr": "DP16KD", "mult": "MULT18X18D"}
_CELL = re.compile(r"^\s*cell \\(\w+) ", re.MULTILINE)


class DoesNotFit(InputError):
    """A design is too large for a chip.

    Parameters
    ----------
    message : str
    table : str
        Every memory, and how many block RAMs it takes; a note of the exception.
    """

    def __init__(self, message, table):
        super().__init__(message)
        self.add_note(table)


def board_blocks(capacity, family, *, weights=True):
    """Return the block RAMs of the board's top, its weights outside unless `weights`."""
    memories = [each for each in board_memories(capacity) if weights or each.name != "weights"]
    return sum(family.blocks(each) for each in memories)


def memory_table(capacity, family, screen=None):
    """Return the lines of a table of all memories of the board's top, the largest first."""
    taken = {each: family.blocks(each) for each in board_memories(capacity, screen)}
    memories = sorted(taken, key=lambda memory: -taken[memory])
    lines = [f"{'memory':<16}{'banks':>6}{'words':>8}{'bits':>6}{'kbit':>9}{'block RAMs':>12}"]
    lines += [
        f"{each.name:<16}{each.count:>6}{each.depth:>8,}{each.width:>6}{each.bits / 1024:>9.1f}"
        f"{taken[each] or 'logic':>12}"
        for each in memories
    ]
    bits = sum(each.bits for each in memories) / 1024
    lines.append(f"{'all':<16}{bits:>29,.1f}{sum(taken.values()):>12}")
    return "\n".join(lines)


def check_fit(capacity, device, screen=None):
    """Refuse what a chip has too few block RAMs or multipliers for.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    device : boards.chips.devices.Device
    screen : str, optional
        Where a screen's frame lies: one of :data:`hw.model.resources.SCREENS`.

    Raises
    ------
    DoesNotFit
        How many are short, which memory is the largest, and what would help. Multipliers are never
        short where logic makes products, too.
    """
    taken = {each.name: device.family.blocks(each) for each in board_memories(capacity, screen)}
    largest = max(taken, key=taken.get)
    table = memory_table(capacity, device.family, screen)
    check_blocks(sum(taken.values()), device, f"{largest} alone takes {taken[largest]}", table)
    needed = multipliers(capacity)
    if needed > device.multipliers and not device.family.logic_products:
        raise DoesNotFit(
            f"{device.name} has {device.multipliers} multipliers, this needs {needed}: "
            f"{needed - device.multipliers} short; give fewer rows or columns"
            + ("" if capacity.weight_bits <= 5 else ", or 5 bits a weight: two share one then"),
            table,
        )


def check_blocks(needed, device, largest, table):
    """Refuse `needed` block RAMs where the chip has fewer.

    Raises
    ------
    DoesNotFit
    """
    if needed > device.blocks:
        raise DoesNotFit(
            f"{device.name} has {device.blocks} block RAMs, this needs {needed}: "
            f"{needed - device.blocks} short; {largest}; take fewer bits a weight, fewer words or "
            "a larger chip",
            table,
        )


def fits(capacity, device):
    """Return whether :func:`check_fit` has nothing against it."""
    try:
        check_fit(capacity, device)
    except DoesNotFit:
        return False
    return True


def planned(rtlil):
    """Return how many block RAMs and multipliers a design asks for by name, before synthesis.

    What Yosys may infer beside them is not counted.

    Parameters
    ----------
    rtlil : str

    Returns
    -------
    dict of str to int
        By the keys of :data:`PRIMITIVES`.
    """
    cells = Counter(_CELL.findall(rtlil))
    return {name: cells[kind] for name, kind in PRIMITIVES.items()}
