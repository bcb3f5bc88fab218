# SPDX-License-Identifier: Apache-2.0
"""An SDR SDRAM with two ports that read and two that write."""

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.memory.arbiter import Arbiter
from hw.memory.bus import (
    READ_PORTS,
    WRITE_PORTS,
    Activity,
    phy_signature,
    request_layout,
    write_layout,
)
from hw.memory.command_machine import CommandMachine
from hw.memory.reader import MIN_DEPTH, LinearReader
from hw.memory.writer import Writer


def port_members(geometry):
    """Return the members of the four ports, as the user sees them.

    Members
    -------
    i_read0, i_read1 : In(stream.Signature(request_layout(geometry)))
        Words that are asked for. Port 1 has a deadline, and goes before all others.
    o_read0, o_read1 : Out(stream.Signature(geometry.width))
        The words, in the order in which they were asked for.
    i_write0, i_write1 : In(stream.Signature(write_layout(geometry)))
    write_pending0, write_pending1 : Out(1)
        Not all words that were taken are in the memory. A read that is asked for while this is 0
        sees them all; otherwise ports do not wait for each other.
    """
    members = {}
    for n in range(READ_PORTS):
        members |= {
            f"i_read{n}": In(stream.Signature(request_layout(geometry))),
            f"o_read{n}": Out(stream.Signature(geometry.width)),
        }
    for n in range(WRITE_PORTS):
        members |= {
            f"i_write{n}": In(stream.Signature(write_layout(geometry))),
            f"write_pending{n}": Out(1),
        }
    return members


class Controller(wiring.Component):
    """Ports, turns, commands.

    A word comes back a fixed number of clocks behind its read, so that nothing but the room of each
    reader is counted.

    Parameters
    ----------
    geometry : hw.memory.timing.Geometry
    cycles : hw.memory.timing.Cycles
    read_cycles : int
        From a read at `phy` to its word at ``phy.read_data``, at `delay` 0.
    most_delay : int
    depths : sequence of int
        Words that wait at each port that reads.

    Members
    -------
    The ports' (:func:`port_members`), and:

    phy : Out(phy_signature(geometry))
    delay : In(range(most_delay + 1))
        Clocks more that a word takes. It may change while no read is on its way.
    started : Out(1)
        The start-up is over.
    activity : Out(Activity)
    """

    def __init__(self, geometry, cycles, *, read_cycles, most_delay, depths=(MIN_DEPTH, MIN_DEPTH)):
        self.geometry, self.cycles, self.depths = geometry, cycles, depths
        self.read_cycles, self.most_delay = read_cycles, most_delay
        super().__init__(
            {
                **port_members(geometry),
                "phy": Out(phy_signature(geometry)),
                "delay": In(range(most_delay + 1)),
                "started": Out(1),
                "activity": Out(Activity),
            }
        )

    def elaborate(self, platform):
        m = Module()
        geometry = self.geometry
        m.submodules.machine = machine = CommandMachine(geometry, self.cycles)
        m.submodules.arbiter = arbiter = Arbiter(geometry, READ_PORTS + WRITE_PORTS)
        wiring.connect(m, arbiter.o, machine.chunk)
        wiring.connect(m, machine.phy, wiring.flipped(self.phy))
        m.d.comb += [self.started.eq(machine.started), self.activity.eq(machine.activity)]

        # Who gets the word that comes: bits of (port 1, port 0).
        mine = [machine.read_en & (machine.read_port == n) for n in range(READ_PORTS)]
        line = [Cat(mine)]
        for _ in range(self.read_cycles + self.most_delay):
            stage = Signal(READ_PORTS)
            m.d.sync += stage.eq(line[-1])
            line.append(stage)
        word_en = Signal(READ_PORTS)
        with m.Switch(self.delay):
            for delay in range(self.most_delay + 1):
                with m.Case(delay):
                    m.d.comb += word_en.eq(line[self.read_cycles + delay])

        for n in range(READ_PORTS):
            m.submodules[f"reader{n}"] = reader = LinearReader(geometry, n, depth=self.depths[n])
            wiring.connect(m, wiring.flipped(getattr(self, f"i_read{n}")), reader.i)
            wiring.connect(m, reader.o, wiring.flipped(getattr(self, f"o_read{n}")))
            wiring.connect(m, reader.chunk, getattr(arbiter, f"i{READ_PORTS - 1 - n}"))
            m.d.comb += [reader.word_en.eq(word_en[n]), reader.word.eq(self.phy.read_data)]
        for n in range(WRITE_PORTS):
            m.submodules[f"writer{n}"] = writer = Writer(geometry, n)
            wiring.connect(m, wiring.flipped(getattr(self, f"i_write{n}")), writer.i)
            wiring.connect(m, writer.chunk, getattr(arbiter, f"i{READ_PORTS + n}"))
            wiring.connect(m, writer.head, getattr(machine, f"head{n}"))
            m.d.comb += getattr(self, f"write_pending{n}").eq(writer.pending)
        return m
