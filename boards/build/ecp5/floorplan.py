# SPDX-License-Identifier: Apache-2.0
"""Where the multipliers, their enables and the block RAMs of the machine lie on an LFE5U-85F.

Left alone, nextpnr's placer scatters large blocks that fill a chip nine tenths: nearly twice the
wire, three times the minutes. Here the machine lies as it is drawn. Activations enter at the lower
left and run right, partial sums run up, finished sums leave at the top, and the maps wait below::

    multipliers   y = 10   last rows of the array, requantizers
    block RAMs    y = 22   accumulators, constants, tables, pixels
    multipliers   y = 34   middle rows
    block RAMs    y = 46   weights
    multipliers   y = 58   first rows
    block RAMs    y = 70   maps on the left, weights
    block RAMs    y = 82   maps on the left, weights, the line's

A tile's weights take over along a diagonal of the array, from one corner of the chip to the other:
the register that says so lies half way.
"""

from __future__ import annotations

import re

from hw.array import LANES
from hw.engine.pixel_buffer import PHASES
from hw.primitives.banks import banks
from hw.primitives.ecp5.block_ram import WIDTHS

DEVICE = "lfe5u-85f"
GROUPS, PITCH, GAP = 13, 9, 7  # columns of tiles: so many groups, `PITCH` apart, 2 more from `GAP`
BLOCK_ROWS, BLOCK_STEPS = (22, 46, 70, 82), (4, 6, 8, 10)  # four in a group
MULTIPLIER_ROWS, MULTIPLIER_STEPS, MULTIPLIER_PLACES = (10, 34, 58), (4, 5, 8, 9), (0, 1, 4, 5)
SPECIAL_ROWS = {*BLOCK_ROWS, *MULTIPLIER_ROWS}  # all other rows are logic
WIDTH = PITCH * GROUPS + BLOCK_STEPS[0]
LEFT_OVER = WIDTH, BLOCK_ROWS[-1], 0.1  # x, y and pull of what has no place of its own
WEIGHTS_PULL = 0.5  # weights have registers to spare on their way; most pull with 1
SUMS_PULL = 2  # a bank's sum is added to and stored from cycle to cycle


def floorplan(netlist, device, capacity):
    """Return a place for each block RAM and multiplier, and each register that enables operand B.

    Parameters
    ----------
    netlist : boards.build.ecp5.flow.Netlist
    device : str
        Name in :data:`boards.chips.devices.DEVICES`.
    capacity : hw.capacity.Capacity

    Returns
    -------
    dict of str to str
        nextpnr's name of the place, by that of the cell; empty for a device without a plan. Cells
        whose part of the machine has no place of its own take what is left.
    """
    if device != DEVICE:
        return {}
    sites = {"DP16KD": _blocks(), "MULT18X18D": _multipliers()}
    cells = netlist.cells(*sites)
    places = {}
    for kind, free in sites.items():
        names = [name for name in cells if cells[name] == kind]
        wanted = {name: place_of(name, capacity) or LEFT_OVER for name in names}
        places.update(_assign(wanted, free))
    return places | _enables(netlist, places, sites["MULT18X18D"])


def _enables(netlist, places, sites):
    """Return a place in the midst of its multipliers for each register that enables them."""
    corners = {}
    for multiplier, register in netlist.drivers("MULT18X18D", "CE1").items():
        corners.setdefault(register, []).append(sites[places[multiplier]])
    at = {}
    for register, ends in sorted(corners.items()):
        x, y = (round((min(axis) + max(axis)) / 2) for axis in zip(*ends, strict=True))
        while y in SPECIAL_ROWS or (x, y) in at.values():
            y += 1
        at[register] = x, y
    return {register: f"X{x}/Y{y}/SLICEA.FF0" for register, (x, y) in at.items()}


def _x(group, step):
    return PITCH * group + step + (2 if group >= GAP else 0)


def _blocks():
    return {
        f"X{_x(group, step)}/Y{y}/EBR{n}": (_x(group, step), y)
        for y in BLOCK_ROWS
        for group in range(GROUPS)
        for n, step in enumerate(BLOCK_STEPS)
    }


def _multipliers():
    return {
        f"X{_x(group, step)}/Y{y}/MULT18_{place}": (_x(group, step), y)
        for y in MULTIPLIER_ROWS
        for group in range(GROUPS)
        for step, place in zip(MULTIPLIER_STEPS, MULTIPLIER_PLACES, strict=True)
    }


def place_of(name, capacity):
    """Return where a cell should lie, by the component that it belongs to.

    Parameters
    ----------
    name : str
        Path of the cell's submodules, joined with dots.
    capacity : hw.capacity.Capacity

    Returns
    -------
    (float, float, float) or None
        x, y and pull; None for a cell of a part that has no place of its own.
    """
    array = capacity.array
    top, *_, bottom = MULTIPLIER_ROWS
    sums, weights, below, lowest = BLOCK_ROWS
    width = array.word_weights * capacity.weight_bits
    stack = 1 if array.weight_bus else banks(width, capacity.weight_words, WIDTHS)

    def across(n, count):
        return WIDTH * ((n % count + 0.5) / count)

    rules = {
        r"array\.pe_(\d+)_(\d+)\.": lambda r, c: (
            across(c, array.columns),
            bottom - (bottom - top) * (r + 0.5) / array.rows,
            1,
        ),
        r"requantizer_(\d+)\.": lambda lane: (across(lane, LANES), top, 1),
        r"accumulators\.bank_(\d+)_": lambda c: (across(c, array.columns), sums, SUMS_PULL),
        r"(?:table_|pixels\.bank_)(\d+)": lambda n: (across(n, PHASES), sums, 1),
        r"(?:channels|plane_biases|read)_memory\.": lambda: (WIDTH / 2, sums, 1),
        r"(?:sweeps|feed)_memory\.": lambda: (0, below, 1),
        r"maps\.bank_(\d+)\.": lambda n: (
            across(n, 3 * array.rows // LANES),
            (below + lowest) / 2,
            1,
        ),
        r"latent_memory\.words\.": lambda: (0, lowest, 1),
        r"weights_memory\.block_(\d+)_(\d+)": lambda n, k: (
            across(k * stack[n].width // capacity.weight_bits, array.columns),
            weights,
            WEIGHTS_PULL,
        ),
    }
    for pattern, place in rules.items():
        if found := re.search(pattern, name):
            return place(*map(int, found.groups()))
    return None


def _assign(wanted, free):
    """Return a site for each name: the nearest free one, then better by exchanges while any is."""
    names = sorted(wanted, key=lambda name: (-wanted[name][2], name))
    sites = list(free)

    def cost(name, site):
        (x, y, pull), (site_x, site_y) = wanted[name], free[site]
        return pull * ((x - site_x) ** 2 + (y - site_y) ** 2)  # one far wire sets the clock

    left, at = set(sites), {}
    for name in names:
        at[name] = min(left, key=lambda site: (cost(name, site), site))
        left.remove(at[name])
    better = True
    while better:
        better = False
        holder = {site: name for name, site in at.items()}
        for name in names:
            for site in sites:
                here, other = at[name], holder.get(site)
                gain = cost(name, here) - cost(name, site)
                if other is not None:
                    gain += cost(other, site) - cost(other, here)
                if gain > 1e-9:
                    at[name], holder[site] = site, name
                    if other is None:
                        del holder[here]
                    else:
                        at[other], holder[here] = here, other
                    better = True
    return at
