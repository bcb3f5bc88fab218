# SPDX-License-Identifier: Apache-2.0
"""What a proof is: a harness with assertions, how deep to look, and a fault that it must catch."""

import importlib.util
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amaranth.hdl import Assume, Cover, Module, ResetSignal, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.primitives.block_ram import BlockRam

BOUNDED, INDUCTION = "bmc", "prove"  # SymbiYosys' names


@dataclass(frozen=True)
class Proof:
    """One run of the model checker.

    Parameters
    ----------
    name : str
    make : callable
        Takes a copy of the module under test, a faulty one perhaps; returns the harness. All inputs
        of the harness are free.
    module : str
        Dotted name of the module under test.
    fault : (str, str)
        A piece of that module's text, there once, and what makes it wrong.
    depth : int
        Clocks from reset; of an induction, the clocks that it looks back.
    cover : int
        Clocks in which every cover statement is reached.
    mode : str
        `BOUNDED`, or `INDUCTION`: then it holds for all time.
    registers : bool
        The solver sees memories as registers, not as arrays: faster where they are small.
    """

    name: str
    make: Callable
    module: str
    fault: tuple[str, str]
    depth: int
    cover: int
    mode: str = BOUNDED
    registers: bool = False

    def harness(self, *, faulty=False):
        """Return the harness around a copy of the module, or around a faulty one."""
        spec = importlib.util.find_spec(self.module)
        text = Path(spec.origin).read_text()
        if faulty:
            right, wrong = self.fault
            if text.count(right) != 1:
                count = text.count(right)
                raise ValueError(f"{self.module}: {right!r} is there {count} times, not once")
            text = text.replace(right, wrong)
        module = types.ModuleType(self.module)
        module.__file__, module.__package__ = spec.origin, spec.parent
        exec(compile(text, spec.origin, "exec"), module.__dict__)
        return self.make(module)


class Harness(wiring.Component):
    """A component whose elaboration is a module without reset, filled by :meth:`check`."""

    def elaborate(self, platform):
        m = Module()
        m.d.comb += Assume(~ResetSignal())
        self.check(m)
        return m


def holds(m, name, stream):
    """Return whether a stream kept valid and payload since the last cycle, if it was not taken.

    Adds the cover statement that a payload which had to wait is taken.
    """
    payload = Value.cast(stream.payload).as_unsigned()
    waited = Signal(name=f"{name}_waited")
    before = Signal(len(payload), name=f"{name}_before")
    m.d.sync += [waited.eq(stream.valid & ~stream.ready), before.eq(payload)]
    m.d.comb += Cover(waited & stream.valid & stream.ready)
    return ~waited | (stream.valid & (payload == before))


class AnyCrc(wiring.Component):
    """In the place of :class:`hw.primitives.crc32.Crc32`: what holds whatever it says, holds.

    It spares the model checker the search for messages whose CRC is right.

    Parameters
    ----------
    value : Signal
        A free input of the harness.
    """

    clear: In(1)
    en: In(1)
    data: In(8)
    crc: Out(32)

    def __init__(self, value):
        self.value = value
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.crc.eq(self.value)
        return m


class AnyBlockRam(BlockRam):
    """In the place of :class:`hw.primitives.block_ram.BlockRam`, whatever it may hold, and read.

    Parameters
    ----------
    value : Signal
        A free input of the harness.
    """

    def __init__(self, value, *size, **lanes):
        self.value = value
        super().__init__(*size, **lanes)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.data.eq(self.value)
        return m


ANY_FIFO = data.StructLayout({"w_rdy": 1, "r_rdy": 1, "level": 5, "r_data": 8})


class AnyFifo(wiring.Component):
    """In the place of :class:`amaranth.lib.fifo.SyncFIFOBuffered`, whatever it may hold.

    It keeps the stream rule where it is read; that a FIFO does, and more, is for
    :mod:`sim.formal.fifos`. An induction begins in any state, and in most states a FIFO's pointers
    are nonsense.

    Parameters
    ----------
    value : View
        A free input of the harness, of layout `ANY_FIFO`.
    width, depth : int
        As the FIFO's.
    """

    def __init__(self, value, *, width, depth):
        self.value = value
        self.read = stream.Signature(width).create()
        super().__init__(
            {
                "w_en": In(1),
                "w_data": In(width),
                "w_rdy": Out(1),
                "r_en": In(1),
                "r_data": Out(width),
                "r_rdy": Out(1),
                "level": Out(range(depth + 1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.w_rdy.eq(self.value.w_rdy),
            self.r_rdy.eq(self.value.r_rdy),
            self.r_data.eq(self.value.r_data),
            self.level.eq(self.value.level),
            self.read.valid.eq(self.r_rdy),
            self.read.payload.eq(self.r_data),
            self.read.ready.eq(self.r_en),
            Assume(holds(m, "read", self.read)),
        ]
        return m
