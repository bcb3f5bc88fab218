# SPDX-License-Identifier: Apache-2.0
"""The external memory: no command comes too early, no refresh too late, no deadline is forgotten.

The times are small, so that everything happens within the bound; the code is the same.
"""

from dataclasses import replace

from amaranth.hdl import Array, Assert, Assume, Cover, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In

from hw.memory.bus import Command, chunk_layout
from hw.memory.command_machine import CommandMachine
from hw.memory.timing import PRECHARGE_ALL, Cycles, Geometry
from sim.formal.proof import Harness, Proof

GEOMETRY = Geometry(width=16, row_bits=1, column_bits=4, bank_bits=1)
CYCLES = Cycles(
    rcd=2,
    rp=2,
    ras=5,
    rc=8,
    rrd=4,
    rfc=4,
    wr=3,
    mrd=2,
    refresh=24,
    pause=2,
    startup_refreshes=1,
    cas_latency=2,
)
OFTEN = replace(CYCLES, refresh=12)  # so that refreshes come within the bound
# A refresh that is due waits for a chunk, and for the row that is being opened.
LONGEST = OFTEN.refresh + 20
LAST = 5  # chunks have six words at most
TURN = 48  # clocks that the port with a deadline waits at most, where chunks have two words
CHUNK = chunk_layout(GEOMETRY)


class Since:
    """Clocks since something happened; `most` stands for as many or more."""

    def __init__(self, m, event, *, most=CYCLES.rc):
        self.clocks = Signal(range(most + 1), init=most)
        m.d.sync += self.clocks.eq(Mux(event, 1, self.clocks + (self.clocks != most)))

    def at_least(self, clocks):
        return self.clocks >= clocks


def feed(m, stream, offer, name, *, last=LAST):
    """Let a free input be a stream of chunks that hold until they are taken; return the stream."""
    waited = Signal(name=f"{name}_waited")
    before = Signal(CHUNK, name=f"{name}_before")
    chunk = data.View(CHUNK, offer.chunk)
    m.d.sync += [waited.eq(offer.valid & ~stream.ready), before.eq(chunk)]
    m.d.comb += [
        stream.valid.eq(offer.valid),
        stream.p.eq(chunk),
        Assume(chunk.last <= last),
        Assume(~waited | (offer.valid & (offer.chunk == before.as_value()))),
    ]


OFFER = data.StructLayout({"valid": 1, "chunk": CHUNK.size})


