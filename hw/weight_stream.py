# SPDX-License-Identifier: Apache-2.0
"""The weights of a pass as they lie in a memory outside the chip, dense at every width.

A word of the array has as many weights as the memory's bus has bits. It lies there as bit planes: a
word of the bus is one bit of each weight, the weight's highest first. So weights of b bits take b
words of the bus, whatever the machine's own width is, and nothing is shifted but single bits.

======== ==================================================================================
part     words of the bus
======== ==================================================================================
segment  a head, then planes: so many words of the array of one width, at most `SEGMENT`;
         for each layer as many segments as it takes. Jobs that take the weights of the job
         before have them here once more: a stream never goes back
check    a head of planes of no weights, then the CRC-32 of everything before, lowest bits
         first: the CRC of all words is the same for every model
======== ==================================================================================

A head has the words of the array less 1 in its lowest :data:`COUNT_BITS` bits, and bits of a weight
less 1 above; 0 of these is the check's.
"""

import zlib

import numpy as np

COUNT_BITS = 13
WIDTH_BITS = 3
SEGMENT = 1 << COUNT_BITS  # words of the array


def stream_length(layers, bus):
    """Return how many words of the bus a pass has.

    Parameters
    ----------
    layers : iterable of (int, int)
        Words of the array, and bits of a weight, of each layer.
    bus : int
    """
    planes = sum(-(-words // SEGMENT) + words * bits for words, bits in layers)
    return planes + 1 + 32 // bus


def stream_words(layers, bus):
    """Return the words of the bus.

    Parameters
    ----------
    layers : iterable of (int8 array of shape (words, bus), int)
        Weights as the array takes them, and their bits, of each layer.
    bus : int

    Returns
    -------
    uint16 or uint32 array
    """
    dtype = np.dtype(f"<u{bus // 8}")
    parts = []
    for weights, bits in layers:
        places = np.arange(bits - 1, -1, -1)
        planes = weights[:, None, :] >> places[None, :, None] & 1
        words = np.packbits(planes.astype(np.uint8), axis=-1, bitorder="little").view(dtype)
        for first in range(0, len(weights), SEGMENT):
            part = words[first : first + SEGMENT]
            parts += [[_head(len(part), bits)], part.reshape(-1)]
    parts.append([_head(32 // bus, 1)])
    body = np.concatenate(parts).astype(dtype)
    check = np.array([zlib.crc32(body.tobytes())], "<u4").view(dtype)
    return np.concatenate([body, check])


def _head(words, bits):
    return words - 1 | bits - 1 << COUNT_BITS
