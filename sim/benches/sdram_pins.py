# SPDX-License-Identifier: Apache-2.0
"""The chip alone, at ports of a simulated top."""

from amaranth import ClockSignal, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sim.chips.sdram import SimulatedPins, sdram

WIDTH, ROW_BITS, COLUMN_BITS = 16, 4, 4
# tRC is longer than tRAS and tRP together, so that it can be broken alone; rows are few.
PARAMETERS = {
    "ROW_BITS": ROW_BITS,
    "COLUMN_BITS": COLUMN_BITS,
    "CLOCK": 10000,
    "tCK3": 7000,
    "tCK2": 12000,
    "tAC": 5400,
    "tOH": 2500,
    "tHZ": 5400,
    "tIS": 1500,
    "tIH": 800,
    "tRCD": 15000,
    "tRP": 15000,
    "tRAS": 42000,
    "tRAS_MAX": 50_000_000,
    "tRC": 80000,
    "tRFC": 60000,
    "tRRD": 14000,
    "tWR": 14000,
    "tMRD": 2,
    "PAUSE": 1_000_000,
    "STARTUP_REFRESHES": 4,
    "REFRESHES": 16,
    "tREF": 100_000_000,
}


class SdramPins(wiring.Component):
    """A chip that counts what it sees and does not stop.

    Parameters
    ----------
    **parameters
        Where they are not those of :data:`PARAMETERS`.

    Members
    -------
    All ports of sdram.v but its clock, which is the clock of the domain ``sync``.
    """

    def __init__(self, **parameters):
        self.parameters = {**PARAMETERS, "STOP": 0, "WINDOW": 1, **parameters}
        bits = ROW_BITS + COLUMN_BITS + 2
        self.inputs = {
            **dict.fromkeys(("cke", "cs_n", "ras_n", "cas_n", "we_n", "dq_drive"), 1),
            **{"ba": 2, "a": 13, "dqm": WIDTH // 8, "dq_in": WIDTH},
            **{"tick": 1, "forget": 1, "late": 5, "narrow": 4},
            **{"flip": 1, "flip_address": bits, "flip_mask": WIDTH},
        }
        self.outputs = {"dq_out": WIDTH, "dq_driven": 1, "violation": 8}
        members = {name: In(width) for name, width in self.inputs.items()}
        super().__init__(members | {name: Out(width) for name, width in self.outputs.items()})

    def elaborate(self, platform):
        m = Module()
        ports = {f"i_{name}": getattr(self, name) for name in self.inputs}
        ports |= {f"o_{name}": getattr(self, name) for name in self.outputs}
        pins = SimulatedPins()
        m.submodules.chip = sdram(pins, **self.parameters, i_clk=ClockSignal(), **ports)
        return m
