# SPDX-License-Identifier: Apache-2.0
"""OrangeCrab r0.2 with an LFE5U-25F or an LFE5U-85F."""

from amaranth.build import Attrs
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform, OrangeCrabR0_2_85FPlatform
from amaranth_boards.resources import UARTResource

from boards.catalogue.board import Board
from boards.catalogue.capacities import LFE5U_85F, machine
from boards.chips.devices import DEVICES
from boards.chips.ecp5_pll import Ecp5Pll
from hw.primitives.ecp5.platform import Ecp5Primitives

UART = UARTResource(0, rx="0", tx="1", conn=("io", 0), attrs=Attrs(IO_TYPE="LVCMOS33"))


class Platform25F(Ecp5Primitives, OrangeCrabR0_2_25FPlatform):
    """Pins of amaranth-boards, the serial line on the header's pins 0 and 1."""

    multipliers = DEVICES["lfe5u-25f"].multipliers
    resources = (*OrangeCrabR0_2_25FPlatform.resources, UART)


class Platform85F(Ecp5Primitives, OrangeCrabR0_2_85FPlatform):
    """Pins of amaranth-boards, the serial line on the header's pins 0 and 1."""

    multipliers = DEVICES["lfe5u-85f"].multipliers
    resources = (*OrangeCrabR0_2_85FPlatform.resources, UART)


_COMMON = {
    "oscillator": "clk",
    "pll": Ecp5Pll,
    "clocks_mhz": (120, 108, 96, 84, 72, 60, 48),
    "lamps": {
        "alive": ("rgb_led", 0, "g"),
        "busy": ("rgb_led", 0, "b"),
        "error": ("rgb_led", 0, "r"),
    },
    "wiring": "a 3.3 V USB serial adapter: its TX to header pin 0, its RX to pin 1, GND to GND",
}
BOARD_25F = Board(
    name="orangecrab-25f",
    title="OrangeCrab r0.2, LFE5U-25F",
    platform=Platform25F,
    device_name="lfe5u-25f",
    capacities={
        "w5": machine(
            8,
            4,
            5,
            weight_words=4096,
            map_words=1536,
            plane_bias_words=512,
        ),
    },
    loader="orangeCrab",
    bitstream=True,
    **_COMMON,
)
BOARD_85F = Board(
    name="orangecrab-85f",
    title="OrangeCrab r0.2, LFE5U-85F",
    platform=Platform85F,
    device_name="lfe5u-85f",
    capacities=LFE5U_85F,
    loader="orangeCrab",
    seeds={"w5": 2},  # of seed 1 the router stood still at the last 103 arcs
    bitstream=True,
    **_COMMON,
)
