# SPDX-License-Identifier: Apache-2.0
"""Models for tests: seeded and untrained, yet with every number in play."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from golden.arithmetic import activate, activate_leaky
from golden.conv_transpose import conv_transpose2d_phases
from golden.latents import draw_latents
from golden.model_file import Model
from golden.spec import MUL_BITS, TABLE_SIZE


def random_model(spec, seed=0):
    """Return a model of `spec` with random contents that leave most outputs unsaturated.

    Weights cover their whole range, biases are about as large as the accumulators, `mul` and
    `shift` are fitted to eight latents layer by layer, the table is random, so that an index that
    is off by one shows.

    Parameters
    ----------
    spec : GeneratorSpec
    seed : int

    Returns
    -------
    Model
    """
    rng = np.random.default_rng(seed)
    offsets = [_normal_int8(rng, spec.latent) for _ in range(2 if spec.planes == 3 else 0)]
    maps = draw_latents(seed, 8, latent=spec.latent).astype(np.int16)
    maps = np.stack([maps, *(maps + v for v in offsets)], axis=1).reshape(-1, spec.latent, 1, 1)
    arrays = {"weight": [], "bias": [], "mul": [], "neg": [], "shift": []}
    for layer in spec.shapes:
        limit = layer.weight_max
        w = rng.integers(-limit, limit, layer.weight_shape, np.int8, endpoint=True)
        acc = conv_transpose2d_phases(maps, w, **layer.geometry)
        spread = max(acc.std(), 1.0)
        b = np.rint(rng.normal(0, spread / 2, layer.out_channels))
        b = b.clip(-layer.acc_max, layer.acc_max).astype(np.int32)
        # two spreads reach the upper bound: of a map, or from the middle of the table
        high = {"relu": 255, "leaky_relu": 127, "table": 511}[layer.activation]
        factors = high / (2 * spread) * rng.uniform(0.7, 1.3, layer.out_channels)
        s = MUL_BITS - 1 - int(np.floor(np.log2(factors.max())))
        m = np.rint(factors * 2.0**s).clip(1, 2**MUL_BITS - 1).astype(np.uint16)
        neg = None
        if layer.activation == "leaky_relu":
            neg = np.rint(m * rng.uniform(0.1, 1, layer.out_channels)).astype(np.uint16)
        for name, value in (("weight", w), ("bias", b), ("mul", m), ("neg", neg), ("shift", s)):
            arrays[name].append(value)
        maps = activate(acc, b, m, s) if neg is None else activate_leaky(acc, b, m, neg, s)
    arrays["shift"] = np.array(arrays["shift"], np.uint8)
    named = dict(zip(("v1", "v2"), offsets))
    table = rng.integers(0, 256, TABLE_SIZE, np.uint8)
    return Model(spec, **arrays, **named, table=table)


def smooth_model(spec, seed=0):
    """Return :func:`random_model`'s with a table of tanh: near latents have near pictures."""
    table = 127.5 + 127.5 * np.tanh(np.arange(-TABLE_SIZE // 2, TABLE_SIZE // 2) / 256)
    return replace(random_model(spec, seed), table=np.rint(table).astype(np.uint8))


def _normal_int8(rng, size):
    return np.rint(32 * rng.standard_normal(size)).clip(-128, 127).astype(np.int8)
