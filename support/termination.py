# SPDX-License-Identifier: Apache-2.0
"""How each of our programs ends: its exit status, and one line where something is wrong."""

import os
import signal
import sys

from support.failures import CheckFailed, InputError

INTERRUPTED = 130  # exit status, as a shell gives it to what Ctrl-C ended
EXTRA_OF = {  # which extra of this project installs a module
    "torch": "train",
    "tensorboard": "train",
    "matplotlib": "train",
    "onnx": "train",
    "amaranth": "sim",
    "cocotb": "sim",
    "cocotb_tools": "sim",
    "serial": "boards",
    "amaranth_boards": "boards",
    "joblib": "bench",
    "distributed": "bench",
    "aiohttp": "web",
}


def end_on_sigterm():
    """Let SIGTERM end this process as an exception does: what it started ends with it."""

    def terminated(*_):
        sys.exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, terminated)


def run(name, program, *, speaks=lambda: True):
    """Call a program's function, and return the exit status of its process.

    Bad input is one line on standard error, below the notes of the exception if it has any, never a
    traceback. A failed check is its own message. What a terminal cannot print is replaced.

    Parameters
    ----------
    name : str
        Of the program; stands before each line.
    program : callable
        Its result is the status, None for 0.
    speaks : callable
        Whether this process says what went wrong, asked when it does.

    Returns
    -------
    int
        0 good, 1 a check failed, 2 bad input, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # pytest's own have none
            stream.reconfigure(errors="replace")
    try:
        status = program() or 0
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader, `head` say, has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:
        status, line = _ending(error)
        if speaks():
            for note in getattr(error, "__notes__", ()):
                print(note, file=sys.stderr)
            print(f"{name}: {line}", file=sys.stderr)
        return status


def _ending(error):
    """Return exit status and line of what ended a program; raise what is a fault of our own."""
    if isinstance(error, CheckFailed):
        return error.status, str(error)
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, str(error) or "interrupted"
    if isinstance(error, InputError):
        line = str(error)
    elif isinstance(error, OSError):
        line = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    elif isinstance(error, MemoryError):
        line = "not enough memory; ask for fewer or smaller pictures at a time"
    else:
        module = (getattr(error, "name", None) or "").split(".")[0]
        if not isinstance(error, ModuleNotFoundError) or module not in EXTRA_OF:
            raise error
        line = f"{module} is not installed; this needs: pip install -e '.[{EXTRA_OF[module]}]'"
    line = "".join(c if c.isprintable() else " " for c in line)  # one line, whatever was quoted
    return InputError.status, f"error: {line}"
