# SPDX-License-Identifier: Apache-2.0
"""Where steps of builds are kept, by what decides them, and how processes take turns."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from pathlib import Path

from support.failures import InputError

LOCK_TIMEOUT = 4 * 3600.0  # seconds; the longest that one step of a build may take is three hours
NOTICE_AFTER = 5.0  # seconds
POLL = 0.1  # seconds


def cache_dir():
    """Return the folder for builds: avatar-gan-fpga under ``$XDG_CACHE_HOME`` or ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home).absolute() / "avatar-gan-fpga"  # what runs elsewhere finds it, too


@contextlib.contextmanager
def lock(path):
    """Let one process at a time into the block; the others wait, and say so.

    Raises
    ------
    InputError
        Another process has been in it for :data:`LOCK_TIMEOUT`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        begun, told = time.monotonic(), False
        while not _taken(file):
            waited = time.monotonic() - begun
            if waited > LOCK_TIMEOUT:
                raise InputError(f"another process holds {path} for hours; end that one")
            if waited > NOTICE_AFTER and not told:
                print(f"avatar: waiting for another process at {path.stem}", file=sys.stderr)
                told = True
            time.sleep(POLL)
        yield


def _taken(file):
    """Return whether the lock on `file` is now this process's."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def digest(*parts):
    """Return 24 hex digits of the SHA-256 over `parts`, of JSON's types."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def digest_of_files(paths):
    """Return the SHA-256, in hex, over names and bytes of files in their order."""
    sha = hashlib.sha256()
    for path in paths:
        sha.update(f"{path.name}\0".encode() + path.read_bytes())
    return sha.hexdigest()


def kept(step, key, work):
    """Return the folder that ``work(folder)`` filled, now or in an earlier run.

    Where `work` raises, what it left lies beside in ``KEY.partial``, logs included, until the next
    try.

    Parameters
    ----------
    step : str
        Name of the step, a folder of :func:`cache_dir`.
    key : str
        Digest of all that decides the files.
    work : callable
    """
    folder = cache_dir() / step / key
    with lock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            work(partial)
            partial.rename(folder)
    return folder
