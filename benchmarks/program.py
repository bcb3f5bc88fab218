# SPDX-License-Identifier: Apache-2.0
"""What every benchmark ends with: bad input in one line, never a traceback."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from support.failures import CheckFailed, InputError


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
        The exit status: what `main` returns, 2 after bad input, 130 after Ctrl-C.
    """
    name = Path(sys.argv[0]).stem
    try:
        return main(argv) or 0
    except (InputError, OSError) as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        return InputError.status
    except CheckFailed as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
