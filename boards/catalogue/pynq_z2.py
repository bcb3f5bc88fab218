# SPDX-License-Identifier: Apache-2.0
"""PYNQ-Z2, with an XC7Z020: the board of the published work.

Pins unchecked: see the manual first.
"""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import XilinxPlatform
from amaranth_boards.resources import LEDResources, UARTResource

from boards.catalogue.board import Board
from boards.catalogue.capacities import XILINX
from boards.chips.xilinx_pll import XilinxPll

LEVEL = Attrs(IOSTANDARD="LVCMOS33")


class Platform(XilinxPlatform):
    """Clock of the Ethernet PHY, four lamps, the serial line on PMOD A.

    PMOD A has it as Digilent's interface type 3: pin 2 sends, pin 3 receives.
    """

    device = "xc7z020"
    package = "clg400"
    speed = "1"
    default_clk = "clk125"
    resources = (
        Resource("clk125", 0, Pins("H16", dir="i"), Clock(125e6), LEVEL),
        *LEDResources(pins="R14 P14 N16 M14", attrs=LEVEL),
        UARTResource(0, tx="Y19", rx="Y16", attrs=LEVEL),
    )
    connectors = ()


BOARD = Board(
    name="pynq-z2",
    title="PYNQ-Z2, XC7Z020",
    platform=Platform,
    device_name="xc7z020",
    oscillator="clk125",
    pll=XilinxPll,
    clocks_mhz=(100,),
    capacities=XILINX,
    lamps={"alive": ("led", 0), "busy": ("led", 1), "error": ("led", 2)},
    wiring="a 3.3 V USB serial adapter on PMOD A: its RX to pin 2, its TX to pin 3, GND to 5",
    loader="pynq_z2",
    processor_mhz=50,
)
