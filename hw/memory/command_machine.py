# SPDX-License-Identifier: Apache-2.0
"""Turn chunks into commands: the next chunk's row is opened while this one's words go."""

from amaranth import Array, Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.memory.bus import (
    WRITE_PORTS,
    Activity,
    Command,
    chunk_layout,
    phy_signature,
    write_head_signature,
)
from hw.memory.upkeep import Upkeep
from hw.memory.waits import Wait, Waits


class Step(enum.Enum, shape=3):
    """How far the next chunk is."""

    NONE = 0
    LOOK = 1  # is its row open?
    CHECK = 2
    CLOSE = 3  # another row is open
    OPEN = 4
    RISE = 5  # its row opens
    READY = 6  # a word may be read in the next clock


class CommandMachine(wiring.Component):
    """Carry chunks out, a word a clock, a command a clock.

    A chunk begins in the clock behind the one before, if its row is open by then. Closing and
    opening a row takes a clock each from the words of a chunk in another bank, and nothing else. A
    refresh waits for the end of a chunk. Commands leave a register.

    Parameters
    ----------
    geometry : hw.memory.timing.Geometry
    cycles : hw.memory.timing.Cycles

    Members
    -------
    chunk : In(stream.Signature(chunk_layout(geometry)))
    head0, head1 : In(write_head_signature(geometry))
        The words to be written of each port.
    phy : Out(phy_signature(geometry))
        But for ``read_data``, which goes to the readers.
    read_en, read_port : Out(1), Out(1)
        The command at `phy` is a read, for this port.
    started : Out(1)
        The start-up is over.
    activity : Out(Activity)
        What the clock of the command at `phy` went to.
    """

    def __init__(self, geometry, cycles):
        self.geometry, self.cycles = geometry, cycles
        head = write_head_signature(geometry)
        super().__init__(
            {
                "chunk": In(stream.Signature(chunk_layout(geometry))),
                **{f"head{n}": In(head) for n in range(WRITE_PORTS)},
                "phy": Out(phy_signature(geometry)),
                "read_en": Out(1),
                "read_port": Out(1),
                "started": Out(1),
                "activity": Out(Activity),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.upkeep = upkeep = Upkeep(self.geometry, self.cycles)
        m.submodules.waits = waits = Waits(self.geometry, self.cycles)
        now = Signal(self.chunk.p.shape())
        next = Signal(self.chunk.p.shape())
        active = Signal()  # `now` is under way
        reading, writing = Signal(), Signal(WRITE_PORTS)  # and so it is, for a port
        first = Signal()  # none of its words has gone
        final = Signal()  # it has one word to go, at most
        step = Signal(Step)
        banks = range(1 << self.geometry.bank_bits)
        is_open = Signal(len(banks))
        rows = Array(Signal(self.geometry.row_bits, name=f"row{n}") for n in banks)
        heads = [getattr(self, f"head{n}") for n in range(WRITE_PORTS)]

        # Rows come before words: a row that is open soon is worth a word. Whether one may be closed
        # or opened is found out a clock ahead. In that clock nothing can happen to its bank but
        # its own closing.
        free = Signal()  # no refresh is due
        conflict = Signal()  # `now` needs the bank
        may_close, may_open = Signal(), Signal()
        closes, opens = Signal(), Signal()
        m.d.comb += [
            waits.next_bank.eq(next.place.bank),
            free.eq(~upkeep.busy & ~upkeep.due),
            conflict.eq(active & (now.place.bank == next.place.bank)),
            closes.eq((step == Step.CLOSE) & may_close),
            opens.eq((step == Step.OPEN) & may_open),
        ]
        m.d.sync += [
            may_close.eq(free & ~conflict & waits.may_precharge),
            may_open.eq(free & ~conflict & waits.may_activate & ~closes),
        ]

        # The words of this clock.
        reads, writes, ends = Signal(), Signal(WRITE_PORTS), Signal(WRITE_PORTS)
        words, over, turns = Signal(), Signal(), Signal()
        m.d.comb += [
            reads.eq(reading & ~closes & ~opens),
            words.eq(reads | writes.any()),
            over.eq((words & final) | ends.any()),
        ]
        for n, head in enumerate(heads):
            more = writing[n] & head.valid & (first | head.follows)
            m.d.comb += [
                writes[n].eq(more & waits.may_write & ~closes & ~opens),
                ends[n].eq(writing[n] & ~first & ~(head.valid & head.follows)),
                head.take.eq(writes[n]),
                head.done.eq((writes[n] & final) | ends[n]),
            ]
            with m.If(more & ~waits.may_write):
                m.d.comb += turns.eq(1)

        promotes = Signal()
        m.d.comb += promotes.eq((step == Step.READY) & free & (~active | over))
        with m.If(words):
            m.d.sync += [
                now.last.eq(now.last - 1),
                final.eq(now.last == 1),
                now.place.column.eq(now.place.column + 1),
                first.eq(0),
            ]
        with m.If(over):
            m.d.sync += [active.eq(0), reading.eq(0), writing.eq(0)]
        with m.If(promotes):
            m.d.sync += [
                now.eq(next),
                active.eq(1),
                reading.eq(~next.write),
                writing.eq(Mux(next.write, 1 << next.port, 0)),
                first.eq(1),
                final.eq(next.last == 0),
            ]

        hit, other = Signal(), Signal()  # its row is open; a row of its bank is
        m.d.sync += [
            hit.eq(rows[next.place.bank] == next.place.row),
            other.eq(is_open.bit_select(next.place.bank, 1)),
        ]
        # A row that was open before has been waited for by the chunk that opened it.
        rises = self.cycles.rcd > 2
        rise = Wait(m, max(1, self.cycles.rcd - 2), "rise")
        with m.Switch(step):
            with m.Case(Step.NONE):
                m.d.comb += self.chunk.ready.eq(1)
                m.d.sync += next.eq(self.chunk.p)
                with m.If(self.chunk.valid):
                    m.d.sync += step.eq(Step.LOOK)
            with m.Case(Step.LOOK):
                m.d.sync += step.eq(Step.CHECK)
            with m.Case(Step.CHECK):
                m.d.sync += step.eq(Mux(~other, Step.OPEN, Mux(hit, Step.READY, Step.CLOSE)))
            with m.Case(Step.CLOSE):
                with m.If(closes):
                    m.d.sync += [step.eq(Step.OPEN), is_open.bit_select(next.place.bank, 1).eq(0)]
            with m.Case(Step.OPEN):
                with m.If(opens):
                    m.d.sync += [
                        step.eq(Step.RISE if rises else Step.READY),
                        is_open.bit_select(next.place.bank, 1).eq(1),
                        rows[next.place.bank].eq(next.place.row),
                        rise.start(max(1, self.cycles.rcd - 2)),
                    ]
            with m.Case(Step.RISE):
                with m.If(rise.over):
                    m.d.sync += step.eq(Step.READY)
            with m.Case(Step.READY):
                with m.If(promotes):
                    m.d.sync += step.eq(Step.NONE)
        closed = Signal()  # all banks, in the clock before
        m.d.sync += closed.eq(upkeep.busy & (upkeep.command == Command.PRECHARGE))
        with m.If(closed):
            m.d.sync += is_open.eq(0)
            with m.If(step != Step.NONE):
                m.d.sync += step.eq(Step.LOOK)
        # What was found out ahead is carried out in the first clock in which a refresh is due.
        settled = Signal()
        m.d.sync += [settled.eq(upkeep.due), upkeep.quiet.eq(settled & waits.quiet & ~active)]

        # The command.
        command = Signal(Command)
        address = Signal(self.geometry.address_pins)
        bank = Signal(self.geometry.bank_bits)
        m.d.comb += bank.eq(Mux(closes | opens, next.place.bank, now.place.bank))
        with m.If(upkeep.busy):
            m.d.comb += [command.eq(upkeep.command), address.eq(upkeep.address)]
        with m.Elif(closes):
            m.d.comb += command.eq(Command.PRECHARGE)
        with m.Elif(opens):
            m.d.comb += [command.eq(Command.ACTIVATE), address.eq(next.place.row)]
        with m.Elif(reads):
            m.d.comb += [command.eq(Command.READ), address.eq(now.place.column)]
        with m.Elif(writes.any()):
            column = Array(head.column for head in heads)[now.port]
            m.d.comb += [command.eq(Command.WRITE), address.eq(column)]
        m.d.comb += [
            waits.command.eq(command),
            waits.bank.eq(bank),
            self.started.eq(upkeep.started),
        ]
        phy = self.phy
        enable = Signal(reset_less=True)  # low at power-up only: a chip at work must not lose it
        m.d.comb += phy.cke.eq(enable)
        m.d.sync += [
            enable.eq(1),
            phy.mask.eq(~upkeep.started),
            phy.command.eq(command),
            phy.bank.eq(bank),
            phy.address.eq(address),
            phy.write_data.eq(Array(head.data for head in heads)[now.port]),
            phy.write_en.eq(writes.any()),
            self.read_en.eq(reads),
            self.read_port.eq(now.port),
        ]
        self._watch(m, upkeep, words, step, turns)
        return m

    def _watch(self, m, upkeep, words, step, turns):
        """Say what the clock goes to."""
        behind = Signal()  # a refresh, and no word since
        activity = Signal(Activity)
        with m.If(upkeep.busy):
            m.d.sync += behind.eq(1)
        with m.Elif(words):
            m.d.sync += behind.eq(0)
        with m.If(words):
            m.d.comb += activity.eq(Activity.WORD)
        with m.Elif(~upkeep.started):
            m.d.comb += activity.eq(Activity.START)
        with m.Elif(upkeep.busy | upkeep.due | (behind & (step != Step.NONE))):
            m.d.comb += activity.eq(Activity.REFRESH)
        with m.Elif(turns):
            m.d.comb += activity.eq(Activity.TURN)
        with m.Elif(step != Step.NONE):
            m.d.comb += activity.eq(Activity.ROW)
        with m.Else():
            m.d.comb += activity.eq(Activity.WAIT)
        m.d.sync += self.activity.eq(activity)
