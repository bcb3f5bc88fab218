# SPDX-License-Identifier: Apache-2.0
"""Designs with a screen, at ports that :func:`sim.screen.record.record` plays."""

from types import SimpleNamespace

from amaranth import Module, Value
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

from hw.build_plan import sources_hash
from hw.display.block_store import BlockStore
from hw.display.display import Display
from sim.verilog import cached_verilog

TOP = "top"
CLOCKS_OF_FRAME = 5 * 800 * 525
LEAD_IN = 60_000  # clocks from reset to the first frame's vertical sync, and some more


def simulated_pins():
    """Return pins as :class:`hw.display.serializer.Serializer` takes them."""
    return SimpleNamespace(
        d=io.SimulationPort("o", 3, name="hdmi_d"), clk=io.SimulationPort("o", 1, name="hdmi_clk")
    )


class ScreenTop(wiring.Component):
    """A display, and a source of pictures in front of it.

    Parameters
    ----------
    generator : wiring.Component, optional
        Has ``i_latents`` and ``o_pixels``. By default pixels come from outside.

    Members
    -------
    payload, valid, ready
        A stream of the generator's latents; or of pixels, struct of r, g and b.
    size, grey, restart, late
        The display's.
    hdmi_d, hdmi_clk : Out
    """

    payload: In(32)
    valid: In(1)
    ready: Out(1)
    size: In(8)
    grey: In(1)
    restart: In(1)
    late: Out(1)
    hdmi_d: Out(3)
    hdmi_clk: Out(1)

    def __init__(self, generator=None):
        self.generator = generator
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        pins = simulated_pins()
        m.submodules.display = display = Display(BlockStore(), pins)
        into = display.i
        if self.generator is not None:
            m.submodules.generator = generator = self.generator
            wiring.connect(m, generator.o_pixels, display.i)
            m.d.comb += generator.running.eq(1)
            into = generator.i_latents
        m.d.comb += [
            Value.cast(into.p).eq(self.payload),
            into.valid.eq(self.valid),
            self.ready.eq(into.ready),
            display.size.eq(self.size),
            display.grey.eq(self.grey),
            display.restart.eq(self.restart),
            self.late.eq(display.late),
            self.hdmi_d.eq(pins.d.o),
            self.hdmi_clk.eq(pins.clk.o),
        ]
        return m


def screen_text():
    """Return the Verilog of a :class:`ScreenTop` without a generator."""
    return cached_verilog(TOP, sources_hash(["screen"]), ScreenTop)
