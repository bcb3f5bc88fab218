# SPDX-License-Identifier: Apache-2.0
"""The external memory beside its chip, for the benches."""

from dataclasses import dataclass, field, replace

from amaranth import Cat, ClockSignal, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.memory.bus import Command
from hw.memory.external_memory import ExternalMemory
from hw.memory.timing import Geometry, Timing
from sim.chips.sdram import CHIPS, SimulatedPins, sdram


@dataclass(frozen=True)
class Setup:
    """A memory and its chip.

    Attributes
    ----------
    geometry : hw.memory.timing.Geometry
    timing : hw.memory.timing.Timing
    clock_mhz : float
    chip : str
        Of :data:`sim.chips.sdram.CHIPS`.
    window : bool
        Data are valid for a part of the clock only.
    parameters : dict
        Of the chip, where they differ.
    """

    geometry: Geometry
    timing: Timing
    clock_mhz: float
    chip: str
    window: bool
    parameters: dict = field(default_factory=dict)

    @property
    def clock_ps(self):
        return round(1e6 / self.clock_mhz)

    def chip_parameters(self):
        """Return all of the chip's parameters that are not the model's defaults."""
        rows = 1 << self.geometry.row_bits
        refresh_ns = self.timing.t_refi
        return {
            **CHIPS[self.chip],
            "WIDTH": self.geometry.width,
            "ROW_BITS": self.geometry.row_bits,
            "COLUMN_BITS": self.geometry.column_bits,
            "CLOCK": self.clock_ps,
            "WINDOW": int(self.window),
            "STOP": 0,  # the bench looks
            "PAUSE": round(1000 * self.timing.pause),
            "REFRESHES": rows,
            "tREF": round(1000 * refresh_ns * rows),
            **self.parameters,
        }


_SHORT = Timing(pause=2000)  # the start-up pause is for the chip's own bench
SETUPS = {
    # Few rows, so that ports meet in banks and rows; refreshes come in the midst of everything.
    # Some times are longer than those of any chip, so that each of them matters.
    "traffic-16": Setup(
        Geometry(16, row_bits=4, column_bits=6),
        replace(_SHORT, t_refi=1200, t_wr=40, t_rc=100, t_rrd=70),
        125,
        "AS4C32M16SB-7",
        True,
        {"tWR": 40000, "tRC": 100000, "tRRD": 70000},
    ),
    # The clock is slower, and the CAS latency 2.
    "traffic-32": Setup(
        Geometry(32, row_bits=4, column_bits=5),
        replace(_SHORT, t_refi=1300, cas_latency=2),
        100,
        "M12L64322A-6",
        True,
    ),
    # Rows and refreshes of real chips.
    "stream-16": Setup(Geometry(16, row_bits=4), _SHORT, 125, "IS42S16160G-7", False),
    "stream-32": Setup(
        Geometry(32, row_bits=4, column_bits=8),
        replace(_SHORT, t_refi=15625),
        125,
        "M12L64322A-6",
        False,
    ),
}


class MemoryBoard(wiring.Component):
    """An :class:`hw.memory.external_memory.ExternalMemory` at the pins of a chip.

    Members
    -------
    The memory's, and:

    tick, late, narrow, flip, flip_address, flip_mask, violation
        The chip's.
    low_row, low_bank : In
        Pins that are stuck low: of the row as it is opened, and of the bank.
    """

    def __init__(self, setup):
        self.setup = setup
        self.pins = SimulatedPins(setup.geometry.width, CHIPS[setup.chip].get("ADDRESS_BITS", 13))
        self.memory = ExternalMemory(
            setup.geometry, setup.timing, round(setup.clock_mhz * 1e6), self.pins
        )
        geometry = setup.geometry
        super().__init__(
            {
                **dict(self.memory.signature.members.items()),
                "tick": In(1),
                "late": In(5),
                "narrow": In(4),
                "flip": In(1),
                "flip_address": In(geometry.address_bits),
                "flip_mask": In(geometry.width),
                "low_row": In(len(self.pins.a)),
                "low_bank": In(geometry.bank_bits),
                "violation": Out(8),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = self.memory
        for name, member in self.memory.signature.members.items():
            inner, own = getattr(self.memory, name), getattr(self, name)
            if member.is_signature:
                wiring.connect(m, wiring.flipped(own), inner)
            else:
                m.d.comb += own.eq(inner)
        pins = self.pins
        command = ~Cat(pins.ras.o, pins.cas.o, pins.we.o)
        opens = (command == Command.ACTIVATE.value).replicate(len(pins.a))
        parameters = self.setup.chip_parameters()
        m.submodules.chip = sdram(
            pins,
            **parameters,
            i_a=pins.a.o & ~(self.low_row & opens),
            i_ba=pins.ba.o & ~self.low_bank,
            i_tick=self.tick if self.setup.window else ClockSignal(),
            **{f"i_{n}": getattr(self, n) for n in ("late", "narrow")},
            **{f"i_{n}": getattr(self, n) for n in ("flip", "flip_address", "flip_mask")},
            o_violation=self.violation,
        )
        return m
