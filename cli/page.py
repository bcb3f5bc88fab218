# SPDX-License-Identifier: Apache-2.0
"""docs/verbs.md: every verb with its options, made of what ``--help`` is made of.

``python -m cli.page > docs/verbs.md``
"""

from __future__ import annotations

import inspect

from cli import GROUPS
from cli.arguments import VERBS

INTRODUCTION = """\
# Verbs

`avatar --help` lists the verbs, and `avatar VERB --help` says what stands here. [using](using.md)
tells what they are for, task by task. This page is made by `python -m cli.page > docs/verbs.md`.

The exit status is 0 if all is well, 1 if a check failed, 2 for bad input (one line says what, where
and the remedy) and 130 after Ctrl-C.
"""


def page():
    """Return the page as Markdown; the same on every machine and Python."""
    lines = [INTRODUCTION]
    for group in GROUPS:
        group.load()
        links = " · ".join(f"[{name}](#avatar-{name})" for name in group.verbs)
        lines.append(f"- {group.title}: {links}")
    for group in GROUPS:
        lines += ["", f"## {group.title.capitalize()}"]
        for name in group.verbs:
            lines += ["", f"### avatar {name}", "", *_verb(*VERBS[name])]
    return "\n".join(lines) + "\n"


def _verb(function, arguments):
    """Return the lines of one verb: its docstring, the example as code, a table of options."""
    lines = []
    for paragraph in inspect.getdoc(function).split("\n\n"):
        if paragraph.startswith("Example: "):
            paragraph = f"```\n{paragraph.removeprefix('Example: ')}\n```"
        lines += [paragraph, ""]
    lines += ["| option | what it is |", "|---|---|"]
    lines += [_row(names, settings) for names, settings in arguments]
    return lines


def _row(names, settings):
    words = names[-1]
    if not words.startswith("-"):
        words = settings.get("metavar", words)
    elif "choices" in settings:
        words += f" {{{','.join(map(str, settings['choices']))}}}"
    elif settings.get("action") != "store_true":
        value = settings.get("metavar", words.lstrip("-").upper())
        words += f" [{value}]" if settings.get("nargs") == "?" else f" {value}"
    text = settings["help"] + ("; required" if settings.get("required") else "")
    return "| `" + words.replace("|", "\\|") + "` | " + text.replace("|", "\\|") + " |"


if __name__ == "__main__":
    print(page(), end="")
