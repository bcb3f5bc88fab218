# SPDX-License-Identifier: Apache-2.0
"""The words that the start-up writes to see whether the memory answers."""

import random

from amaranth import Array, Const

PATTERN_WORDS = 32


def pattern(width):
    """Return the words, all different; every second one has each bit changed."""
    rng = random.Random(1)
    mask = (1 << width) - 1
    half = rng.sample(range(1 << 15), PATTERN_WORDS // 2)  # none the complement of another
    words = [low * 0x10001 & mask for low in half]
    return [word ^ change for word in words for change in (0, mask)]


def pattern_word(width, number):
    """Return the word of a number, a signal."""
    return Array(Const(word, width) for word in pattern(width))[number]
