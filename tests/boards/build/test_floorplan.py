# SPDX-License-Identifier: Apache-2.0
"""Places of block RAMs and multipliers: on the chip, each once, as the machine is drawn."""

import re

import pytest

from boards.build.ecp5.floorplan import DEVICE, floorplan
from boards.chips.devices import DEVICES
from golden.spec import GeneratorSpec
from hw.engine.dual_multiplier import shared_columns
from hw.tiling import ArraySpec, Tiling

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


def compact(rows=16, columns=16, bits=5):
    tiling = Tiling(
        GeneratorSpec(channels=(128, 64, 32), weight_bits=(bits,) * 4), ArraySpec(rows, columns)
    )
    core = "top.generator.core."
    shared = shared_columns(columns, hop=tiling.array.hop, weight_bits=bits)
    names = [f"array.pe_{r}_{c[0]}.multiplier.cell" for r in range(rows) for c in shared]
    names += [f"requantizer_{lane}.multiplier_{n}.cell" for lane in range(4) for n in range(2)]
    cells = {core + name: "MULT18X18D" for name in names}
    blocks = [f"accumulators.bank_{c}_{h}.block_0_0" for c in range(columns) for h in range(2)]
    blocks += [f"map_{x}.bank_{r}.block_0_0" for x in "ab" for r in range(rows)]
    blocks += [f"channels.block_0_{n}" for n in range(5)]
    cells |= {core + name: "DP16KD" for name in blocks}
    cells |= {
        f"top.generator.weights.memory.block_{bank}_{n}": "DP16KD"
        for bank in range(3)
        for n in range(36)
    }
    cells["top.identity.block_0_0"] = "DP16KD"
    cells["top.logic"] = "TRELLIS_FF"
    return Cells(cells), tiling


def places(*arguments):
    netlist, tiling = compact(*arguments)
    return netlist, floorplan(netlist, DEVICE, tiling)


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
    assert mean("map_", 1) > mean("weights", 1) > mean("accumulators", 1)
    assert mean("map_", 0) < 40
    assert mean(r"bank_[0-3]_[01]\.block", 0) < mean(r"bank_1[2-5]_[01]\.block", 0)


def test_an_enable_lies_in_the_midst_of_its_multipliers():
    netlist, tiling = compact()
    column = {n: f"top.generator.core.array.pe_{n}_0.multiplier.cell" for n in range(16)}
    ends = [column[0], column[15]]
    two = {ends[0]: "far", ends[1]: "far", column[7]: "near", column[8]: "near"}
    at = floorplan(Cells(netlist.all, two), DEVICE, tiling)
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
    netlist, tiling = compact()
    backwards = Cells(dict(reversed(netlist.all.items())))
    assert floorplan(backwards, DEVICE, tiling) == floorplan(netlist, DEVICE, tiling)


@pytest.mark.parametrize(("rows", "columns", "bits"), [(8, 16, 6), (4, 4, 8), (5, 7, 3)])
def test_other_arrays(rows, columns, bits):
    netlist, at = places(rows, columns, bits)
    assert len(set(at.values())) == len(netlist.cells(*SITES))


def test_no_plan_for_other_devices():
    netlist, tiling = compact(4, 4)
    assert floorplan(netlist, "lfe5u-25f", tiling) == {}
