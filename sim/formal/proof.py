# SPDX-License-Identifier: Apache-2.0
"""What a proof is: a harness with assertions, how deep to look, and a fault that it must catch."""

import importlib.util
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amaranth.hdl import Assume, Cover, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

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
    """

    name: str
    make: Callable
    module: str
    fault: tuple[str, str]
    depth: int
    cover: int
    mode: str = BOUNDED

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
    payload = Value.cast(stream.payload)
    waited = Signal(name=f"{name}_waited")
    before = Signal(len(payload), name=f"{name}_before")
    m.d.sync += [waited.eq(stream.valid & ~stream.ready), before.eq(payload)]
    m.d.comb += Cover(waited & stream.valid & stream.ready)
    return ~waited | (stream.valid & (payload == before))


class AnyCrc(wiring.Component):
    """In the place of :class:`hw.uart.crc32.Crc32`, whatever it may say: what holds then, holds.

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
