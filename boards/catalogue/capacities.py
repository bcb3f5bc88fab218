# SPDX-License-Identifier: Apache-2.0
"""Capacities in few words: what the boards' machines have in common, and sizes as text."""

from __future__ import annotations

from dataclasses import replace

from hw.array import ArraySpec
from hw.capacity import Capacity
from support.failures import InputError

PROGRAM_WORDS = 512  # the words of one block RAM: fewer save nothing
OF_ARRAY = ("rows", "columns")


def machine(rows, columns, weight_bits, *, weight_bus=0, **sizes):
    """Return a :class:`hw.capacity.Capacity` with enough of whatever is not named in `sizes`.

    With a `weight_bus`, `weight_words` are words of a memory outside. Widths are those of networks
    of up to 512 products a sum and latents of up to 256 numbers.
    """
    default = {
        "acc_width": weight_bits + 17,
        "plane_bias_width": weight_bits + 17,
        "latent_words": 256,
        "channel_words": PROGRAM_WORDS,
        "plane_bias_words": 1024,
        "pixel_words": 256,
        "sweeps": PROGRAM_WORDS,
        "feed_words": PROGRAM_WORDS,
        "read_words": PROGRAM_WORDS,
    }
    array = ArraySpec(rows, columns, weight_bus=weight_bus)
    return Capacity(array, weight_bits, **default | sizes)


def changed(capacity, text):
    """Return a capacity with some sizes of another: `text` is ``weight_words=4096,rows=8``.

    Raises
    ------
    InputError
        A size is unknown or out of range.
    """
    known = (*OF_ARRAY, *capacity.sizes)
    of_array, others = {}, {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name not in known:
            raise InputError(f"--capacity: {name!r} is no size; choose from {', '.join(known)}")
        if not value.isascii() or not value.isdecimal():
            raise InputError(f"--capacity: {name} is {value!r}; give a whole number")
        (of_array if name in OF_ARRAY else others)[name] = int(value)
    array = capacity.array
    if of_array:
        kept = {name: getattr(array, name) for name in (*OF_ARRAY, "weight_bus")}
        array = ArraySpec(**kept | of_array)
    return replace(capacity, array=array, **others)


OUTSIDE_WORDS = 1 << 21  # of a memory outside, that an image may fill

# Of chips that several boards have.
LFE5U_85F = {
    "w5": machine(16, 16, 5, weight_words=3072, map_words=2560, pixel_words=1024),
    "w4": machine(16, 32, 4, weight_words=1536, map_words=2560),
    "w6": machine(8, 16, 6, plane_bias_width=22, weight_words=6144, map_words=4608),
    "w8": machine(8, 16, 8, weight_words=4096, map_words=4096, pixel_words=1024),
}
# The same chip beside an SDRAM of 16 bits: for `contest`, and the generator of PyTorch's tutorial.
# 16x16 comes first: with as many multipliers it makes a quarter more avatars of 5 bits, and more
# than the line carries. The other one is for weights of more bits.
LFE5U_85F_SDRAM = {
    "sdram-w5": machine(
        16, 16, 5, weight_bus=16, weight_words=OUTSIDE_WORDS, map_words=9216,
        plane_bias_words=4096, pixel_words=1024, acc_width=24,
    ),
    "sdram-w8": machine(
        8, 16, 8, weight_bus=16, weight_words=OUTSIDE_WORDS, map_words=18432,
        plane_bias_words=4096, pixel_words=1024, acc_width=27, plane_bias_width=25,
    ),
}  # fmt: skip
XILINX = {
    "w5": machine(16, 16, 5, weight_words=4096, map_words=4096, pixel_words=1024),
    "w8": machine(8, 16, 8, weight_words=6144, map_words=6144, pixel_words=1024),
}
