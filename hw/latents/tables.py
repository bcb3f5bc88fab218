# SPDX-License-Identifier: Apache-2.0
"""What latents are drawn with: the normal distribution and a quarter of a sine, as integers."""

import math

CHOSEN = 127  # the number that a choice sets
WARM_UP = 1024  # words that are dropped first
MAGNITUDE_BITS = 15  # of a word, that choose how large a normal number is
LARGEST = 127
ARC_BITS = 5
ARC = 1 << ARC_BITS  # steps of the finest walk
ARC_ONE = 256  # sine of the end of a quarter


def limits():
    """Return how many of the 2^15 choices give at most 0, 1, ... 126, in steps of 1/32.

    Of the upper half of the normal distribution each choice is an equal share, and counts as its
    middle. A search in these 127 numbers is a table of 32,768.
    """
    shares = 1 << MAGNITUDE_BITS
    edges = (math.erf((size + 0.5) / 32 / math.sqrt(2)) for size in range(LARGEST))
    return [math.ceil(shares * edge - 0.5) for edge in edges]


def sines():
    """Return the sines of steps 0 to 31 of a quarter."""
    return [round(ARC_ONE * math.sin(math.pi / 2 * step / ARC)) for step in range(ARC)]


def cosines():
    """Return the cosines of the same steps."""
    return [round(ARC_ONE * math.cos(math.pi / 2 * step / ARC)) for step in range(ARC)]
