# SPDX-License-Identifier: Apache-2.0
"""The console script ``avatar``: a group of verbs is imported when one of them is called.

Exit status: 0 good, 1 a check failed, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import inspect
import re
import sys
from dataclasses import dataclass

from cli.arguments import VERBS
from support.failures import InputError
from support.termination import end_on_sigterm, run


@dataclass(frozen=True)
class Group:
    """Verbs of one kind of task, in the order in which a user needs them.

    Attributes
    ----------
    title : str
    modules : tuple of str
        In this package; they register the verbs.
    verbs : tuple of str
    """

    title: str
    modules: tuple[str, ...]
    verbs: tuple[str, ...]

    def load(self):
        """Import the modules, so that the verbs are in :data:`cli.arguments.VERBS`."""
        for module in self.modules:
            importlib.import_module(f"cli.{module}")


GROUPS = (
    Group(
        "pictures and training",
        ("training",),
        ("data", "train", "finetune", "distill", "prune", "grow", "evaluate", "experiment"),
    ),
    Group("models", ("models",), ("models", "info", "import", "quantize", "pack", "export")),
    Group(
        "simulation",
        ("simulation", "screen"),
        ("demo", "sim", "perf", "verilog", "board-sim", "screen-sim"),
    ),
    Group(
        "boards",
        ("fpga", "board", "screen"),
        (
            "boards",
            "fit",
            "build",
            "bitstream",
            "swap",
            "program",
            "check",
            "load",
            "stream",
            "collect",
            "screen",
            "synth",
            "explore",
        ),
    ),
    Group("reference", ("reference",), ("generate", "interpolate", "invert")),
    Group("page", ("web",), ("web",)),
)
GROUP_OF = {name: group for group in GROUPS for name in group.verbs}

DESCRIPTION = """\
From pictures to avatars out of an FPGA: train a GAN, quantise it to one model file, run that file
through a bit-exact NumPy reference and through the hardware, simulated or on a board.

  pictures -> avatar train -> avatar quantize -> model.safetensors -> avatar generate
                                                                   -> avatar sim, board-sim"""
FIRST_STEPS = """\
first steps:
  avatar generate --count 12      avatars of a shipped model, in the terminal
  avatar demo                     the same by the simulated board, compared byte for byte
  avatar train --help             how a model of your own is made

`avatar VERB --help` explains a verb and gives an example."""


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one line, which names the option that was meant."""

    def error(self, message):
        raise InputError(f"{message}; see `{self.prog} --help`")

    def parse_args(self, args=None, namespace=None):
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            known = self._option_string_actions
            self.error(f"unrecognized arguments: {' '.join(unknown)}{_meant(unknown[0], known)}")
        return parsed


def _meant(word, known):
    """Return what follows a word that is none of `known`: a question where one of them is near."""
    near = difflib.get_close_matches(word.split("=")[0], known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _verb_parser(name):
    """Return the parser of a verb, whose group is loaded."""
    function, arguments = VERBS[name]
    parser = _Parser(
        prog=f"avatar {name}",
        description=inspect.getdoc(function),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for names, settings in arguments:
        parser.add_argument(*names, **settings)
    return parser


def summary(name):
    """Return the line that stands for a verb, whose group is loaded, in the list of all."""
    return inspect.getdoc(VERBS[name][0]).splitlines()[0].rstrip(".")


def overview():
    """Return what a bare ``avatar`` prints: the groups, their verbs, three first commands."""
    lines = [DESCRIPTION, ""]
    width = max(map(len, GROUP_OF))
    for group in GROUPS:
        group.load()
        lines.append(f"{group.title}:")
        lines += [f"  {name:<{width}}  {summary(name)}" for name in group.verbs]
        lines.append("")
    return "\n".join([*lines, FIRST_STEPS])


def version():
    """Return the version of the installed project, as pip knows it."""
    from importlib import metadata

    try:
        return metadata.version("avatar-gan-fpga")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def verb_parser(name):
    """Return the parser of the verb `name`.

    Raises
    ------
    InputError
        There is no such verb.
    """
    if name not in GROUP_OF:
        raise InputError(f"there is no verb {name}{_meant(name, GROUP_OF)}; see `avatar --help`")
    GROUP_OF[name].load()
    return _verb_parser(name)


def main(argv=None):
    """Run ``avatar`` with the arguments `argv` (those of the process by default).

    Returns
    -------
    int
        The exit status, as :func:`support.termination.run` gives it.
    """
    end_on_sigterm()
    return run("avatar", lambda: _main(sys.argv[1:] if argv is None else [*argv]))


def _main(argv):
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if argv[0] == "--version":
        print(f"avatar-gan-fpga {version()}")
        return 0
    if re.match("-", argv[0]):
        raise InputError(f"{argv[0]} comes before any verb; see `avatar --help`")
    args = verb_parser(argv[0]).parse_args(argv[1:])
    return VERBS[argv[0]][0](args)
