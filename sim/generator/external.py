# SPDX-License-Identifier: Apache-2.0
"""What has its weights in a memory outside, with that memory and its chip, and a flash."""

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.engine.weight_fetcher import waiting_words
from hw.flash.stored import OFFSET
from hw.memory.external_memory import ExternalMemory
from hw.memory.machine_port import join
from hw.memory.reader import MIN_DEPTH
from hw.memory.timing import Geometry, Timing
from sim.benches.memory import Setup
from sim.chips.flash import flash
from sim.chips.sdram import CHIPS, SimulatedPins, sdram

STOPS = {"STOP": 1}  # the simulation, where the chip is treated against its rules
# By the bits of the bus: the chips of the ULX3S and of the Colorlight i9, at 125 MHz whatever the
# clock of the rest is said to be. The pause at power-up is short; the chip's own bench has it.
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


class WithMemory(wiring.Component):
    """A component that has a :func:`hw.memory.machine_port.machine_port` ``memory``, and a chip.

    Where it has the pins of a ``flash``, there is the chip of one, too, at the same clock.

    Parameters
    ----------
    inner : wiring.Component
    bus : int
        Bits of the memory.

    Members
    -------
    Those of `inner` but ``memory`` and ``flash``, and:

    memory_ready : Out(1)
        The memory has started.
    memory_takes : Out(1)
        It takes a word of a load.
    flip : In(1), flip_address, flip_mask : In
        Flip some bits of a stored word.
    """

    def __init__(self, inner, bus):
        self.inner, self.setup = inner, SETUPS[bus]
        members = inner.signature.members.items()
        self.passed = {name: member for name, member in members if name not in ("memory", "flash")}
        self.flips = {"flip": 1, "flip_address": self.setup.geometry.address_bits, "flip_mask": bus}
        super().__init__(
            self.passed
            | {"memory_ready": Out(1), "memory_takes": Out(1)}
            | {name: In(width) for name, width in self.flips.items()}
        )

    def elaborate(self, platform):
        m = Module()
        setup = self.setup
        pins = SimulatedPins(setup.geometry.width, CHIPS[setup.chip].get("ADDRESS_BITS", 13))
        m.submodules.inner = inner = self.inner
        m.submodules.memory = memory = ExternalMemory(
            setup.geometry,
            setup.timing,
            round(setup.clock_mhz * 1e6),
            pins,
            depths=(waiting_words(setup.geometry.width), MIN_DEPTH),
        )
        flips = {f"i_{name}": getattr(self, name) for name in self.flips}
        m.submodules.chip = sdram(pins, **setup.chip_parameters(), **flips)
        join(m, memory, inner.memory)
        if "flash" in inner.signature.members:
            m.submodules.flash = flash(inner.flash, PLACE=OFFSET, CLOCK=setup.clock_ps)
        m.d.comb += [
            self.memory_ready.eq(memory.ready),
            self.memory_takes.eq(memory.i_write0.ready),
        ]
        for name, member in self.passed.items():
            port, own = getattr(inner, name), getattr(self, name)
            if member.is_signature:
                wiring.connect(m, wiring.flipped(own), port)
            else:
                m.d.comb += own.eq(port) if member.flow == Out else port.eq(own)
        return m
