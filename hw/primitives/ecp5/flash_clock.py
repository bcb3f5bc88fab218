# SPDX-License-Identifier: Apache-2.0
"""The clock pin of the flash that holds the bitstream."""

from amaranth import Const, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In


class FlashClock(wiring.Component):
    """Drive the pin by which the ECP5 clocks its flash while it gets its bitstream.

    It is no pin that a design may ask for. This cell hands it over once the chip runs. Some tools
    of the vendor want a signal for the tristate input; those of this project take the constant.

    Members
    -------
    i : In(1)
    """

    i: In(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.cell = Instance(
            "USRMCLK",
            a_keep=1,  # it has no output
            i_USRMCLKI=self.i,
            i_USRMCLKTS=Const(0),
        )
        return m
