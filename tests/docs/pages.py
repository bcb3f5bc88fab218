# SPDX-License-Identifier: Apache-2.0
"""The commands and outputs in the documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ELLIPSIS = "..."  # a line of its own: any lines; within a line: any text


@dataclass(frozen=True)
class Step:
    """A command line of a document.

    Attributes
    ----------
    command : str
    output : tuple of str
        The lines that the document shows behind it.
    """

    command: str
    output: tuple[str, ...]


def steps(text):
    """Return every :class:`Step` in the ``console`` blocks of a document, from top to bottom."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *output = part.rstrip("\n").split("\n")
            found.append(Step(command, tuple(output)))
    return found


def matches(shown, printed):
    """Return whether printed lines are those that a document shows."""
    pattern = ""
    for line in shown:
        if line == ELLIPSIS:
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(map(re.escape, line.split(ELLIPSIS))) + r"\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def command_lines(text):
    """Return every line and every span of code in a document that begins with ``avatar VERB``."""
    text = text.replace("\\\n", " ")
    lines = re.findall(r"^(?:\$ |    )?\s*(avatar [a-z].*?)$", text, re.MULTILINE)
    spans = re.findall(r"(?<!`)`(avatar [^`]+)`", " ".join(text.split("\n")))
    return [re.sub(r"\s+#.*", "", each) for each in lines + spans]
