# SPDX-License-Identifier: Apache-2.0
"""The pins of an SDRAM, each with its registers in the I/O cell."""

from amaranth import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.memory.bus import phy_signature
from hw.primitives.ddr_buffer import DdrBuffer

PHASES = 8  # half clocks in which a word is looked for
MOST_DELAY = PHASES // 2 - 1


class Phy(wiring.Component):
    """Pass commands to the pins, and take words from them at a chosen half of the clock.

    Every pin has a DDR cell, so that all outputs take the same time and every register lies in its
    I/O cell, whose times do not change from build to build. The chip's clock is the controller's,
    upside down: what a pin carries changes half a clock before the chip looks. When words come back
    depends on the wires and the buffers. They are taken at both edges, and `phase` says which one
    counts; whole clocks more are for the controller to wait.

    On an ECP5 the register of an output enable begins as enabled: from configuration until the
    third clock, which comes milliseconds later where it waits for a PLL, ``dq`` is driven low.
    Only a chip that was being read as the FPGA was configured anew drives it, too.

    Parameters
    ----------
    geometry : hw.memory.timing.Geometry
    pins : object
        The ports of amaranth-boards' ``SDRAMResource``, requested with ``dir="-"``, or simulated
        ones of the same names. Those that the board ties off (``clk_en``, ``cs``, ``dqm``) may be
        missing.

    Members
    -------
    bus : In(phy_signature(geometry))
    falling : In(1)
        Words are taken in the middle of a clock, not at its beginning.
    """

    def __init__(self, geometry, pins):
        self.pins = pins
        super().__init__({"bus": In(phy_signature(geometry)), "falling": In(1)})

    @staticmethod
    def read_cycles(cycles):
        """Return the clocks from a read at `bus` to its word, for the first phase.

        The command is at the pins :attr:`DdrBuffer.o_latency` later, and the chip sees it half a
        clock after that. Its word is due as many clocks later as the CAS latency says. The first
        phase looks half a clock before that, when a chip of no delay may have its word ready.
        """
        return DdrBuffer.o_latency + cycles.cas_latency + DdrBuffer.i_latency + 1

    def elaborate(self, platform):
        m = Module()
        bus, pins = self.bus, self.pins

        def output(name, first, second=None):
            port = getattr(pins, name, None)
            if port is None:
                return
            m.submodules[name] = buffer = DdrBuffer("o", port)
            m.d.comb += [
                buffer.o[0].eq(first),
                buffer.o[1].eq(first if second is None else second),
                buffer.oe.eq(1),
            ]

        output("clk", 0, 1)
        output("clk_en", bus.cke)
        output("cs", 1)
        for n, name in enumerate(("ras", "cas", "we")):
            output(name, bus.command.as_value()[n])
        output("ba", bus.bank)
        output("a", bus.address[: len(pins.a)])
        output("dqm", bus.mask.replicate(len(getattr(pins, "dqm", None) or "")))

        m.submodules.dq = dq = DdrBuffer("io", pins.dq)
        m.d.comb += [
            dq.o[0].eq(bus.write_data),
            dq.o[1].eq(bus.write_data),
            dq.oe.eq(bus.write_en),
        ]
        m.d.sync += bus.read_data.eq(Mux(self.falling, dq.i[1], dq.i[0]))
        return m
