# SPDX-License-Identifier: Apache-2.0
"""One line on standard error of what a toolchain is at, from the tools' own logs."""

from __future__ import annotations

import re

from tqdm import tqdm

_YOSYS = re.compile(r"^(\d+\.\d+)[\d.]*\. Executing (\S+)")
_PLACING = re.compile(r"at iteration #(\d+).*?wirelen (?:solved )?= (\d+)")
_ARCS = re.compile(r"Routing (\d+) arcs")
_ROUTING = re.compile(r"^Info: +\d+ \|(?:[^|]*\|){2} *(\d+)\|")


class Progress:
    """A line with the stage, what its tool is doing, and the time since the beginning.

    Use it as a context manager; `stage` begins a stage, `line` takes a line of the tool's log.

    Parameters
    ----------
    disable : bool, optional
        Show nothing; by default where standard error is no terminal.
    """

    def __init__(self, *, disable=None):
        self._bar = tqdm(bar_format="{desc} {elapsed}", delay=1, leave=False, disable=disable)
        self._stage, self._arcs = "", 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._bar.close()

    def stage(self, name):
        self._stage = name
        self._say("")

    def line(self, line):
        if match := _YOSYS.match(line):
            self._say(f"step {match[1]}, {match[2].lower()}")
        elif match := _PLACING.search(line):
            self._say(f"placing, round {match[1]}, wires {int(match[2]):,}")
        elif match := _ARCS.search(line):
            self._arcs = int(match[1])
        elif self._arcs and (match := _ROUTING.match(line)):
            self._say(f"routing, {max(0, 1 - int(match[1]) / self._arcs):.0%}")
        else:
            self._bar.update(0)

    def _say(self, text):
        self._bar.set_description_str(f"{self._stage}: {text}" if text else self._stage)
