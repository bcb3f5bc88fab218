# SPDX-License-Identifier: Apache-2.0
"""Where builds are kept between runs, and how processes take turns."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path


def cache_dir():
    """Return the folder for builds: avatar-gan-fpga under ``$XDG_CACHE_HOME`` or ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "avatar-gan-fpga"


@contextlib.contextmanager
def lock(path):
    """Let one process at a time into the block; the others wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
