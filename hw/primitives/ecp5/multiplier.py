# SPDX-License-Identifier: Apache-2.0
"""The 18 x 18 multiplier of the sysDSP slice."""

from amaranth import ClockSignal, Const, Instance, Module, Signal, signed

from hw.primitives.multiplier import MAX_WIDTH


def mult18x18d(multiplier):
    """Return a module that makes `multiplier` of one MULT18X18D with its registers on.

    Yosys infers the multiplier but none of its registers: it would be combinational, 3.9 ns of
    speed grade 6. CE0 is tied high, CE1 enables the register of operand B; nothing is reset.
    The other clocks, enables and resets stay open: nextpnr would route a constant to each, through
    pins of the block that its neighbours need.

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
    product = Signal(signed(2 * MAX_WIDTH))
    m.d.comb += [a.eq(multiplier.a), b.eq(multiplier.b), multiplier.product.eq(product)]

    ports = {"i_CLK0": ClockSignal(), "i_CE0": Const(1), "i_CE1": multiplier.b_en}
    ports |= {"i_RST0": Const(0)}
    ports |= {f"i_SIGNED{operand}": Const(1) for operand in "AB"}
    ports |= {f"i_SOURCE{operand}": Const(0) for operand in "AB"}  # not the shift chain
    for n in range(MAX_WIDTH):
        ports |= {f"i_A{n}": a[n], f"i_B{n}": b[n], f"i_C{n}": Const(0)}
    ports |= {f"o_P{n}": product[n] for n in range(2 * MAX_WIDTH)}
    m.submodules.cell = Instance(
        "MULT18X18D",
        p_REG_INPUTA_CLK="CLK0",
        p_REG_INPUTA_CE="CE0",
        p_REG_INPUTB_CLK="CLK0",
        p_REG_INPUTB_CE="CE1",
        p_REG_PIPELINE_CLK="CLK0",
        p_REG_PIPELINE_CE="CE0",
        p_REG_OUTPUT_CLK="CLK0",
        p_REG_OUTPUT_CE="CE0",
        p_GSR="DISABLED",
        p_RESETMODE="SYNC",
        **ports,
    )
    return m
