# SPDX-License-Identifier: Apache-2.0
"""What everything that calls PyTorch shares: threads, memory, a schedule."""

from __future__ import annotations

import math
import os
from contextlib import contextmanager

import torch

from support.failures import InputError


@contextmanager
def one_thread():
    """Compute on one thread, unless OMP_NUM_THREADS says otherwise.

    The arrays of a step are small: PyTorch's default, a thread for every core, waits for its
    slowest one in every operation, seven times as long for a step where other programs want the
    cores too. Several processes use several cores better (:mod:`train.loop.parallel`).
    """
    before = torch.get_num_threads()
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# In what PyTorch says where an allocation fails, or is too large to be tried.
_NO_MEMORY = (
    "allocate memory",
    "not enough memory",
    "out of memory",
    "Storage size calculation overflowed",
    "multiplication overflow",
)


@contextmanager
def within_memory():
    """Translate a failed allocation, which PyTorch tells from other errors by its text alone."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, RuntimeError) and not any(text in str(error) for text in _NO_MEMORY):
            raise
        raise InputError(
            "--channels: the networks do not fit into memory; give fewer channels"
        ) from None


def half_cosine(step, steps):
    """Return the share of a learning rate that is left at `step` of `steps`: 1 falls to 0."""
    return (1 + math.cos(math.pi * step / steps)) / 2
