# SPDX-License-Identifier: Apache-2.0
"""The end of a program that has started others, or has files to put away."""

import signal
import sys


def end_on_sigterm():
    """Let SIGTERM end this process as an exception does: what it started ends with it."""

    def terminated(*_):
        sys.exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, terminated)
