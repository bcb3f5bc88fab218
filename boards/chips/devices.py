# SPDX-License-Identifier: Apache-2.0
"""FPGAs by name: what a design may take of each."""

from __future__ import annotations

from dataclasses import dataclass

from boards.chips.families import ECP5, GOWIN, XILINX, Family
from support.failures import InputError


@dataclass(frozen=True)
class Device:
    """An FPGA.

    Attributes
    ----------
    name : str
    family : boards.chips.families.Family
    multipliers : int
        That take 18 x 18 signed bits or more.
    blocks : int
        Block RAMs of 18 kbit.
    luts, lut_inputs : int
        Look-up tables, and inputs of each.
    flip_flops : int
    source : str
        The vendor's document that says so.
    """

    name: str
    family: Family
    multipliers: int
    blocks: int
    luts: int
    lut_inputs: int
    flip_flops: int
    source: str


DEVICES = {
    device.name: device
    for device in (
        Device("lfe5u-85f", ECP5, 156, 208, 83_640, 4, 83_640, "Lattice FPGA-DS-02012, table 1.1"),
        Device("lfe5u-45f", ECP5, 72, 108, 43_848, 4, 43_848, "Lattice FPGA-DS-02012, table 1.1"),
        Device("lfe5u-25f", ECP5, 28, 56, 24_288, 4, 24_288, "Lattice FPGA-DS-02012, table 1.1"),
        Device("xc7a100t", XILINX, 240, 270, 63_400, 6, 126_800, "AMD DS180, Artix-7 table"),
        Device("xc7z020", XILINX, 220, 280, 53_200, 6, 106_400, "AMD DS190, Zynq-7000 table"),
        Device("gw2a-18", GOWIN, 48, 46, 20_736, 4, 15_552, "Gowin DS102, table 1-1"),
    )
}


def device(name):
    """Return the :class:`Device` called `name`.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in DEVICES:
        raise InputError(f"device {name!r} is unknown; choose from {', '.join(DEVICES)}")
    return DEVICES[name]
