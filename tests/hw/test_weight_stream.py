# SPDX-License-Identifier: Apache-2.0
"""hw.weight_stream: words by hand, as long as is said, and a sum that is the same for all."""

import zlib

import numpy as np
import pytest

from hw.weight_stream import SEGMENT, stream_length, stream_words


def test_a_word_by_hand():
    weights = np.zeros((1, 16), np.int8)
    weights[0, :3] = -4, 3, 1  # 100, 011, 001
    words = stream_words([(weights, 3)], 16)
    head = 0 | 2 << 13
    assert words[:4].tolist() == [head, 0b001, 0b010, 0b110]
    assert words[4] == 1  # the check: two words of no weights
    assert len(words) == 7
    assert int(words[5]) | int(words[6]) << 16 == zlib.crc32(words[:5].tobytes())


@pytest.mark.parametrize("bus", [16, 32])
def test_length_and_sum(bus):
    rng = np.random.default_rng(bus)
    sums = set()
    for counts in ([1], [SEGMENT, 5], [SEGMENT + 1, 2, 3]):
        bits = rng.integers(2, 9, len(counts)).tolist()
        layers = [
            (rng.integers(-(1 << b - 1), 1 << b - 1, (count, bus), np.int8), b)
            for count, b in zip(counts, bits, strict=True)
        ]
        words = stream_words(layers, bus)
        assert words.dtype.itemsize == bus // 8
        assert len(words) == stream_length(zip(counts, bits, strict=True), bus)
        sums.add(zlib.crc32(words.tobytes()))
    assert len(sums) == 1
