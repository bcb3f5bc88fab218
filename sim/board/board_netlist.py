# SPDX-License-Identifier: Apache-2.0
"""A board's netlist after synthesis, behind the pins of the virtual board."""

from sim.netlist import BUILD_ARGS, cached_netlist, cell_models, netlist_of
from sim.runner import Simulation

DESIGN = "top"  # of the netlist
TOP = "board"
CLOCK_HZ = 25_000_000  # of the design: slow, so that a byte takes few clocks

PINS = """
module {top}(clk, rst, rx, tx, active);
    input clk, rst, rx;
    output tx, active;
    wire lamp;
    assign active = lamp ^ {low};
    {design} netlist(.{clk}(clk), .{rx}(rx), .{tx}(tx), .{active}(lamp));
endmodule
"""


def build(netlist, pins, *, active_low, family="ecp5"):
    """Return the simulation of a board; one built before is there at once.

    Parameters
    ----------
    netlist : str
        The board's design as cells of its chip, with its buffers and its PLL, whose output the
        simulation drives in place of the oscillator: Verilog, top module :data:`DESIGN`.
    pins : dict of str to str
        The design's ports for ``clk``, ``rx``, ``tx`` and ``active``.
    active_low : bool
        That of ``active`` is 0 while the board works: else the simulation would sleep then.
    family : str
        ``ecp5`` or ``gowin``: whose cells they are.

    Returns
    -------
    sim.runner.Simulation
        For :class:`sim.board.virtual_board.VirtualBoard`. Its reset does nothing: the design's
        clock begins when the PLL has locked, and a board without one starts by itself.
    """
    wrapper = PINS.format(top=TOP, design=DESIGN, low=int(active_low), **pins)
    return Simulation(netlist + wrapper + cell_models(family), TOP, build_args=BUILD_ARGS)


def for_ecp5(rtlil, notice):
    """Return a board's design, RTLIL, as cells of an ECP5 for :func:`build`, kept between runs.

    `notice` takes one line of text where it is not there yet, which takes minutes.
    """

    def design():
        notice("synthesising the board, once; minutes")
        return rtlil

    return cached_netlist(DESIGN, rtlil.encode(), design, convert=netlist_of)
