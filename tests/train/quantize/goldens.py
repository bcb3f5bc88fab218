# SPDX-License-Identifier: Apache-2.0
"""A fake-quantised network beside golden's, layer by layer."""

import numpy as np
import torch

from golden.arithmetic import plane_inputs
from golden.generator import generate, trace
from golden.latents import quantize_latents


def assert_goldens(network, offsets, count, seed):
    """Compare every layer and picture of `count` latents, two of which saturate.

    Parameters
    ----------
    network : train.quantize.fake_quantize.FakeQuantizedGenerator
    offsets : sequence of int8 arrays
        v1 and v2, or nothing.

    Returns
    -------
    list of int
        How many values the outputs of each layer take.
    """
    latent = network.spec.latent
    latents = np.random.default_rng(seed).standard_normal((count, latent))
    latents[0], latents[1] = 9, -9
    model = network.model(offsets)
    q = quantize_latents(latents)
    inputs = plane_inputs(q, *offsets) if offsets else q
    inputs = torch.from_numpy(inputs.reshape(-1, latent).astype(np.float64))
    spread = []
    for wanted, (acc, outputs) in zip(trace(model, q), network.trace(inputs), strict=True):
        np.testing.assert_array_equal(acc.numpy(force=True), wanted.accumulators.reshape(acc.shape))
        np.testing.assert_array_equal(
            outputs.numpy(force=True), wanted.activations.reshape(acc.shape)
        )
        spread.append(np.unique(wanted.activations).size)

    offsets = [torch.from_numpy(offset / np.float32(32)) for offset in offsets]
    pictures = network.colour(torch.from_numpy(latents), *offsets, dtype=torch.float64)
    pictures = ((pictures + 1) * 127.5).round().permute(0, 2, 3, 1).numpy(force=True)
    np.testing.assert_array_equal(pictures, generate(model, q))
    return spread
