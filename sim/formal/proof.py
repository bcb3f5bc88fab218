# SPDX-License-Identifier: Apache-2.0
"""What a proof is: a harness with assertions, how deep to look, and a fault that it must catch."""

import importlib
import importlib.util
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amaranth.hdl import Assume, Cover, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring

BOUNDED, INDUCTION = "bmc", "prove"  # SymbiYosys' names


@dataclass(frozen=True)
class Proof:
    """One run of the model checker.

    Parameters
    ----------
    name : str
    make : callable
        Takes the module under test, which may be a faulty copy of it; returns the harness. All
        inputs of the harness are free.
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
        """Return the harness around the module, or around its faulty copy."""
        module = importlib.import_module(self.module)
        return self.make(_faulty(self.module, *self.fault) if faulty else module)


def _faulty(name, right, wrong):
    """Return a copy of a module with a piece of its text replaced."""
    spec = importlib.util.find_spec(name)
    text = Path(spec.origin).read_text()
    if text.count(right) != 1:
        raise ValueError(f"{name}: {right!r} is there {text.count(right)} times, not once")
    module = types.ModuleType(name)
    module.__file__, module.__package__ = spec.origin, name.rpartition(".")[0]
    exec(compile(text.replace(right, wrong), spec.origin, "exec"), module.__dict__)
    return module


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
