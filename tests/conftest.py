# SPDX-License-Identifier: Apache-2.0
"""What every test may rely on."""

import gc
import signal

# A shell that starts a job in the background lets it ignore Ctrl-C, and its children inherit that:
# tests that interrupt a program must not depend on how they were started themselves.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish():
    """Let the collector leave out what is there from now on: modules, and thousands of tests."""
    gc.collect()
    gc.freeze()
