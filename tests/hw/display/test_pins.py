# SPDX-License-Identifier: Apache-2.0
"""The screen on a board: its pins, its block RAMs, and what its logic takes."""

import re
from collections import Counter

import pytest
from amaranth import Elaboratable, Module, Signal
from amaranth.lib import io

from boards.catalogue.ulx3s import Platform
from hw.display.block_store import BlockStore
from hw.display.display import Display
from tests.synthesized import cells_of


class ScreenAlone(Elaboratable):
    """The screen of a ULX3S; its pixels come from a button."""

    def elaborate(self, platform):
        m = Module()
        pins = platform.request("hdmi", 0, dir="-")
        m.submodules.display = display = Display(BlockStore(), pins)
        m.submodules.button = button = io.Buffer("i", platform.request("button_fire", 0, dir="-"))
        shift = Signal(40)
        m.d.sync += shift.eq(shift << 1 | button.i)
        m.d.comb += [
            display.i.valid.eq(shift[0]),
            display.i.p.as_value().eq(shift[1:]),
            display.size.eq(shift[25:]),
            display.restart.eq(shift[39]),
        ]
        return m


@pytest.fixture(scope="module")
def design():
    files = Platform().prepare(ScreenAlone(), emit_src=False, debug_verilog=False).files
    cells = cells_of(files["top.il"])
    return cells, files["top.lpf"]


def test_four_pairs_and_a_ddr_cell_each(design):
    cells, constraints = design
    count = Counter(cell["type"] for cell in cells.values())
    assert count["ODDRX1F"] == 4
    places = dict(re.findall(r'LOCATE COMP "(hdmi_0__\S+)" SITE "(\w+)"', constraints))
    # Blue, green, red and the clock; the cell of a pair drives the other pin by itself.
    assert places == {
        "hdmi_0__d__p[0]": "A16",
        "hdmi_0__d__p[1]": "A14",
        "hdmi_0__d__p[2]": "A12",
        "hdmi_0__clk__p": "A17",
    }
    kinds = re.findall(r'IOBUF PORT "hdmi_0__\S+".*IO_TYPE=(\w+)', constraints)
    assert kinds == ["LVCMOS33D"] * 4


def test_what_it_takes(design):
    count = Counter(cell["type"] for cell in design[0].values())
    assert count["DP16KD"] == 14
    assert count["LUT4"] < 2000
