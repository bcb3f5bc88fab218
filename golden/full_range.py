# SPDX-License-Identifier: Apache-2.0
"""Models of numbers over their whole range, for measuring a machine and not for its pictures."""

from __future__ import annotations

import numpy as np

from golden.model_file import Model
from golden.spec import LEAKY_RELU, MAX_SHIFT, MUL_BITS, TABLE_SIZE


def full_range_model(spec, seed=0):
    """Return a model whose every number is drawn uniformly from all that its field may hold.

    No tool finds anything in it to simplify, and a field that is too narrow somewhere shows.

    Parameters
    ----------
    spec : GeneratorSpec
    seed : int

    Returns
    -------
    Model
    """
    rng = np.random.default_rng(seed)

    def draw(low, high, shape, dtype):
        return rng.integers(low, high, shape, dtype, endpoint=True)

    layers = spec.shapes
    offsets = ("v1", "v2") if spec.planes == 3 else ()
    return Model(
        spec,
        weight=[draw(-n.weight_max, n.weight_max, n.weight_shape, np.int8) for n in layers],
        bias=[draw(-n.acc_max, n.acc_max, n.out_channels, np.int32) for n in layers],
        mul=[draw(0, 2**MUL_BITS - 1, n.out_channels, np.uint16) for n in layers],
        shift=draw(1, MAX_SHIFT, len(layers), np.uint8),
        **{name: draw(-128, 127, spec.latent, np.int8) for name in offsets},
        table=draw(0, 255, TABLE_SIZE, np.uint8),
        neg=[
            draw(0, 2**MUL_BITS - 1, n.out_channels, np.uint16)
            if n.activation == LEAKY_RELU
            else None
            for n in layers
        ],
    )
