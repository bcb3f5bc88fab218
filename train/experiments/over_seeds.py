# SPDX-License-Identifier: Apache-2.0
"""What figures of a few seeds allow to say: 95 % intervals by Student's t."""

from __future__ import annotations

import math

import numpy as np

# 97.5 % quantile of Student's t by degrees of freedom.
T_QUANTILE = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    6: 2.447,
    7: 2.365,
    8: 2.306,
    9: 2.262,
    10: 2.228,
    12: 2.179,
    15: 2.131,
    20: 2.086,
    30: 2.042,
}


def _quantile(degrees):
    """Return that of the most degrees of freedom in the table that are not more: no narrower."""
    return T_QUANTILE[max(known for known in T_QUANTILE if known <= degrees)]


def interval(values):
    """Mean and half width of its interval, of values of two seeds or more."""
    half = _quantile(len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    return float(np.mean(values)), float(half)


def differs(values, others):
    """Tell whether the means of two sets of seeds differ: zero lies outside the interval.

    Their variance is taken to be one and the same. A single seed has none: it differs from nothing.

    Parameters
    ----------
    values, others : sequences of float
    """
    degrees = len(values) + len(others) - 2
    if min(len(values), len(others)) < 2:
        return False
    variance = sum(np.var(part, ddof=1) * (len(part) - 1) for part in (values, others)) / degrees
    error = math.sqrt(variance * (1 / len(values) + 1 / len(others)))
    return bool(abs(np.mean(values) - np.mean(others)) > _quantile(degrees) * error)
