# SPDX-License-Identifier: Apache-2.0
"""The SDRAM chips that boards carry, as their datasheets have them, for the model in sdram.v."""

import re
from pathlib import Path

from amaranth import ClockSignal, Instance
from amaranth.lib import io

SOURCE = Path(__file__).with_name("sdram.v")

# Times in ps, of the speed grade that the name says; names are those of sdram.v. What a datasheet
# gives in clocks counts as clocks of the shortest period, which is never less.
CHIPS = {
    # ISSI, 256 Mbit. tWR is tDPL there, and tMRD 14 ns.
    "IS42S16160G-7": {
        "ROW_BITS": 13, "COLUMN_BITS": 9, "tCK3": 7000, "tCK2": 10000, "tAC": 5400, "tOH": 2500,
        "tHZ": 5400, "tRCD": 15000, "tRP": 15000, "tRAS": 37000, "tRAS_MAX": 100_000_000,
        "tRC": 60000, "tRFC": 60000, "tRRD": 14000, "tWR": 14000, "STARTUP_REFRESHES": 8,
    },
    # Micron, 256 Mbit; two refreshes would do, and a pause of 100 us.
    "MT48LC16M16A2-75": {
        "ROW_BITS": 13, "COLUMN_BITS": 9, "tCK3": 7500, "tCK2": 10000, "tAC": 5400, "tOH": 2700,
        "tHZ": 5400, "tRCD": 20000, "tRP": 20000, "tRAS": 44000, "tRAS_MAX": 120_000_000,
        "tRC": 66000, "tRFC": 66000, "tRRD": 15000, "tWR": 15000, "STARTUP_REFRESHES": 2,
        "PAUSE": 100_000_000,
    },
    # Winbond, 256 Mbit.
    "W9825G6KH-6": {
        "ROW_BITS": 13, "COLUMN_BITS": 9, "tCK3": 6000, "tCK2": 7500, "tAC": 5000, "tOH": 3000,
        "tHZ": 5000, "tRCD": 15000, "tRP": 15000, "tRAS": 42000, "tRAS_MAX": 100_000_000,
        "tRC": 60000, "tRFC": 60000, "tRRD": 12000, "tWR": 12000, "STARTUP_REFRESHES": 8,
    },
    # Alliance, 512 Mbit.
    "AS4C32M16SB-7": {
        "ROW_BITS": 13, "COLUMN_BITS": 10, "tCK3": 7000, "tCK2": 10000, "tAC": 5400, "tOH": 2500,
        "tHZ": 5400, "tRCD": 21000, "tRP": 21000, "tRAS": 42000, "tRAS_MAX": 120_000_000,
        "tRC": 63000, "tRFC": 63000, "tRRD": 14000, "tWR": 14000, "STARTUP_REFRESHES": 2,
    },
    # 64 Mbit of 32 bits, as on the Colorlight i9.
    "M12L64322A-6": {
        "WIDTH": 32, "ADDRESS_BITS": 11, "ROW_BITS": 11, "COLUMN_BITS": 8, "tCK3": 6000,
        "tCK2": 10000, "tAC": 5500, "tOH": 2000, "tHZ": 5500, "tRCD": 18000, "tRP": 18000,
        "tRAS": 42000, "tRAS_MAX": 100_000_000, "tRC": 60000, "tRFC": 60000, "tRRD": 12000,
        "tWR": 12000, "REFRESHES": 4096, "STARTUP_REFRESHES": 2,
    },
}  # fmt: skip

RULES = {
    int(number): rule
    for number, rule in re.findall(r'broken\((\d+), "([^"]+)"\)', SOURCE.read_text())
}


class SimulatedPins:
    """The pins of a board's SDRAM in a simulation, with the names and senses of amaranth-boards.

    Parameters
    ----------
    width, address_bits, bank_bits : int
    """

    def __init__(self, width=16, address_bits=13, bank_bits=2):
        def output(name, width=1, *, invert=False):
            return io.SimulationPort("o", width, invert=invert, name=f"sdram_{name}")

        self.clk = output("clk")
        self.clk_en = output("clk_en")
        self.cs, self.ras, self.cas, self.we = (
            output(name, invert=True) for name in ("cs", "ras", "cas", "we")
        )
        self.ba = output("ba", bank_bits)
        self.a = output("a", address_bits)
        self.dqm = output("dqm", width // 8)
        self.dq = io.SimulationPort("io", width, name="sdram_dq")


def sdram(pins, **parameters):
    """Return the instance of a chip at simulated pins.

    Parameters
    ----------
    pins : SimulatedPins
        Or an object like it. Those that a board ties off may be missing.
    **parameters
        Of sdram.v, as :data:`CHIPS` has them; and its ports where they differ or are more than
        pins, as ``i_tick`` or ``o_violation``.
    """

    def level(name, idle):
        pin = getattr(pins, name, None)
        return idle if pin is None else pin.o

    ports = {
        "i_clk": pins.clk.o,
        "i_cke": level("clk_en", 1),
        "i_cs_n": level("cs", 0),
        "i_ras_n": pins.ras.o,
        "i_cas_n": pins.cas.o,
        "i_we_n": pins.we.o,
        "i_ba": pins.ba.o,
        "i_a": pins.a.o,
        "i_dqm": level("dqm", 0),
        "i_dq_in": pins.dq.o,
        "i_dq_drive": pins.dq.oe[0],
        "o_dq_out": pins.dq.i,
        "i_tick": ClockSignal(),
        "i_late": 0,
        "i_narrow": 0,
        "i_forget": 0,
        "i_flip": 0,
        "i_flip_address": 0,
        "i_flip_mask": 0,
    }
    values = {}
    for name, value in parameters.items():
        if name[:2] in ("i_", "o_"):
            ports[name] = value
        else:
            values[f"p_{name}"] = value
    return Instance("sdram", **values, **ports)
