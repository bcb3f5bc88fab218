# SPDX-License-Identifier: Apache-2.0
"""The PLL of the ECP5."""

from amaranth import ClockDomain, ClockSignal, Const, Instance, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In, Out

from support.failures import InputError

# Lattice FPGA-DS-02012, sysCLOCK PLL timing: of the phase detector and of the oscillator inside.
DETECTOR_HZ = (10_000_000, 400_000_000)
OSCILLATOR_HZ = (400_000_000, 800_000_000)
MAX_DIVISOR = 128
LOWEST_HZ, HIGHEST_HZ = 3_125_000, 400_000_000  # of an output


def dividers(in_hz, out_hz):
    """Return (input, feedback, output) divisors that make exactly `out_hz`.

    The phase detector runs as fast as it may, the oscillator nearest to the middle of its range.

    Raises
    ------
    InputError
        There are none.
    """
    if not LOWEST_HZ <= out_hz <= HIGHEST_HZ:
        raise InputError(
            f"the PLL makes {LOWEST_HZ / 1e6:g} to {HIGHEST_HZ / 1e6:g} MHz, not {out_hz / 1e6:g}"
        )
    for before in range(1, MAX_DIVISOR + 1):
        detector, rest = in_hz / before, out_hz * before % in_hz
        feedback = out_hz * before // in_hz
        if rest or not DETECTOR_HZ[0] <= detector <= DETECTOR_HZ[1]:
            continue
        low, high = OSCILLATOR_HZ
        behind = [n for n in range(1, MAX_DIVISOR + 1) if low <= out_hz * n <= high]
        if 1 <= feedback <= MAX_DIVISOR and behind:
            middle = (low + high) / 2
            return before, feedback, min(behind, key=lambda n: abs(out_hz * n - middle))
    raise InputError(
        f"the PLL makes no {out_hz / 1e6:g} MHz of {in_hz / 1e6:g} MHz; "
        f"give a multiple of {in_hz / 1e6 / max(1, in_hz // DETECTOR_HZ[0]):g} MHz"
    )


class Ecp5Pll(wiring.Component):
    """One EHXPLLL, its feedback from the output, and a gate that opens when it has locked.

    What it clocks begins with the contents that the configuration gave, and has no reset: that of
    a whole chip is a wire to every corner of it within a cycle. After a lost lock, which only a bad
    supply or oscillator causes, the chip must be configured again.

    Parameters
    ----------
    in_hz, out_hz : int

    Members
    -------
    oscillator : In(1)
    clk : Out(1)
        The clock; it stands still, low, until the PLL has locked. The tools are told of
        :func:`boards.chips.ecp5_pll.target_mhz` of it, by the ungated one.

    Attributes
    ----------
    starts_locked : bool
        Of the class: whether `clk` waits; else there is ``locked``, and the board needs a reset.
    """

    oscillator: In(1)
    clk: Out(1)

    check = staticmethod(dividers)
    starts_locked = True

    def __init__(self, in_hz, out_hz):
        self.dividers = dividers(in_hz, out_hz)
        self.target_hz = target_mhz(out_hz / 1e6) * 1e6
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        before, feedback, behind = self.dividers
        free = Signal()
        locked = Signal()
        runs = Signal(reset_less=True)
        m.domains.free = ClockDomain(local=True)
        m.d.comb += ClockSignal("free").eq(free)
        m.submodules.lock = ResetSynchronizer(~locked, domain="free")
        m.d.free += runs.eq(~ResetSignal("free"))
        m.submodules.gate = Instance("DCCA", i_CLKI=free, i_CE=runs, o_CLKO=self.clk)
        m.submodules.cell = Instance(
            "EHXPLLL",
            a_ICP_CURRENT="12",  # charge pump and filter, as Project Trellis' ecppll has them
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_PLLRST_ENA="DISABLED",
            p_INTFB_WAKE="DISABLED",
            p_STDBY_ENABLE="DISABLED",
            p_DPHASE_SOURCE="DISABLED",
            p_OUTDIVIDER_MUXA="DIVA",
            p_CLKI_DIV=before,
            p_CLKFB_DIV=feedback,
            p_FEEDBK_PATH="CLKOP",
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_DIV=behind,
            p_CLKOP_CPHASE=behind // 2,
            p_CLKOP_FPHASE=0,
            i_RST=Const(0),
            i_STDBY=Const(0),
            i_CLKI=self.oscillator,
            i_CLKFB=free,
            i_PHASESEL0=Const(0),
            i_PHASESEL1=Const(0),
            i_PHASEDIR=Const(1),
            i_PHASESTEP=Const(1),
            i_PHASELOADREG=Const(1),
            i_PLLWAKESYNC=Const(0),
            i_ENCLKOP=Const(0),
            o_CLKOP=free,
            o_LOCK=locked,
        )
        platform.add_clock_constraint(free, self.target_hz)
        return m


TARGET_MHZ = 150  # aimed at, whatever will do: what is met soon is not improved any further


def target_mhz(clock_mhz):
    """Return what the tools are told to reach for a design that must reach `clock_mhz`."""
    return max(clock_mhz, TARGET_MHZ)
