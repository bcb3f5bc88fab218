# SPDX-License-Identifier: Apache-2.0
"""Sipeed Tang Nano 20K, with a GW2AR-18. Pins: litex-boards' sipeed_tang_nano_20k."""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import GowinPlatform
from amaranth_boards.resources import LEDResources, UARTResource

from boards.catalogue.board import Board
from boards.catalogue.capacities import machine
from hw.primitives.gowin.platform import GowinPrimitives

LEVEL = Attrs(IO_TYPE="LVCMOS33")


class Platform(GowinPrimitives, GowinPlatform):
    """Oscillator, lamps and the serial line of the board's debugger."""

    part = "GW2AR-LV18QN88C8/I7"
    family = "GW2AR-18C"
    _chipdb_device = "GW2A-18C"  # the same array; Amaranth knows no database of its own for it
    default_clk = "clk27"
    resources = (
        Resource("clk27", 0, Pins("4", dir="i"), Clock(27e6), LEVEL),
        *LEDResources(pins="15 16 17 18 19 20", invert=True, attrs=LEVEL),
        UARTResource(0, rx="70", tx="69", attrs=LEVEL),
    )
    connectors = ()


BOARD = Board(
    name="tang-nano-20k",
    title="Tang Nano 20K, GW2AR-18",
    platform=Platform,
    device_name="gw2a-18",
    oscillator="clk27",
    pll=None,
    clocks_mhz=(27,),
    capacities={
        "w5": machine(
            8,
            4,
            5,
            acc_width=20,
            plane_bias_width=21,
            weight_words=4096,
            map_words=1536,
            latent_words=32,
            channel_words=16,
            plane_bias_words=512,
            feed_words=32,
            read_words=32,
        ),
    },
    lamps={"alive": ("led", 0), "busy": ("led", 1), "error": ("led", 2)},
    wiring="USB-C socket: the BL616 is a serial port",
    loader="tangnano20k",
    bitstream=True,
)
