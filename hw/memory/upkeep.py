# SPDX-License-Identifier: Apache-2.0
"""What an SDRAM needs beside reads and writes: the start-up, and a refresh from time to time."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.memory.bus import Command
from hw.memory.timing import PRECHARGE_ALL


class Upkeep(wiring.Component):
    """Start a chip, then say when a refresh is due, and make it when the chip is quiet.

    Start-up: the pause, all banks closed, refreshes, the mode (bursts of one word). Every refresh
    closes all banks first.

    Parameters
    ----------
    geometry : hw.memory.timing.Geometry
    cycles : hw.memory.timing.Cycles

    Members
    -------
    quiet : In(1)
        A refresh is due, all banks may be closed, and no chunk is under way or will be.
    due : Out(1)
        No new row or chunk may begin.
    busy : Out(1)
        `command` goes to the chip.
    command, address : Out(Command), Out
    started : Out(1)
        The start-up is over.
    """

    def __init__(self, geometry, cycles):
        self.cycles = cycles
        super().__init__(
            {
                "quiet": In(1),
                "due": Out(1),
                "busy": Out(1),
                "command": Out(Command),
                "address": Out(geometry.address_pins),
                "started": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        cycles = self.cycles
        longest = max(cycles.pause, cycles.rp, cycles.rfc, cycles.mrd)
        wait = Signal(range(longest + 1), init=cycles.pause)
        over = Signal()  # the wait ends with this clock
        m.d.sync += [wait.eq(wait - 1), over.eq(wait == 2)]
        refreshes = Signal(range(cycles.startup_refreshes + 1), init=cycles.startup_refreshes)
        last = Signal()
        m.d.sync += last.eq(refreshes == 1)

        interval = Signal(range(cycles.refresh), init=cycles.refresh - 1)
        ended = Signal()
        m.d.sync += [interval.eq(interval - 1), ended.eq(interval == 1)]
        with m.If(ended):
            m.d.sync += [interval.eq(cycles.refresh - 1), self.due.eq(1)]

        def tell(command, clocks, then):
            """Give a command; `then` begins as many clocks later as the chip needs."""
            m.d.comb += self.command.eq(command)
            m.d.sync += [wait.eq(clocks - 1), over.eq(clocks == 2)]
            m.next = then if clocks == 1 else f"WAIT-{then}"

        def pause(then):
            with m.State(f"WAIT-{then}"):
                with m.If(over):
                    m.next = then

        m.d.comb += self.busy.eq(1)
        with m.FSM(init="WAIT-CLOSE"):
            pause("CLOSE")
            with m.State("CLOSE"):
                m.d.comb += self.address.eq(1 << PRECHARGE_ALL)
                tell(Command.PRECHARGE, cycles.rp, "REFRESH")
            pause("REFRESH")
            with m.State("REFRESH"):
                m.d.sync += [self.due.eq(0), refreshes.eq(refreshes - 1)]
                with m.If(self.started):
                    tell(Command.REFRESH, cycles.rfc, "RUN")
                with m.Elif(last):
                    tell(Command.REFRESH, cycles.rfc, "MODE")
                with m.Else():
                    tell(Command.REFRESH, cycles.rfc, "REFRESH")
            pause("MODE")
            with m.State("MODE"):
                m.d.comb += self.address.eq(cycles.cas_latency << 4)
                tell(Command.MODE, cycles.mrd, "RUN")
            pause("RUN")
            with m.State("RUN"):
                m.d.comb += self.busy.eq(0)
                m.d.sync += self.started.eq(1)
                with m.If(self.quiet):
                    m.next = "CLOSE"
        return m
