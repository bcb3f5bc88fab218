# SPDX-License-Identifier: Apache-2.0
"""Which commands the times of a chip allow, bank by bank."""

from amaranth import Array, Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.memory.bus import Command


class Wait:
    """Clocks that must pass, as a row of ones that gets shorter: no carry, and the longest wins.

    Parameters
    ----------
    m : Module
    most : int
        Clocks that :meth:`start` is given at most.
    name : str

    Attributes
    ----------
    over : Value
        From a register.
    """

    def __init__(self, m, most, name):
        self.left = Signal(max(1, most - 1), name=name)
        self.over = ~self.left[0]
        m.d.sync += self.left.eq(self.left >> 1)

    def start(self, clocks):
        """Return the statement for a command in this clock; the next may come `clocks` later."""
        return self.left.eq(self.left >> 1 | (1 << clocks - 1) - 1)


class Waits(wiring.Component):
    """Watch the commands, and tell what may come in this clock; but for tRCD.

    Parameters
    ----------
    geometry : hw.memory.timing.Geometry
    cycles : hw.memory.timing.Cycles

    Members
    -------
    command : In(Command)
        Of this clock; only ACTIVATE, READ, WRITE and PRECHARGE of one bank are looked at.
    bank : In
        That the command is for.
    next_bank : In
    may_precharge, may_activate : Out(1)
        `next_bank` may be closed; it may be opened.
    may_write : Out(1)
        The data pins have turned.
    quiet : Out(1)
        All banks may be closed.
    """

    def __init__(self, geometry, cycles):
        self.banks, self.cycles = 1 << geometry.bank_bits, cycles
        bank = geometry.bank_bits
        super().__init__(
            {
                "command": In(Command),
                "bank": In(bank),
                "next_bank": In(bank),
                "may_precharge": Out(1),
                "may_activate": Out(1),
                "may_write": Out(1),
                "quiet": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        cycles = self.cycles
        # The chip drives its pins up to a clock behind the one at which the word is due; one more
        # to turn.
        turn_clocks = cycles.cas_latency + 2
        close, opens = [], []
        row_to_row = Wait(m, cycles.rrd, "row_to_row")
        turn = Wait(m, turn_clocks, "turn")
        for bank in range(self.banks):
            close.append(Wait(m, max(cycles.ras, cycles.wr), f"close{bank}"))
            opens.append(Wait(m, max(cycles.rc, cycles.rp), f"open{bank}"))
            with m.If(self.bank == bank):
                with m.If(self.command == Command.ACTIVATE):
                    m.d.sync += [
                        close[bank].start(cycles.ras),
                        opens[bank].start(cycles.rc),
                    ]
                with m.If(self.command == Command.PRECHARGE):
                    m.d.sync += opens[bank].start(cycles.rp)
                with m.If(self.command == Command.WRITE):
                    m.d.sync += close[bank].start(cycles.wr)
        with m.If(self.command == Command.ACTIVATE):
            m.d.sync += row_to_row.start(cycles.rrd)
        with m.If(self.command == Command.READ):
            m.d.sync += turn.start(turn_clocks)

        def over(waits, bank):
            return Array(wait.over for wait in waits)[bank]

        m.d.comb += [
            self.may_precharge.eq(over(close, self.next_bank)),
            self.may_activate.eq(over(opens, self.next_bank) & row_to_row.over),
            self.may_write.eq(turn.over),
        ]
        m.d.comb += self.quiet.eq(~Cat(wait.left[0] for wait in close).any())
        return m
