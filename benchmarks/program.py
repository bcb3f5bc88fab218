# SPDX-License-Identifier: Apache-2.0
"""What every benchmark ends with: bad input in one line, never a traceback."""

from __future__ import annotations

import sys
from pathlib import Path

from golden.failures import CheckFailed
from golden.spec import InputError


def run(main, argv=None):
    """Call a benchmark's `main` with arguments, by default the process's.

    Returns
    -------
    int
        The exit status: 2 after bad input, 130 after Ctrl-C.
    """
    name = Path(sys.argv[0]).stem
    try:
        main(argv)
    except (InputError, OSError) as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        return InputError.status
    except CheckFailed as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    return 0
