# SPDX-License-Identifier: Apache-2.0
"""A top whose line is a bus, with the bus's clock and reset under the names that tools know."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class AxiTop(wiring.Component):
    """All of a machine in the clock domain of its bus.

    Parameters
    ----------
    top : hw.top.Top
        Its line is an :class:`hw.axi.line.AxiLine`.

    Members
    -------
    s_axi_aclk : In(1)
    s_axi_aresetn : In(1)
        Low to reset; synchronous.
    s_axi_..., interrupt, active, error
        Of the top.
    """

    def __init__(self, top):
        self.top = top
        super().__init__({"s_axi_aclk": In(1), "s_axi_aresetn": In(1), **top.signature.members})

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain()
        m.submodules.top = self.top
        m.d.comb += [
            ClockSignal().eq(self.s_axi_aclk),
            ResetSignal().eq(~self.s_axi_aresetn),
        ]
        for name, member in self.top.signature.members.items():
            pin, own = getattr(self.top, name), getattr(self, name)
            m.d.comb += own.eq(pin) if member.flow == Out else pin.eq(own)
        return m
