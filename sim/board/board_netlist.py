# SPDX-License-Identifier: Apache-2.0
"""A board's netlist after synthesis, behind the pins of the virtual board."""

from sim.netlist import BUILD_ARGS, cached_netlist, cell_models, netlist_of
from sim.runner import Simulation

DESIGN = "top"  # of the netlist
TOP = "board"
CLOCK_HZ = 25_000_000  # that the PLL makes: slow, so that a byte takes few clocks

PINS = """
module {top}(clk, rst, rx, tx, active);
    input clk, rst, rx;
    output tx, active;
    {design} netlist(.{clk}(clk), .{rx}(rx), .{tx}(tx), .{active}(active));
endmodule
"""


def build(rtlil, pins, *, notice=lambda text: None):
    """Return the simulation of a board; one built before is there at once.

    Parameters
    ----------
    rtlil : str
        The board's design for an ECP5, top module :data:`DESIGN`, with its buffers and its PLL,
        whose output the simulation drives in place of the oscillator.
    pins : dict of str to str
        The design's ports for ``clk``, ``rx``, ``tx`` and ``active``.
    notice : callable
        Takes one line of text, where the build will take a while.

    Returns
    -------
    sim.runner.Simulation
        For :class:`sim.board.virtual_board.VirtualBoard`. Its reset does nothing: the design's
        clock begins when the PLL has locked.
    """

    def design():
        notice("synthesising the board, once; minutes")
        return rtlil

    text = cached_netlist(DESIGN, rtlil.encode(), design, convert=netlist_of)
    wrapper = PINS.format(top=TOP, design=DESIGN, **pins)
    return Simulation(text + wrapper + cell_models(), TOP, build_args=BUILD_ARGS)
