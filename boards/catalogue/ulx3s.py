# SPDX-License-Identifier: Apache-2.0
"""ULX3S with an LFE5U-85F."""

from amaranth_boards.ulx3s import ULX3S_85F_Platform

from boards.catalogue.board import Board, Sdram
from boards.catalogue.capacities import LFE5U_85F, LFE5U_85F_SDRAM
from boards.chips.devices import DEVICES
from boards.chips.ecp5_pll import Ecp5Pll
from hw.memory.timing import Geometry, Timing
from hw.primitives.ecp5.platform import Ecp5Primitives


class Platform(Ecp5Primitives, ULX3S_85F_Platform):
    """Pins of amaranth-boards, primitives of the ECP5."""

    multipliers = DEVICES["lfe5u-85f"].multipliers


BOARD = Board(
    name="ulx3s-85f",
    title="ULX3S, LFE5U-85F",
    platform=Platform,
    device_name="lfe5u-85f",
    oscillator="clk25",
    pll=Ecp5Pll,
    clocks_mhz=(125, 112.5, 100, 87.5, 75, 62.5, 50),
    capacities=LFE5U_85F | LFE5U_85F_SDRAM,
    sdram=Sdram(Geometry(16), Timing()),  # 32 or 64 MB, of one of at least four makers
    screen="hdmi",
    button=("button_fire", 0),
    flash_bytes=16 << 20,  # the oldest boards have 4 MB, and no room for a model
    lamps={"alive": ("led", 0), "busy": ("led", 1), "error": ("led", 2), "model": ("led", 3)},
    wiring="USB socket US1: the FT231X is a serial port, up to 3,000,000 baud",
    loader="ulx3s",
    bitstream=True,
)
