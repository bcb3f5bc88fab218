# SPDX-License-Identifier: Apache-2.0
"""How far a long task is, on standard error: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import re
import sys
import time

from tqdm import tqdm

DELAY = 2  # seconds; what is done sooner shows nothing
EVERY = 30  # seconds between two lines of the same task, where no bar can be drawn

_YOSYS = re.compile(r"^(\d+\.\d+)[\d.]*\. Executing (\w+)")
_LOADED = re.compile(r"^(Load|Loading|Writ)[^:]*: \[.*\] *(\d+)\.\d+%")  # openFPGALoader's bar
_ARCS = re.compile(r"^Info: Routing (\d+) arcs")
_ROUND = re.compile(r"^Info: +at (?:initial placer iter |iteration #)(\d+).*?wirelen\D*(\d+)")
_ROUTER1 = re.compile(r"^Info: +\d+ \|(?:[^|]*\|){2} *(\d+)\|")
_ROUTER2 = re.compile(r"^Info: +iter=(\d+) wires=\d+ overused=(\d+)")
# What nextpnr does from each of these lines of its log on.
_PHASES = (
    (re.compile(r"^Info: (Logic utilisation before packing|Packing )"), "packing"),
    (re.compile(r"^Info: Creating initial analytic placement"), "placing"),
    (re.compile(r"^Info: Running simulated annealing placer"), "refining the placement"),
    (re.compile(r"^Info: (SA placement|Refinement|Router\d) [Tt]ime"), "timing"),
    (re.compile(r"^Info: Routing globals"), "routing global nets"),
    (re.compile(r"^Info: Routing\.\."), "routing"),
    (re.compile(r"^Info: Slack histogram"), "writing"),
)


def bar(iterable=None, *, total=None, initial=0, desc="", unit="it", leave=False, disable=False):
    """Wrap an iterable, or count the calls of ``update``, and show how far that is.

    On a terminal it is tqdm's bar, which comes after :data:`DELAY` seconds and goes when all is
    done. Elsewhere, in a pipe or a log, it is a line every :data:`EVERY` seconds and one at the
    end, if the whole took longer than :data:`DELAY`.

    Parameters
    ----------
    iterable : iterable, optional
    total : int, optional
        How many; by default the iterable's length, where it has one.
    initial : int
        How many were done before.
    desc, unit : str
        What is done, and the name of one.
    leave : bool
        Keep the full bar on the terminal.
    disable : bool
        Show nothing.

    Returns
    -------
    tqdm, or an object that can do the same: be iterated over or be entered as a context manager;
    `update`, `set_postfix`, `set_postfix_str`, `close`, `n`.
    """
    if disable or sys.stderr.isatty():
        return tqdm(
            iterable,
            total=total,
            initial=initial,
            desc=desc or None,
            unit=unit,
            delay=DELAY,
            leave=leave,
            disable=disable,
            file=sys.stderr,
        )
    return _Lines(iterable, total, initial, desc, unit)


def write(text, file=None):
    """Print a line, to standard output by default, without a bar running through it."""
    tqdm.write(text, file=file)


class _Lines:
    """A line now and then in place of a bar; see :func:`bar`."""

    def __init__(self, iterable, total, initial, desc, unit):
        self._iterable = iterable
        self._total = len(iterable) if total is None and hasattr(iterable, "__len__") else total
        self._desc, self._unit, self._postfix = desc, unit, ""
        self.n = initial
        self._begun = self._told = time.monotonic()
        self._open = True

    def __iter__(self):
        for item in self._iterable:
            yield item
            self.update()
        self.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:  # else the error is the last line
            self.close()

    def update(self, n=1):
        self.n += n
        if time.monotonic() - self._told >= EVERY:
            self._tell()

    def set_postfix(self, values):
        self.set_postfix_str(", ".join(f"{name}={value}" for name, value in values.items()))

    def set_postfix_str(self, text):
        self._postfix = text

    def close(self):
        if self._open and time.monotonic() - self._begun >= DELAY:
            self._tell()
        self._open = False

    def _tell(self):
        self._told = time.monotonic()
        of = "" if self._total is None else f"/{self._total:,}"
        took = tqdm.format_interval(self._told - self._begun)
        words = [f"{self.n:,}{of} {self._unit}", took, *filter(None, [self._postfix])]
        _print_line(f"{self._desc}: " * bool(self._desc) + ", ".join(words))


class Progress:
    """What a toolchain is at, from the logs of its tools; a context manager.

    `stage` begins a stage, `line` takes a line of a tool's log, or an empty one where a tool has
    been silent for a moment. On a terminal it is one line with the stage, what its tool is doing,
    and the time since the beginning. Elsewhere it is a line at the end of each part that took
    longer than :data:`DELAY`, and one every :data:`EVERY` seconds.

    Parameters
    ----------
    disable : bool
        Show nothing.
    """

    def __init__(self, *, disable=False):
        terminal = sys.stderr.isatty()
        self._plain = not terminal and not disable
        self._bar = tqdm(
            bar_format="{desc} {elapsed}",
            delay=1,
            leave=False,
            disable=disable or not terminal,
            file=sys.stderr,
        )
        self._stage = self._phase = self._detail = ""
        self._arcs = 0
        self._begun = self._told = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self._end_part()
        self._bar.close()

    def stage(self, name):
        self._end_part()
        self._stage, self._phase, self._arcs = name, "", 0
        self._say("")

    def line(self, line):
        for pattern, phase in _PHASES:
            # Of two histograms, the one behind routing is the last of the log before the files.
            if pattern.search(line) and (phase != "writing" or self._arcs):
                self._begin_phase(phase)
        if match := _YOSYS.match(line):
            self._say(f"step {match[1]}, {match[2].lower()}")
        elif match := _ROUND.match(line):
            self._say(f"round {match[1]}, wires {int(match[2]):,}")
        elif match := _ARCS.match(line):
            self._arcs = int(match[1])
            self._say(f"{self._arcs:,} arcs left")
        elif match := _ROUTER1.match(line):
            self._say(f"{int(match[1]):,} of {self._arcs:,} arcs left")
        elif match := _ROUTER2.match(line):
            self._say(f"round {match[1]}, {int(match[2]):,} wires used twice")
        elif match := _LOADED.match(line):
            self._say(f"{match[2]}%")
        else:
            self._refresh()

    def _begin_phase(self, phase):
        if phase != self._phase:
            if self._phase:  # else its tool has only read its files
                self._end_part()
            self._phase = phase
            self._say("")

    def _say(self, detail):
        self._detail = detail
        self._bar.set_description_str(self._text(), refresh=False)
        self._refresh()

    def _text(self):
        what = ", ".join(filter(None, [self._phase, self._detail]))
        return f"{self._stage}: {what}" if what else self._stage

    def _refresh(self):
        self._bar.update(0)
        if self._plain and time.monotonic() - self._told >= EVERY:
            self._tell(self._text())

    def _end_part(self):
        """Say how long the phase, or the stage without phases, took."""
        if self._plain and time.monotonic() - self._begun >= DELAY:
            self._detail = ""
            self._tell(f"{self._text()}: done")
        self._begun = time.monotonic()

    def _tell(self, text):
        self._told = time.monotonic()
        _print_line(f"{text}, {tqdm.format_interval(self._told - self._begun)}")


def _print_line(text):
    print(text, file=sys.stderr, flush=True)
