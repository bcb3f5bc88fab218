# SPDX-License-Identifier: Apache-2.0
"""The model of an SDRAM: every rule is seen when it is broken, and not a clock before."""

from itertools import product

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge, Timer

from sim.benches.sdram_pins import COLUMN_BITS, PARAMETERS, ROW_BITS
from sim.chips.sdram import RULES

CLOCK = PARAMETERS["CLOCK"]
TENTH = CLOCK // 10
# Command pins ras_n, cas_n, we_n.
MODE, REFRESH, PRECHARGE, ACTIVATE, WRITE, READ, STOP, NOTHING = range(8)
ALL = 1 << 10
CAS3 = 3 << 4
SEEN = set()  # rules that a bench has broken


def number(words):
    """Return the rule whose words begin so."""
    found = [n for n, rule in RULES.items() if rule.startswith(words)]
    assert len(found) == 1, (words, found)
    return found[0]


async def setup(dut):
    """Start the clock and the ticks."""
    for name in ("cke", "cs_n", "ras_n", "cas_n", "we_n"):
        getattr(dut, name).value = 1
    for name in ("dq_drive", "ba", "a", "dqm", "dq_in", "forget", "late", "narrow", "flip"):
        getattr(dut, name).value = 0
    await Timer(TENTH // 2, unit="ps")
    Clock(dut.tick, TENTH, unit="ps").start()
    await Timer(10 * CLOCK + TENTH // 2, unit="ps")
    Clock(dut.clk, CLOCK, unit="ps").start()
    await FallingEdge(dut.clk)


async def tell(dut, command, bank=0, address=0, *, wait=1, data=None, mask=0):
    """Give a command, then nothing for ``wait - 1`` clocks."""
    dut.cs_n.value = 0
    dut.ras_n.value, dut.cas_n.value, dut.we_n.value = (command >> n & 1 for n in (2, 1, 0))
    dut.ba.value, dut.a.value, dut.dqm.value = bank, address, mask
    dut.dq_drive.value = int(data is not None)
    dut.dq_in.value = data or 0
    await FallingEdge(dut.clk)
    dut.cs_n.value, dut.dq_drive.value, dut.dqm.value = 1, 0, 0
    for _ in range(wait - 1):
        await FallingEdge(dut.clk)


async def broken(dut, rule=0):
    """Assert which rule is broken, and forget it."""
    await RisingEdge(dut.clk)
    await FallingEdge(dut.clk)
    seen = int(dut.violation.value)
    assert seen == rule, f"{RULES.get(seen)}, not {RULES.get(rule)}"
    SEEN.add(seen)
    dut.forget.value = 1
    await FallingEdge(dut.clk)
    dut.forget.value = 0


async def rest(dut):
    """Close all rows and refresh them."""
    await tell(dut, NOTHING, wait=10)
    await tell(dut, PRECHARGE, address=ALL, wait=4)
    for _ in range(PARAMETERS["REFRESHES"]):
        await tell(dut, REFRESH, wait=6)
    dut.forget.value = 1
    await FallingEdge(dut.clk)
    dut.forget.value = 0
    await tell(dut, NOTHING, wait=4)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def start_up(dut):
    await setup(dut)
    await tell(dut, REFRESH, wait=6)
    await broken(dut, number("start-up: a command before the pause"))
    await tell(dut, NOTHING, wait=100)
    await tell(dut, REFRESH, wait=6)
    await broken(dut, number("start-up: refresh before"))
    await tell(dut, READ, wait=4)
    await broken(dut, number("start-up: data"))
    await tell(dut, ACTIVATE, wait=8)
    await broken(dut, number("start-up: a row"))
    await tell(dut, PRECHARGE, wait=4)  # one bank, not all
    await tell(dut, MODE, address=CAS3, wait=3)
    await broken(dut, number("start-up: mode before"))
    await tell(dut, PRECHARGE, address=ALL, wait=4)
    await tell(dut, REFRESH, wait=6)  # the third of four
    await tell(dut, MODE, address=CAS3, wait=3)
    await broken(dut, number("start-up: too few refreshes"))
    await tell(dut, REFRESH, wait=6)
    await tell(dut, MODE, address=CAS3, wait=2)
    await tell(dut, ACTIVATE, wait=5)
    await tell(dut, PRECHARGE, address=ALL, wait=2)
    await broken(dut)


# Each: commands (command, bank, address, clocks to the next one), the rule that they break where
# the last wait is a clock shorter, and the command that breaks it.
TIMES = {
    "tRCD": ([(ACTIVATE, 0, 3, 2)], "tRCD", (READ, 0, 0)),
    "tRP": ([(ACTIVATE, 0, 3, 9), (PRECHARGE, 0, 0, 2)], "tRP: a row", (ACTIVATE, 0, 3)),
    "tRP refresh": ([(ACTIVATE, 0, 3, 9), (PRECHARGE, 0, 0, 2)], "tRP: refresh", (REFRESH, 0, 0)),
    "tRP mode": ([(ACTIVATE, 0, 3, 9), (PRECHARGE, 0, ALL, 2)], "tRP: mode", (MODE, 0, CAS3)),
    "tRAS": ([(ACTIVATE, 1, 3, 5)], "tRAS: precharged", (PRECHARGE, 1, 0)),
    "tRAS all": ([(ACTIVATE, 1, 3, 5)], "tRAS: precharged", (PRECHARGE, 0, ALL)),
    "tRC": ([(ACTIVATE, 0, 3, 5), (PRECHARGE, 0, 0, 3)], "tRC: a row", (ACTIVATE, 0, 3)),
    "tRRD": ([(ACTIVATE, 0, 3, 2)], "tRRD", (ACTIVATE, 1, 3)),
    "tRFC": ([(REFRESH, 0, 0, 6)], "tRFC", (ACTIVATE, 1, 3)),
    "tRFC refresh": ([(REFRESH, 0, 0, 6)], "tRFC", (REFRESH, 0, 0)),
    "tWR": ([(ACTIVATE, 2, 3, 9), (WRITE, 2, 0, 2)], "tWR", (PRECHARGE, 2, 0)),
    "tMRD": ([(MODE, 0, CAS3, 2)], "tMRD", (ACTIVATE, 2, 3)),
}


async def play(dut, commands):
    for command, bank, address, wait in commands:
        data = 0x1234 if command == WRITE else None
        await tell(dut, command, bank, address, wait=wait, data=data)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def times(dut):
    await setup(dut)
    for name, (commands, rule, (command, bank, address)) in TIMES.items():
        for less in (0, 1):
            await rest(dut)
            *before, (first, first_bank, first_address, wait) = commands
            await play(dut, [*before, (first, first_bank, first_address, wait - less)])
            await tell(dut, command, bank, address, wait=3)
            dut._log.info("%s, %d too early", name, less)
            await broken(dut, number(rule) if less else 0)


STATES = {
    "a read or write of a closed row": [(READ, 0, 0, 3)],
    "a row is opened while one is open": [(ACTIVATE, 0, 1, 9), (ACTIVATE, 0, 1, 3)],
    "refresh: a row is open": [(ACTIVATE, 3, 1, 9), (REFRESH, 0, 0, 3)],
    "mode: a row is open": [(ACTIVATE, 3, 1, 9), (MODE, 0, CAS3, 3)],
    "mode: bursts": [(MODE, 0, CAS3 | 1, 3)],
    "mode: a CAS latency": [(MODE, 0, 1 << 4, 3)],
    "precharge by a read": [(ACTIVATE, 0, 1, 9), (READ, 0, ALL, 5)],
    "burst stop": [(STOP, 0, 0, 3)],
}


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def states(dut):
    await setup(dut)
    for rule, commands in STATES.items():
        await rest(dut)
        await play(dut, commands)
        await broken(dut, number(rule))
        await tell(dut, PRECHARGE, address=ALL, wait=9)
        await tell(dut, MODE, address=CAS3, wait=3)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def pins(dut):
    await setup(dut)
    await rest(dut)
    await tell(dut, ACTIVATE, 0, 5, wait=9)
    await tell(dut, WRITE, 0, 1, wait=3)
    await broken(dut, number("a write without data"))

    await tell(dut, READ, 0, 1, wait=4)
    await tell(dut, WRITE, 0, 2, data=1)
    await broken(dut, number("both sides"))
    await tell(dut, READ, 0, 1, wait=5)
    await tell(dut, WRITE, 0, 2, data=1)
    await broken(dut)

    dut.cke.value = 0
    await FallingEdge(dut.clk)
    dut.cke.value = 1
    await broken(dut, number("CKE"))

    # Tenths from the clock edge at which a word is written to the change of an input.
    cases = ((-1, "tIS"), (-3, None), (1, "tIH"), (2, None))
    for (after, rule), what in product(cases, ("an input", "data")):
        await FallingEdge(dut.clk)
        cocotb.start_soon(tell(dut, WRITE, 0, 2, data=0xFFFF))
        await Timer(5 * TENTH + after * TENTH - TENTH // 4, unit="ps")
        if what == "data":
            dut.dq_in.value = 1
        else:
            dut.a.value = 3
        await broken(dut, number(f"{rule}: {what}") if rule else 0)


async def captured(dut, tenths):
    """Return the pins in each tenth from now on."""
    seen = []
    for _ in range(tenths):
        await Timer(TENTH, unit="ps")
        seen.append(int(dut.dq_out.value))
    return seen


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(latency=[2, 3], late=[0, 7], narrow=[0, 2])
async def data_window(dut, latency, late, narrow):
    """A word is at the pins from tAC after an edge to tOH after the next one, and never else."""
    await setup(dut)
    await rest(dut)
    dut.late.value, dut.narrow.value = late, narrow
    await tell(dut, MODE, address=latency << 4, wait=3)
    await broken(dut, number("tCK") if latency == 2 else 0)
    await tell(dut, ACTIVATE, 0, 5, wait=9)
    word = 0xA5C3
    await tell(dut, WRITE, 0, 7, data=word, wait=4)
    dut.cs_n.value, dut.ras_n.value, dut.cas_n.value, dut.we_n.value = 0, 1, 0, 1
    dut.a.value = 7
    await RisingEdge(dut.clk)
    cocotb.start_soon(deselect(dut))
    seen = await captured(dut, 60)  # element n: n + 1 tenths behind the edge
    begin = 10 * (latency - 1) + 6 + narrow + late  # 5.4 ns of 10, rounded up
    end = 10 * latency + 2 + late  # 2.5 ns, rounded down
    good = [n for n, each in enumerate(seen, 1) if each == word]
    assert good == list(range(begin + 1, end + 1)), (good, begin, end)
    await broken(dut)


async def deselect(dut):
    await FallingEdge(dut.clk)
    dut.cs_n.value = 1


async def read(dut, bank, column, *, mask_at=None):
    """Return the word of a read; DQM is high in clock `mask_at` behind it."""
    await tell(dut, READ, bank, column, mask=3 if mask_at == 0 else 0)
    for clock in range(1, 4):
        dut.dqm.value = 3 if clock == mask_at else 0
        if clock == 3:
            await RisingEdge(dut.clk)
            word = int(dut.dq_out.value)
        await FallingEdge(dut.clk)
    dut.dqm.value = 0
    return word


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def words_and_masks(dut):
    await setup(dut)
    await rest(dut)
    dut.late.value, dut.narrow.value = 0, 0
    await tell(dut, MODE, address=CAS3, wait=3)
    for bank in range(4):
        await tell(dut, ACTIVATE, bank, 3 * bank, wait=3)
        await tell(dut, WRITE, bank, 9, data=0x1111 * (bank + 1))
    await tell(dut, WRITE, 2, 9, data=0xABCD, mask=0b01)
    for bank, word in enumerate((0x1111, 0x2222, 0xAB33, 0x4444)):
        assert await read(dut, bank, 9) == word
    assert await read(dut, 1, 9, mask_at=0) == 0x2222
    assert await read(dut, 1, 9, mask_at=1) != 0x2222  # two clocks before the word is due
    assert await read(dut, 1, 9, mask_at=2) == 0x2222
    row = 9
    dut.flip.value, dut.flip_mask.value = 1, 0x0100
    dut.flip_address.value = 9 | 3 << COLUMN_BITS | row << COLUMN_BITS + 2
    assert row < 1 << ROW_BITS
    await FallingEdge(dut.clk)
    dut.flip.value = 0
    assert await read(dut, 3, 9) == 0x4544
    await broken(dut)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def too_long(dut):
    """Rows that stay open, and rows that wait for a refresh."""
    await setup(dut)
    await rest(dut)
    await tell(dut, ACTIVATE, 0, 1, wait=5000)
    await broken(dut)
    await broken(dut, number("tRAS: a row is open"))
    await rest(dut)
    left = PARAMETERS["tREF"] // CLOCK - 6 * PARAMETERS["REFRESHES"]
    await tell(dut, NOTHING, wait=left - 20)
    await broken(dut)
    await tell(dut, NOTHING, wait=30)
    await broken(dut, number("tREF"))
    assert set(RULES) | {0} == SEEN
