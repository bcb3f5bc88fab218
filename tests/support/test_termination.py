# SPDX-License-Identifier: Apache-2.0
import signal
import subprocess
import sys

PROGRAM = """
import time
from support.termination import end_on_sigterm
end_on_sigterm()
try:
    print("begun", flush=True)
    time.sleep(60)
finally:
    print("put away")
"""


def test_sigterm_leaves_nothing_behind():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "begun\n"
        process.terminate()
        assert process.communicate(timeout=30)[0] == "put away\n"
    assert process.returncode == 128 + signal.SIGTERM
