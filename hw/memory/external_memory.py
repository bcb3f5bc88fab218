# SPDX-License-Identifier: Apache-2.0
"""The memory outside the chip, from pins to ports."""

from amaranth import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hw.memory.bus import Activity
from hw.memory.calibration import Calibration
from hw.memory.controller import Controller, port_members
from hw.memory.phy import MOST_DELAY, PHASES, Phy
from hw.memory.reader import MIN_DEPTH
from hw.primitives.stream_register import StreamRegister, registered


class ExternalMemory(wiring.Component):
    """An SDR SDRAM that starts and tests itself, then serves its ports.

    No port takes anything before `ready`. With `failed` none ever will.

    Parameters
    ----------
    geometry : hw.memory.timing.Geometry
    timing : hw.memory.timing.Timing
    clock_hz : int
        Of the domain ``sync``.
    pins : object
        As :class:`hw.memory.phy.Phy` has them.
    depths : sequence of int
        Words that wait at each port that reads.

    Members
    -------
    The ports' (:func:`hw.memory.controller.port_members`), and:

    ready, failed, window, phase : Out
        As :class:`hw.memory.calibration.Calibration` has them.
    activity : Out(Activity)
    """

    def __init__(self, geometry, timing, clock_hz, pins, *, depths=(MIN_DEPTH, MIN_DEPTH)):
        self.geometry, self.pins, self.depths = geometry, pins, depths
        self.cycles = timing.cycles(clock_hz)
        super().__init__(
            {
                **port_members(geometry),
                "ready": Out(1),
                "failed": Out(1),
                "window": Out(PHASES),
                "phase": Out(range(PHASES)),
                "activity": Out(Activity),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.phy = phy = Phy(self.geometry, self.pins)
        m.submodules.calibration = calibration = Calibration(self.geometry)
        m.submodules.controller = controller = Controller(
            self.geometry,
            self.cycles,
            read_cycles=Phy.read_cycles(self.cycles),
            most_delay=MOST_DELAY,
            depths=self.depths,
        )
        wiring.connect(m, controller.phy, phy.bus)
        m.d.comb += [
            phy.falling.eq(calibration.phase[0]),
            controller.delay.eq(calibration.phase[1:]),
            calibration.started.eq(controller.started),
            self.activity.eq(controller.activity),
        ]
        for name in ("ready", "failed", "window", "phase"):
            m.d.comb += getattr(self, name).eq(getattr(calibration, name))

        # The ports numbered 0 are the calibration's first. Who uses them later may lie far away, so
        # registers lie on all their ways. Ports 1 stand still till the memory is ready.
        for name, own in (
            ("i_read0", calibration.o_request),
            ("i_write0", calibration.o_write),
        ):
            port, inner = getattr(self, name), getattr(controller, name)
            m.submodules[f"{name}_register"] = register = StreamRegister(inner.p.shape())
            wiring.connect(m, register.o, inner)
            m.d.comb += [
                register.i.valid.eq(Mux(self.ready, port.valid, own.valid)),
                register.i.p.eq(Mux(self.ready, port.p, own.p)),
                port.ready.eq(self.ready & register.i.ready),
                own.ready.eq(~self.ready & register.i.ready),
            ]
        for name in ("i_read1", "i_write1"):
            port, inner = getattr(self, name), getattr(controller, name)
            m.d.comb += [
                inner.valid.eq(self.ready & port.valid),
                inner.p.eq(port.p),
                port.ready.eq(self.ready & inner.ready),
            ]
        words = registered(m, controller.o_read0, "o_read0_register")
        m.d.comb += [
            self.o_read0.valid.eq(self.ready & words.valid),
            self.o_read0.p.eq(words.p),
            calibration.i_word.valid.eq(~self.ready & words.valid),
            calibration.i_word.p.eq(words.p),
            words.ready.eq(Mux(self.ready, self.o_read0.ready, calibration.i_word.ready)),
        ]
        wiring.connect(m, controller.o_read1, wiring.flipped(self.o_read1))
        written = m.submodules.i_write0_register.o
        pending = controller.write_pending0 | written.valid
        m.d.comb += [
            calibration.pending.eq(pending),
            self.write_pending0.eq(pending),
            self.write_pending1.eq(controller.write_pending1),
        ]
        return m
