# SPDX-License-Identifier: Apache-2.0
"""Places of block RAMs and multipliers: on the chip, each once, as the machine is drawn."""

import re
from functools import cache

import pytest
from amaranth.hdl import Fragment, Instance

from boards.build.ecp5.floorplan import DEVICE, floorplan, place_of
from boards.chips.devices import DEVICES
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.capacity import Capacity
from hw.contents import Contents
from hw.engine.generator import Generator
from hw.primitives.ecp5.platform import Ecp5Primitives
from hw.tiling import Tiling

SITES = {
    "DP16KD": re.compile(r"X(\d+)/Y(22|46|70|82)/EBR([0-3])"),
    "MULT18X18D": re.compile(r"X(\d+)/Y(10|34|58)/MULT18_([0145])"),
}


class Cells:
    """A netlist's cells, as :class:`boards.build.ecp5.flow.Netlist` gives them."""

    def __init__(self, cells, enables=None):
        self.all, self.enables = cells, enables or {}

    def cells(self, *types):
        return {name: kind for name, kind in self.all.items() if kind in types}

    def drivers(self, kind, port):
        assert (kind, port) == ("MULT18X18D", "CE1")
        return self.enables


@cache
def elaborated(capacity):
    """Return the type of each primitive of the chip in the generator, by its submodules' path."""
    cells = {}
    empty = Contents.empty(capacity)
    waiting = [((), Fragment.get(Generator(capacity, empty), Ecp5Primitives()))]
    while waiting:
        path, fragment = waiting.pop()
        if isinstance(fragment, Instance):
            cells[".".join(path)] = fragment.type
        waiting += [((*path, str(name)), part) for part, name, _ in fragment.subfragments]
    return cells


def compact(rows=16, columns=16, bits=5, channels=(128, 64, 32)):
    spec = GeneratorSpec.avatars(channels=channels, weight_bits=(bits,) * 4)
    capacity = Capacity.of(Tiling(spec, ArraySpec(rows, columns)))
    cells = {f"top.generator.{name}": kind for name, kind in elaborated(capacity).items()}
    cells |= {"top.identity.block_0_0": "DP16KD", "top.logic": "TRELLIS_FF"}
    return Cells(cells), capacity


def places(*arguments):
    netlist, capacity = compact(*arguments)
    return netlist, floorplan(netlist, DEVICE, capacity)


def test_every_block_has_a_place_of_its_own():
    netlist, at = places()
    assert set(at) == set(netlist.cells(*SITES))
    assert len(set(at.values())) == len(at)
    for name, place in at.items():
        x = int(SITES[netlist.all[name]].fullmatch(place)[1])
        assert 4 <= x <= 120


def test_all_of_the_chip_can_be_taken():
    device = DEVICES[DEVICE]
    cells = {f"b{n}": "DP16KD" for n in range(device.blocks)}
    cells |= {f"m{n}": "MULT18X18D" for n in range(device.multipliers)}
    at = floorplan(Cells(cells), DEVICE, compact()[1])
    assert len(set(at.values())) == device.blocks + device.multipliers


def test_lies_as_it_is_drawn():
    _, at = places()
    where = {name: tuple(map(int, re.findall(r"[XY](\d+)", place))) for name, place in at.items()}

    def mean(pattern, axis):
        found = [place[axis] for name, place in where.items() if re.search(pattern, name)]
        assert found
        return sum(found) / len(found)

    first, last = r"pe_[0-3]_", r"pe_1[2-5]_"
    assert mean(first, 1) > mean(r"pe_[4-7]_", 1) > mean(last, 1)
    left, right = r"pe_\d+_[02]\.", r"pe_\d+_1[24]\."
    assert mean(left, 0) < 31 < 93 < mean(right, 0)
    assert mean("accumulators", 1) == 22
    assert mean("maps", 1) > mean("weights", 1) > mean("accumulators", 1)
    assert mean("maps", 0) < 40
    assert mean(r"bank_[0-3]_[01]\.block", 0) < mean(r"bank_1[2-5]_[01]\.block", 0)


def test_an_enable_lies_in_the_midst_of_its_multipliers():
    netlist, capacity = compact()
    column = {n: f"top.generator.core.array.pe_{n}_0.multiplier.cell" for n in range(16)}
    ends = [column[0], column[15]]
    two = {ends[0]: "far", ends[1]: "far", column[7]: "near", column[8]: "near"}
    at = floorplan(Cells(netlist.all, two), DEVICE, capacity)
    where = {name: tuple(map(int, re.findall(r"[XY](\d+)", at[name]))) for name in at}
    (x0, y0), (x1, y1), (x, y) = (where[name] for name in (*ends, "far"))
    assert abs(x - (x0 + x1) / 2) <= 1
    assert abs(y - (y0 + y1) / 2) <= 2
    for name in ("far", "near"):
        assert re.fullmatch(r"X\d+/Y\d+/SLICEA\.FF0", at[name])
        assert where[name][1] not in (10, 22, 34, 46, 58, 70, 82)
    assert at["far"] != at["near"]


def test_the_same_again():
    assert places()[1] == places()[1]
    netlist, capacity = compact()
    backwards = Cells(dict(reversed(netlist.all.items())))
    assert floorplan(backwards, DEVICE, capacity) == floorplan(netlist, DEVICE, capacity)


@pytest.mark.parametrize(("rows", "columns", "bits"), [(8, 16, 6), (4, 4, 8), (4, 12, 3)])
def test_other_arrays(rows, columns, bits):
    netlist, at = places(rows, columns, bits, (32, 16, 8))
    assert len(set(at.values())) == len(netlist.cells(*SITES))


@pytest.mark.parametrize(("rows", "columns", "bits"), [(4, 4, 8), (8, 16, 5)])
def test_every_large_block_of_the_generator_has_a_place_in_the_drawing(rows, columns, bits):
    """A submodule that gets another name must get it in the floorplan, too."""
    netlist, capacity = compact(rows, columns, bits, (32, 16, 8))
    blocks = {name: kind for name, kind in netlist.cells(*SITES).items() if ".generator." in name}
    assert set(blocks.values()) == set(SITES)
    assert [name for name in blocks if place_of(name, capacity) is None] == []
    assert place_of("top.identity.block_0_0", capacity) is None


def test_no_plan_for_other_devices():
    netlist, capacity = compact(4, 4)
    assert floorplan(netlist, "lfe5u-25f", capacity) == {}
