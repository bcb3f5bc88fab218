# SPDX-License-Identifier: Apache-2.0
"""A deliberate fault in the hardware, and the bench that must catch it."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path

from support.failures import InputError


class Misplaced(InputError):
    """The text that a mutant changes is not there exactly once."""


@dataclass(frozen=True)
class Mutant:
    """A fault.

    Attributes
    ----------
    name : str
    file : str
        Below ``hw/``.
    old, new : str
        The text that is changed, found exactly once, and what stands in its place.
    bench : str
        Who must catch it: ``tests/...::test``, of pytest; or ``MACHINE/PART``, the bench of one
        part of :mod:`sim.benches.components` on one of its machines.
    why : str
        What a user would see.
    """

    name: str
    file: str
    old: str
    new: str
    bench: str
    why: str

    def text(self, root):
        """Return the file below `root` with the fault in it.

        Raises
        ------
        Misplaced
        """
        text = Path(root, "hw", self.file).read_text()
        count = text.count(self.old)
        if count != 1:
            raise Misplaced(
                f"{self.name}: hw/{self.file} has its text {count} times; it must be there once, "
                f"so bring the mutant up to date: {self.old!r}"
            )
        return text.replace(self.old, self.new)

    @contextlib.contextmanager
    def applied(self, root):
        """Put the fault into the tree below `root`, and take it out again."""
        path = Path(root, "hw", self.file)
        sound, text = path.read_text(), self.text(root)
        path.write_text(text)
        try:
            yield
        finally:
            path.write_text(sound)


def command(bench):
    """Return the command that runs `bench` in the current folder; it exits 1 if a check fails."""
    if "::" in bench:
        quiet = ["-q", "--tb=no", "-rf", "-p", "no:cacheprovider", "-x"]
        return [sys.executable, "-m", "pytest", *quiet, bench]
    return [sys.executable, "-m", "tests.mutants.part", *bench.split("/")]
