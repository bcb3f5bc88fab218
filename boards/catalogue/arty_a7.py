# SPDX-License-Identifier: Apache-2.0
"""Digilent Arty A7-100T, with an XC7A100T."""

from amaranth_boards.arty_a7 import ArtyA7_100Platform

from boards.catalogue.board import Board
from boards.catalogue.capacities import XILINX
from boards.chips.xilinx_pll import XilinxPll


class Platform(ArtyA7_100Platform):
    """Pins of amaranth-boards; the chip as it is sold since 2017, speed grade 1."""

    device = "xc7a100t"
    speed = "1"


BOARD = Board(
    name="arty-a7-100",
    title="Arty A7-100T, XC7A100T",
    platform=Platform,
    device_name="xc7a100t",
    oscillator="clk100",
    pll=XilinxPll,
    clocks_mhz=(100,),
    capacities=XILINX,
    lamps={"alive": ("led", 0), "busy": ("led", 1), "error": ("led", 2)},
    wiring="USB socket J10: the FT2232H is a serial port",
    loader="arty_a7_100t",
)
