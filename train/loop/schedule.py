# SPDX-License-Identifier: Apache-2.0
"""After which steps a run tells its losses: often at first, so that a short run has a curve."""

from __future__ import annotations

EARLY = (2, 5, 10, 20, 50)  # steps
EVERY = 100  # steps


def tells(step):
    """Whether a line of metrics is due after step `step`, counted from 1, however long the run."""
    return step in EARLY or step % EVERY == 0


def covered(step):
    """Return how many steps the line of step `step` is the mean of: those since the one before."""
    return step - max(each for each in (0, *EARLY, (step - 1) // EVERY * EVERY) if each < step)
