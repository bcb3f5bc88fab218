# SPDX-License-Identifier: Apache-2.0
"""The PLL of Xilinx' 7 series."""

from amaranth import Const, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from support.failures import InputError

OSCILLATOR_HZ = (800_000_000, 1_600_000_000)  # AMD DS181, PLL of speed grade -1
MAX_MULTIPLIER, MAX_DIVISOR = 64, 128


def factors(in_hz, out_hz):
    """Return (multiplier, divisor) that make exactly `out_hz`, the oscillator as slow as it may be.

    Raises
    ------
    InputError
        There are none.
    """
    for multiplier in range(2, MAX_MULTIPLIER + 1):
        oscillator = in_hz * multiplier
        divisor, rest = divmod(oscillator, out_hz)
        low, high = OSCILLATOR_HZ
        if low <= oscillator <= high and not rest and divisor <= MAX_DIVISOR:
            return multiplier, divisor
    raise InputError(
        f"the PLL makes no {out_hz / 1e6:g} MHz of {in_hz / 1e6:g} MHz; give --clock 100"
    )


class XilinxPll(wiring.Component):
    """One PLLE2_BASE and the global buffer of its output.

    Parameters
    ----------
    in_hz, out_hz : int

    Members
    -------
    oscillator : In(1)
    clk : Out(1)
        Vivado derives its constraint from the oscillator's and these factors.
    locked : Out(1)
        Asynchronous.
    """

    oscillator: In(1)
    clk: Out(1)
    locked: Out(1)

    check = staticmethod(factors)
    starts_locked = False

    def __init__(self, in_hz, out_hz):
        self.in_hz = in_hz
        self.factors = factors(in_hz, out_hz)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        multiplier, divisor = self.factors
        feedback, output = Signal(), Signal()
        m.submodules.cell = Instance(
            "PLLE2_BASE",
            p_CLKIN1_PERIOD=1e9 / self.in_hz,
            p_DIVCLK_DIVIDE=1,
            p_CLKFBOUT_MULT=multiplier,
            p_CLKOUT0_DIVIDE=divisor,
            i_CLKIN1=self.oscillator,
            i_CLKFBIN=feedback,
            i_RST=Const(0),
            i_PWRDWN=Const(0),
            o_CLKFBOUT=feedback,
            o_CLKOUT0=output,
            o_LOCKED=self.locked,
        )
        m.submodules.buffer = Instance("BUFG", i_I=output, o_O=self.clk)
        return m
