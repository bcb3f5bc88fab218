# SPDX-License-Identifier: Apache-2.0
"""Decode the generator's trace port into feature maps."""

import numpy as np

from hw.engine.generator import trace_layout
from hw.tiling import LANES, PLANES


def feature_maps(tiling, words):
    """Return what layers 1 to 3 of the hardware wrote.

    Parameters
    ----------
    tiling : Tiling
    words : sequence of int
        The valid trace words of one or more avatars, in order.

    Returns
    -------
    list of three int16 arrays, shape (avatars, 3, channels, size, size)
        -1 where nothing was written.
    """
    fields = _fields(trace_layout(tiling), words)
    avatar = np.cumsum((fields["layer"] == 0) & (np.roll(fields["layer"], 1) == 3))
    avatar -= avatar[:1]
    layer = fields["layer"]
    maps = []
    for n, spec in enumerate(tiling.spec.shapes[:3]):
        here = layer == n
        count = int(avatar[-1]) + 1 if len(avatar) else 0
        out = np.full(
            (count, PLANES, spec.out_channels, spec.out_size, spec.out_size), -1, np.int16
        )
        first = fields["group"][here] * tiling.array.rows + fields["row"][here]
        for lane in range(LANES):
            used = fields["mask"][here] >> lane & 1 == 1
            at = [avatar, fields["plane"], None, fields["y"], fields["x"]]
            index = tuple(
                first[used] + lane if field is None else field[here][used] for field in at
            )
            out[index] = fields[f"value{lane}"][here][used]
        maps.append(out)
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
