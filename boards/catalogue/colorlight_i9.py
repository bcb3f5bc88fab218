# SPDX-License-Identifier: Apache-2.0
"""Colorlight i9 v7.2 with an LFE5U-45F, on its extension board.

Clock and serial pins as in litex-boards; the lamp is unchecked.
"""

from amaranth.build import Attrs, Clock, Pins, PinsN, Resource
from amaranth.vendor import LatticeECP5Platform
from amaranth_boards.resources import UARTResource

from boards.catalogue.board import Board
from boards.catalogue.capacities import machine
from boards.chips.ecp5_pll import Ecp5Pll
from hw.primitives.ecp5.platform import Ecp5Primitives


class Platform(Ecp5Primitives, LatticeECP5Platform):
    """Oscillator, lamp and the serial line of the board's DAPLink."""

    device = "LFE5U-45F"
    package = "BG381"
    speed = "6"
    default_clk = "clk25"
    resources = (
        Resource("clk25", 0, Pins("P3", dir="i"), Clock(25e6), Attrs(IO_TYPE="LVCMOS33")),
        Resource("led", 0, PinsN("L2", dir="o"), Attrs(IO_TYPE="LVCMOS33")),
        UARTResource(0, rx="H18", tx="J17", attrs=Attrs(IO_TYPE="LVCMOS33")),
    )
    connectors = ()


BOARD = Board(
    name="colorlight-i9",
    title="Colorlight i9 v7.2, LFE5U-45F",
    platform=Platform,
    device_name="lfe5u-45f",
    oscillator="clk25",
    pll=Ecp5Pll,
    clocks_mhz=(125, 112.5, 100, 87.5, 75, 62.5, 50),
    capacities={
        "w5": machine(16, 8, 5, weight_words=2560, map_words=2048, plane_bias_words=512),
    },
    lamps={"alive": ("led", 0)},
    wiring="USB-C socket of the extension board: its DAPLink is a serial port",
    loader="colorlight-i9",
)
