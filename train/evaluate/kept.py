# SPDX-License-Identifier: Apache-2.0
"""Figures that no generator changes, kept between calls by what decides them."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
import torch

from support.cache import digest, kept

STEP = "evaluate"  # folder of the cache
FILE = "figures.json"
TRAIN = Path(__file__).parents[1]
CODE = ("data", "evaluate", "networks", "run")  # folders of train that decide a figure


def kept_figures(parts, work):
    """Return the figures that ``work()`` gives, from an earlier call where there was one.

    Where nothing can be kept, a home that is read-only say, they are worked out.

    Parameters
    ----------
    parts : list
        Of JSON's values and of arrays: all that decides the figures, but for our own code and the
        versions of NumPy and PyTorch, which count, too.
    work : callable
        Returns a dict that JSON can hold.

    Returns
    -------
    dict
    """

    def write(folder):
        (folder / FILE).write_text(json.dumps(work()))

    key = digest(np.__version__, torch.__version__, _code(), *map(_part, parts))
    try:
        return json.loads((kept(STEP, key, write) / FILE).read_text())
    except (OSError, ValueError):
        return work()


def _part(part):
    if not isinstance(part, np.ndarray):
        return part
    return [part.shape, hashlib.sha256(np.ascontiguousarray(part)).hexdigest()]


@cache
def _code():
    sha = hashlib.sha256()
    for folder in CODE:
        for path in sorted((TRAIN / folder).glob("*.py")):
            sha.update(path.read_bytes())
    return sha.hexdigest()
