# SPDX-License-Identifier: Apache-2.0
"""The 18 x 18 multiplier of the DSP block."""

from amaranth import ClockSignal, Const, Instance, Module, Signal, signed

from hw.primitives.multiplier import MAX_WIDTH


def mult18x18(multiplier):
    """Return a module that makes `multiplier` of one MULT18X18.

    Yosys infers the multiplier but none of its registers, and on this chip a flip-flop takes the
    place of a LUT, too. The cell has one enable for all of its registers, and ``b`` needs one of
    its own: the register of operand B is left to the logic, and those of operand A, inside and
    behind the multiplication are the cell's.

    Parameters
    ----------
    multiplier : hw.primitives.multiplier.Multiplier

    Returns
    -------
    Module
        Drives ``multiplier.product``.
    """
    m = Module()
    a, b = Signal(signed(MAX_WIDTH)), Signal(signed(MAX_WIDTH))
    right = Signal.like(multiplier.b, reset_less=True)
    product = Signal(signed(2 * MAX_WIDTH))
    with m.If(multiplier.b_en):
        m.d.sync += right.eq(multiplier.b)
    m.d.comb += [a.eq(multiplier.a), b.eq(right), multiplier.product.eq(product)]
    m.submodules.cell = Instance(
        "MULT18X18",
        p_AREG=Const(1, 1),
        p_BREG=Const(0, 1),
        p_PIPE_REG=Const(1, 1),
        p_OUT_REG=Const(1, 1),
        p_ASIGN_REG=Const(0, 1),
        p_BSIGN_REG=Const(0, 1),
        p_SOA_REG=Const(0, 1),
        p_MULT_RESET_MODE="SYNC",
        i_CLK=ClockSignal(),
        i_CE=Const(1),
        i_RESET=Const(0),
        i_A=a,
        i_B=b,
        i_SIA=Const(0, MAX_WIDTH),  # the shift chain, not used
        i_SIB=Const(0, MAX_WIDTH),
        i_ASIGN=Const(1),
        i_BSIGN=Const(1),
        i_ASEL=Const(0),
        i_BSEL=Const(0),
        o_DOUT=product,
    )
    return m