class CommandsInTime(Harness):
    """Chunks of any kind at any time, and the rules of a chip beside the commands.

    Parameters
    ----------
    module : module
        A copy of :mod:`hw.memory.command_machine`.
    cycles : Cycles
    """

    offer: In(OFFER)
    follows: In(2)

    def __init__(self, module, cycles):
        super().__init__()
        self.machine = module.CommandMachine(GEOMETRY, cycles)

    def check(self, m):
        m.submodules.machine = machine = self.machine
        feed(m, machine.chunk, self.offer, "offer")
        for n, head in enumerate((machine.head0, machine.head1)):
            m.d.comb += [head.valid.eq(1), head.follows.eq(self.follows[n])]

        phy = machine.phy
        command = Signal(Command)
        m.d.comb += command.eq(phy.command)
        banks = range(1 << GEOMETRY.bank_bits)
        every = (command == Command.PRECHARGE) & phy.address[PRECHARGE_ALL]
        opened, closed, written, is_open = [], [], [], Signal(len(banks))
        for n in banks:
            mine = phy.bank == n
            closes = (command == Command.PRECHARGE) & (mine | every)
            opens = (command == Command.ACTIVATE) & mine
            opened.append(Since(m, opens))
            closed.append(Since(m, closes))
            written.append(Since(m, (command == Command.WRITE) & mine))
            with m.If(opens):
                m.d.sync += is_open[n].eq(1)
            with m.If(closes):
                m.d.sync += is_open[n].eq(0)
                m.d.comb += [
                    Assert(opened[n].at_least(CYCLES.ras)),
                    Assert(written[n].at_least(CYCLES.wr)),
                ]
        refreshed = Since(m, command == Command.REFRESH, most=LONGEST)
        mode = Since(m, command == Command.MODE)
        any_opened = Since(m, command == Command.ACTIVATE)
        read = Since(m, command == Command.READ)
        refreshes, started = Signal(2), Signal()

        def of_bank(times, clocks):
            return Array(time.at_least(clocks) for time in times)[phy.bank]

        all_closed = (is_open == 0) & closed[0].at_least(CYCLES.rp) & closed[1].at_least(CYCLES.rp)
        ready = refreshed.at_least(CYCLES.rfc) & mode.at_least(CYCLES.mrd)
        open_now = is_open.bit_select(phy.bank, 1)
        with m.If(command != Command.NOTHING):
            m.d.comb += Assert(ready)
        with m.Switch(command):
            with m.Case(Command.ACTIVATE):
                m.d.comb += [
                    Assert(started),
                    Assert(~open_now),
                    Assert(of_bank(closed, CYCLES.rp)),
                    Assert(of_bank(opened, CYCLES.rc)),
                    Assert(any_opened.at_least(CYCLES.rrd)),
                ]
            with m.Case(Command.READ, Command.WRITE):
                m.d.comb += [Assert(open_now), Assert(of_bank(opened, CYCLES.rcd))]
                m.d.comb += Assert(phy.write_en == (command == Command.WRITE))
            with m.Case(Command.REFRESH):
                m.d.comb += Assert(all_closed)
                m.d.sync += refreshes.eq(Mux(refreshes == 3, 3, refreshes + 1))
            with m.Case(Command.MODE):
                m.d.comb += [Assert(all_closed), Assert(refreshes >= CYCLES.startup_refreshes)]
                m.d.sync += started.eq(1)
        with m.If(command == Command.WRITE):
            m.d.comb += Assert(read.at_least(CYCLES.cas_latency + 2))
            if self.machine.cycles is CYCLES:  # chunks follow each other at once
                m.d.comb += Cover(read.clocks == CYCLES.cas_latency + 2)
        if self.machine.cycles is OFTEN:
            m.d.comb += Cover(started & (command == Command.REFRESH) & (refreshes == 2))
            m.d.comb += Assert(~started | ~refreshed.at_least(LONGEST))


class DeadlineInTurn(Harness):
    """Two ports that offer chunks when they like: the first waits for :data:`TURN` at most.

    Parameters
    ----------
    module : module
        A copy of :mod:`hw.memory.arbiter`.
    """

    offers: In(data.ArrayLayout(OFFER, 2))
    follows: In(2)

    def __init__(self, module):
        super().__init__()
        self.arbiter = module.Arbiter(GEOMETRY, 2)

    def check(self, m):
        m.submodules.arbiter = arbiter = self.arbiter
        m.submodules.machine = machine = CommandMachine(GEOMETRY, CYCLES)
        m.d.comb += [
            machine.chunk.valid.eq(arbiter.o.valid),
            machine.chunk.p.eq(arbiter.o.p),
            arbiter.o.ready.eq(machine.chunk.ready),
        ]
        for n, head in enumerate((machine.head0, machine.head1)):
            m.d.comb += [head.valid.eq(1), head.follows.eq(self.follows[n])]
            feed(m, getattr(arbiter, f"i{n}"), self.offers[n], f"offer{n}", last=1)
        port = arbiter.i0
        waited = Signal(range(TURN + 1))
        with m.If(~machine.started | ~port.valid | port.ready):
            m.d.sync += waited.eq(0)
        with m.Else():
            m.d.sync += waited.eq(waited + 1)
        m.d.comb += [Assert(waited < TURN), Cover(port.ready & (waited > 8))]


PROOFS = [
    Proof(
        name="sdram-commands-in-time",
        make=lambda module: CommandsInTime(module, CYCLES),
        module="hw.memory.command_machine",
        fault=("free & ~conflict & waits.may_precharge", "free & ~conflict"),
        depth=34,
        cover=34,
    ),
    Proof(
        name="sdram-refreshes-in-time",
        make=lambda module: CommandsInTime(module, OFTEN),
        module="hw.memory.command_machine",
        fault=("settled.eq(upkeep.due)", "settled.eq(0)"),
        depth=42,
        cover=42,
    ),
    Proof(
        name="sdram-deadline-in-turn",
        make=DeadlineInTurn,
        module="hw.memory.arbiter",
        fault=("valid[1:].any() & ~(valid[0] & (before != 0))", "valid[1:].any()"),
        depth=62,
        cover=36,
    ),
]
