# SPDX-License-Identifier: Apache-2.0
"""The machine whose weights lie outside, with the memory and its chip."""

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hw.engine.external_generator import ExternalGenerator
from hw.engine.weight_fetcher import waiting_words
from hw.memory.external_memory import ExternalMemory
from hw.memory.machine_port import join
from hw.memory.reader import MIN_DEPTH
from hw.memory.timing import Geometry, Timing
from sim.benches.memory import Setup
from sim.chips.sdram import CHIPS, SimulatedPins, sdram

STOPS = {"STOP": 1}  # the simulation, where the chip is treated against its rules
# By the bits of the bus: the chips of the ULX3S and of the Colorlight i9. The pause at power-up is
# short; it is for the chip's own bench.
SETUPS = {
    16: Setup(Geometry(16), Timing(pause=2000), 125, "IS42S16160G-7", False, STOPS),
    32: Setup(
        Geometry(32, row_bits=11, column_bits=8),
        Timing(pause=2000, t_refi=15625),
        125,
        "M12L64322A-6",
        False,
        STOPS,
    ),
}


class MachineAndMemory(wiring.Component):
    """An :class:`ExternalGenerator` that reads its weights from a simulated chip.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    contents : hw.contents.Contents

    Members
    -------
    Those of :class:`hw.engine.generator.Machine`, and:

    ready : Out(1)
        The memory has started.
    takes : Out(1)
        It takes a word of a load.
    damaged : Out(1)
        As of the machine.
    """

    def __init__(self, capacity, contents):
        self.machine = ExternalGenerator(capacity, contents)
        self.setup = SETUPS[capacity.array.weight_bus]
        members = self.machine.signature.members.items()
        self.passed = {name: member for name, member in members if name != "memory"}
        super().__init__(self.passed | {"ready": Out(1), "takes": Out(1)})

    def elaborate(self, platform):
        m = Module()
        setup = self.setup
        pins = SimulatedPins(setup.geometry.width, CHIPS[setup.chip].get("ADDRESS_BITS", 13))
        m.submodules.machine = machine = self.machine
        m.submodules.memory = memory = ExternalMemory(
            setup.geometry,
            setup.timing,
            round(setup.clock_mhz * 1e6),
            pins,
            depths=(waiting_words(setup.geometry.width), MIN_DEPTH),
        )
        m.submodules.chip = sdram(pins, **setup.chip_parameters())
        join(m, memory, machine.memory)
        m.d.comb += [self.ready.eq(memory.ready), self.takes.eq(memory.i_write0.ready)]
        for name, member in self.passed.items():
            inner, own = getattr(machine, name), getattr(self, name)
            if member.is_signature:
                wiring.connect(m, wiring.flipped(own), inner)
            else:
                m.d.comb += own.eq(inner) if member.flow == Out else inner.eq(own)
        return m
