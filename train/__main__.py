# SPDX-License-Identifier: Apache-2.0
"""``torchrun --nproc-per-node N -m train ...``: a run in several processes, with the options of
``avatar train``.

Example: torchrun --nproc-per-node 2 -m train --preset compact --out runs/compact

Each process computes its share of every batch, and together they take the steps that one process
would. Exit status of a process: 0 good, 1 a loss is not finite or another process ended, 2 bad
input, 130 interrupted; torchrun's own is 0 or 1.
"""

from __future__ import annotations

import argparse
import sys

from support.failures import InputError
from support.termination import run
from train import options
from train.loop.parallel import is_first


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(f"{message}; see `avatar train --help`")


def main():
    """Train as the command line says, and return the exit status."""
    parser = _Parser(
        prog="train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for names, settings in options.ARGUMENTS:
        parser.add_argument(*names, **settings)
    # What stops one process stops all, for the same reason: the first one speaks.
    return run("train", lambda: options.train(parser.parse_args()), speaks=is_first)


if __name__ == "__main__":
    sys.exit(main())
