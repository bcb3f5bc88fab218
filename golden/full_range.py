# SPDX-License-Identifier: Apache-2.0
"""Models of numbers over their whole range, for measuring a machine and not for its pictures."""

from __future__ import annotations

import numpy as np

from golden.model_file import Model
from golden.spec import MAX_SHIFT, MUL_BITS, TABLE_SIZE


def full_range_model(spec, seed=0):
    """Return a model whose every number is drawn uniformly from all that its field may hold.

    No tool finds anything in it to simplify, and a field that is too narrow somewhere shows.

    Parameters
    ----------
    spec : GeneratorSpec
        Latent 100.
    seed : int

    Returns
    -------
    Model
    """
    rng = np.random.default_rng(seed)

    def draw(low, high, shape, dtype):
        return rng.integers(low, high, shape, dtype, endpoint=True)

    layers = spec.layers
    return Model(
        spec,
        weight=[draw(-n.weight_max, n.weight_max, n.weight_shape, np.int8) for n in layers],
        bias=[draw(-n.acc_max, n.acc_max, n.out_channels, np.int32) for n in layers],
        mul=[draw(0, 2**MUL_BITS - 1, n.out_channels, np.uint16) for n in layers],
        shift=draw(1, MAX_SHIFT, len(layers), np.uint8),
        v1=draw(-128, 127, spec.latent, np.int8),
        v2=draw(-128, 127, spec.latent, np.int8),
        table=draw(0, 255, TABLE_SIZE, np.uint8),
    )
