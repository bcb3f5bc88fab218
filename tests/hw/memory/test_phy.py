# SPDX-License-Identifier: Apache-2.0
"""hw.memory.phy on a board: every register that a pin has lies in its I/O cell."""

from collections import Counter

import pytest
from amaranth import Elaboratable, Module
from amaranth.lib import io, wiring

from boards.catalogue.ulx3s import Platform
from hw.memory.bus import phy_signature
from hw.memory.phy import Phy
from hw.memory.timing import Geometry
from tests.synthesized import cells_of

OUTPUTS = {"clk": 1, "clk_en": 1, "cs": 1, "ras": 1, "cas": 1, "we": 1, "ba": 2, "a": 13, "dqm": 2}
DATA = 16


class PhyAlone(Elaboratable):
    """The pins of a ULX3S; the bus is open on the other side."""

    def elaborate(self, platform):
        m = Module()
        geometry = Geometry()
        m.submodules.phy = phy = Phy(geometry, platform.request("sdram", 0, dir="-"))
        bus = phy_signature(geometry).create()
        wiring.connect(m, bus, phy.bus)
        # Registers that change, so that nothing is left out.
        for name in ("mask", "command", "bank", "address", "write_data", "write_en"):
            value = getattr(bus, name)
            value = value.as_value() if hasattr(value, "as_value") else value
            m.d.sync += value.eq(value + 1)
        m.submodules.led = led = io.Buffer("o", platform.request("led", 0, dir="-"))
        m.d.sync += [bus.cke.eq(~bus.cke), phy.falling.eq(~phy.falling)]
        m.d.sync += led.o.eq(bus.read_data.xor())
        return m


@pytest.fixture(scope="module")
def cells():
    files = Platform().prepare(PhyAlone(), emit_src=False, debug_verilog=False).files
    cells = cells_of(files["top.il"])
    for cell in cells.values():  # Yosys marks the flip-flops of I/O cells by an attribute
        if cell["attributes"].get("ioff_dir") == "output":
            cell["type"] = "OFS1P3DX"
    return cells


def test_each_pin_has_its_cells(cells):
    count = Counter(cell["type"] for cell in cells.values())
    pins = sum(OUTPUTS.values()) + DATA
    assert count["ODDRX1F"] == pins
    assert count["OFS1P3DX"] == pins  # the output enables
    assert count["IDDRX1F"] == DATA


def test_nothing_lies_between_a_pin_and_its_registers(cells):
    drivers = {
        cell["connections"]["Q"][0]: cell["type"]
        for cell in cells.values()
        if cell["type"] in ("ODDRX1F", "OFS1P3DX", "TRELLIS_FF")
    }
    users = {}
    for cell in cells.values():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "input":
                for bit in bits:
                    users.setdefault(bit, []).append((cell["type"], port))
    buffers = [
        cell
        for name, cell in cells.items()
        if cell["type"] == "TRELLIS_IO" and name.startswith("phy.")
    ]
    seen = Counter()
    for buffer in buffers:
        pins = buffer["connections"]
        if pins.get("I") and drivers.get(pins["I"][0]):
            assert drivers[pins["I"][0]] == "ODDRX1F"
            assert drivers[pins["T"][0]] == "OFS1P3DX"
            seen["out"] += 1
        if pins.get("O") and ("IDDRX1F", "D") in users.get(pins["O"][0], ()):
            assert users[pins["O"][0]] == [("IDDRX1F", "D")]
            seen["in"] += 1
    assert seen == {"out": sum(OUTPUTS.values()) + DATA, "in": DATA}
