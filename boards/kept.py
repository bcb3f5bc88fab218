# SPDX-License-Identifier: Apache-2.0
"""Steps of a build, kept by what decides them."""

from __future__ import annotations

import hashlib
import json
import shutil

from golden.cache import cache_dir, lock


def digest(*parts):
    """Return 24 hex digits of the SHA-256 over `parts`, of JSON's types."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def kept(step, key, work):
    """Return the folder that ``work(folder)`` filled, now or in an earlier run.

    Where `work` raises, what it left lies beside in ``KEY.partial``, logs included, until the next
    try.

    Parameters
    ----------
    step : str
        Name of the step, a folder of :func:`golden.cache.cache_dir`.
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
