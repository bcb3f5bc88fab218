# SPDX-License-Identifier: Apache-2.0
"""What every benchmark ends with: bad input in one line, never a traceback."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from support import termination
from support.failures import InputError


def check_positive(**numbers):
    """Refuse numbers, by the names of their options, that are not above 0.

    Raises
    ------
    InputError
    """
    for name, number in numbers.items():
        if not 0 < number < math.inf:
            raise InputError(f"--{name} is {number:g}; give a positive number")


def run(main, argv=None):
    """Call a benchmark's `main` with arguments, by default the process's.

    Returns
    -------
    int
        The exit status, as :func:`support.termination.run` gives it.
    """
    return termination.run(Path(sys.argv[0]).stem, lambda: main(argv))
