# SPDX-License-Identifier: Apache-2.0
"""What a transposed convolution is, in plain Python: the reference of the order of work.

Nothing here is taken from the code that cuts layers or writes programs.
"""

from itertools import product


def meetings(shape, out):
    """Return the (input, tap) pairs that output `out` sums along an axis."""
    stride, padded, kernel = shape.stride, out + shape.padding, range(shape.kernel_size)
    return [(i, k) for i in range(shape.in_size) for k in kernel if stride * i + k == padded]


def products(shape, y, x):
    """Return what output (y, x) sums over one input channel: (input y, x, tap y, x) each."""
    along = product(meetings(shape, y), meetings(shape, x))
    return {(i_y, i_x, k_y, k_x) for (i_y, k_y), (i_x, k_x) in along}


def place(lanes, column):
    """Return row and column of a last layer's column among the taps of one phase.

    4 x 4, 2 x 4, or 2 x 2 where there are but four.
    """
    wide = {1: 2, 2: 4, 4: 4}[lanes]
    return column // wide, column % wide


def behind(lanes, column, *, spread):
    """Return how many rows and pixels back the tap of a last layer's column lies.

    With `spread` each block of 2 x 2 places has the taps of a phase of its own.
    """
    y, x = place(lanes, column)
    return (y & 1, x & 1) if spread else (y, x)


def columns_of(lanes, lane):
    """Return the columns of a lane, a block of 2 x 2 places."""
    blocks = {0: (0, 0), 1: (0, 1), 2: (1, 0), 3: (1, 1)}
    return [
        column
        for column in range(4 * lanes)
        if tuple(at >> 1 for at in place(lanes, column)) == blocks[lane]
    ]


def tap_of(shape, out, start):
    """Return the tap that is number `start` of those that output `out` can meet, or None."""
    stride = shape.stride
    k = (out + shape.padding) % stride + stride * start
    return k if k < shape.kernel_size else None


def map_base(n, capacity, size):
    """Return where the map of layer `n` begins: odd ones end with the memory."""
    return capacity.map_words - size if n % 2 else 0
