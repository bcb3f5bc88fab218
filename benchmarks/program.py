# SPDX-License-Identifier: Apache-2.0
"""What a benchmark ends with: bad input in one line, never a traceback."""

from __future__ import annotations

import sys
from pathlib import Path

from golden.failures import CheckFailed
from golden.spec import InputError


def run(main):
    """Call a benchmark's `main` and leave the program: status 2 after bad input, 130 after Ctrl-C.

    `main` returns the exit status, None for 0.
    """
    name = Path(sys.argv[0]).stem
    try:
        sys.exit(main())
    except (InputError, OSError) as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        sys.exit(InputError.status)
    except CheckFailed as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(error.status)
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        sys.exit(130)
