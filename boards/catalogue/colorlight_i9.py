# SPDX-License-Identifier: Apache-2.0
"""Colorlight i9 v7.2 with an LFE5U-45F, on its extension board.

Pins as in the table of its makers (github.com/wuxx/Colorlight-FPGA-Projects,
colorlight_i9_v7.2.md), those of the serial line as in litex-boards. The board ties the SDRAM's
CKE, CS and DQM off. The table has no HOLD and WP of the flash: the pins that other boards use for
them are on this one's edge.
"""

from amaranth.build import Attrs, Clock, Pins, PinsN, Resource, Subsignal
from amaranth.vendor import LatticeECP5Platform
from amaranth_boards.resources import SDRAMResource, UARTResource

from boards.catalogue.board import Board, Sdram
from boards.catalogue.capacities import OUTSIDE_WORDS, machine
from boards.chips.devices import DEVICES
from boards.chips.ecp5_pll import Ecp5Pll
from hw.memory.timing import Geometry, Timing
from hw.primitives.ecp5.platform import Ecp5Primitives


class Platform(Ecp5Primitives, LatticeECP5Platform):
    """Oscillator, lamp and the serial line of the board's DAPLink."""

    multipliers = DEVICES["lfe5u-45f"].multipliers
    device = "LFE5U-45F"
    package = "BG381"
    speed = "6"
    default_clk = "clk25"
    resources = (
        Resource("clk25", 0, Pins("P3", dir="i"), Clock(25e6), Attrs(IO_TYPE="LVCMOS33")),
        Resource("led", 0, PinsN("L2", dir="o"), Attrs(IO_TYPE="LVCMOS33")),
        UARTResource(0, rx="H18", tx="J17", attrs=Attrs(IO_TYPE="LVCMOS33")),
        SDRAMResource(
            0,
            clk="B9",
            we_n="A10",
            cas_n="A9",
            ras_n="B10",
            ba="B11 C8",
            a="B13 C14 A16 A17 B16 B15 A14 A13 A12 A11 B12",
            dq="B6 A5 A6 A7 C7 B8 B5 A8 D8 D7 E8 D6 C6 D5 E7 C5 "
            "C10 D9 E11 D11 C11 D12 E9 C12 E14 C15 E13 D15 E12 B17 D14 D13",
            attrs=Attrs(PULLMODE="NONE", DRIVE="4", SLEWRATE="FAST", IO_TYPE="LVCMOS33"),
        ),
        Resource(  # its clock is the cell USRMCLK
            "spi_flash",
            0,
            Subsignal("cs", PinsN("R2", dir="o")),
            Subsignal("copi", Pins("W2", dir="o")),
            Subsignal("cipo", Pins("V2", dir="i")),
            Attrs(IO_TYPE="LVCMOS33"),
        ),
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
        "sdram-w5": machine(
            16,
            8,
            5,
            weight_bus=32,
            weight_words=OUTSIDE_WORDS // 2,
            map_words=6144,
            plane_bias_words=2048,
            pixel_words=1024,
            acc_width=24,
        ),
    },
    sdram=Sdram(Geometry(32, row_bits=11, column_bits=8), Timing(t_refi=15_625)),  # M12L64322A
    slower_mhz={"sdram-w5": 112.5},
    flash_bytes=8 << 20,  # W25Q64JV
    lamps={"alive": ("led", 0)},
    wiring="USB-C socket of the extension board: its DAPLink is a serial port",
    loader="colorlight-i9",
    bitstream=True,
)
