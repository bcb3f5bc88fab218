# SPDX-License-Identifier: Apache-2.0
"""The console script ``avatar``: arguments only, the folder behind a verb is imported in the verb.

Exit status: 0 good, 1 a check failed, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys

from golden.spec import InputError

DESCRIPTION = """\
From pictures to avatars out of an FPGA: train a GAN, quantise it to one model file, run that file
through a bit-exact NumPy reference and through the hardware, simulated or on a board.

  pictures -> avatar train -> avatar quantize -> model.safetensors -> avatar generate
                                                                   -> avatar sim, board-sim

`avatar VERB --help` explains a verb and gives an example."""

_VERBS = {}


def argument(*names, **options):
    """Describe one argument of a verb, as ``ArgumentParser.add_argument`` takes it."""
    return names, options


def verb(name, *arguments):
    """Register a function as the verb `name`: its docstring is the help, its result the status.

    The first line of the docstring appears in the list of verbs. The function takes the parsed
    arguments and returns an exit status, or None for 0.
    """

    def register(function):
        _VERBS[name] = (function, arguments)
        return function

    return register


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one line."""

    def error(self, message):
        raise InputError(f"{message}; see `{self.prog} --help`")


def _parser():
    formatter = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="avatar", description=DESCRIPTION, formatter_class=formatter)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True, dest="verb")
    for name, (function, arguments) in _VERBS.items():
        text = inspect.getdoc(function)
        help_line = text.splitlines()[0].rstrip(".")
        sub = verbs.add_parser(
            name, help=help_line, description=text, formatter_class=formatter, allow_abbrev=False
        )
        sub.set_defaults(function=function)
        for names, options in arguments:
            sub.add_argument(*names, **options)
    return parser


def main(argv=None):
    """Run ``avatar`` with the arguments `argv` (those of the process by default).

    Returns
    -------
    int
        The exit status. Bad input is one line on standard error, never a traceback.
    """
    try:
        args = _parser().parse_args(argv)
        status = args.function(args) or 0
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader, `head` say, has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except InputError as error:
        line = str(error)
    except OSError as error:
        line = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    except KeyboardInterrupt:
        print("avatar: interrupted", file=sys.stderr)
        return 130
    print(f"avatar: error: {line}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
