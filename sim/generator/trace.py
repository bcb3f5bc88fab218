# SPDX-License-Identifier: Apache-2.0
"""Decode the machine's trace port into feature maps."""

import numpy as np

from hw.array import LANES
from hw.engine.generator import trace_layout


def feature_maps(tiling, capacity, words):
    """Return what the hidden layers of the hardware wrote.

    Parameters
    ----------
    tiling : hw.tiling.Tiling
    capacity : hw.capacity.Capacity
    words : sequence of int
        The valid trace words of one or more passes, in order.

    Returns
    -------
    list of int16 arrays, shape (passes, slots, channels, size, size)
        -1000 where nothing was written.
    """
    fields = _fields(trace_layout(capacity), words)
    layer = fields["layer"]
    begins = (layer == 0) & (np.roll(layer, 1) != 0)
    number = np.cumsum(begins) - begins[:1]
    slots, rows = tiling.pass_slots, capacity.array.rows
    maps = []
    for n, each in enumerate(tiling.layers[:-1]):
        shape, here = each.shape, layer == n
        count = int(number[-1]) + 1 if len(number) else 0
        out = np.full(
            (count, slots, each.out_groups * rows, shape.out_size, shape.out_size), -1000, np.int16
        )
        offset = fields["address"][here] - tiling.map_base(n, capacity.map_words)
        pixel, slot = np.divmod(offset, slots)
        group, pixel = np.divmod(pixel, shape.out_size**2)
        y, x = np.divmod(pixel, shape.out_size)
        for lane in range(LANES):
            used = fields["mask"][here] >> lane & 1 == 1
            channel = group * rows + fields["row"][here] * LANES + lane
            at = (number[here], slot, channel, y, x)
            out[tuple(index[used] for index in at)] = fields[f"value{lane}"][here][used]
        maps.append(out[:, :, : shape.out_channels])
    return maps


def _fields(layout, words):
    """Return each field of `words` as an int64 array, the lanes as value0 and on."""
    raw = np.array(words, object)
    fields = {}
    for name, field in layout:
        if name == "values":
            for lane, (_, element) in zip(range(LANES), field.shape, strict=True):
                offset = field.offset + element.offset
                value = _slice(raw, offset, element.width)
                fields[f"value{lane}"] = value - ((value >> element.width - 1) << element.width)
        else:
            fields[name] = _slice(raw, field.offset, field.width)
    return fields


def _slice(raw, offset, width):
    return (raw >> offset & (1 << width) - 1).astype(np.int64)
