# SPDX-License-Identifier: Apache-2.0
"""Machines that many tests share, so that each is built once."""

from hw.array import ArraySpec
from hw.capacity import Capacity


def machine(array, **sizes):
    """Return a capacity that holds any small network; some sizes may be given."""
    roomy = {
        "weight_bits": 8,
        "acc_width": 24,
        "plane_bias_width": 24,
        "weight_words": 6000,
        "map_words": 6144,
        "latent_words": 128,
        "channel_words": 256,
        "plane_bias_words": 1024,
        "pixel_words": 1024,
        "sweeps": 512,
        "feed_words": 256,
        "read_words": 256,
    }
    return Capacity(array=array, **(roomy | sizes))


# One, two and four lanes of the last layer; odd words; hops that do not divide.
NARROW = machine(ArraySpec(4, 4, word_weights=3, hop=1), weight_words=24000)
SQUARE = machine(ArraySpec(8, 8))
WIDE = machine(ArraySpec(12, 20, word_weights=77, hop=3))
# Weights in a memory outside, of 16 and of 32 bits; last rows and columns leave words half empty.
OUTSIDE = machine(ArraySpec(8, 8, weight_bus=16), weight_words=1 << 17)
OUTSIDE_32 = machine(ArraySpec(8, 12, hop=5, weight_bus=32), weight_words=1 << 16)
