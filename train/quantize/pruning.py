# SPDX-License-Identifier: Apache-2.0
"""Fewer channels: whole channels are taken out and the next layer refitted to those that stay.

Layer by layer, on latents drawn as the run drew them, as :mod:`train.quantize.pipeline` rounds:
the network pruned so far gives the inputs, the float network the outputs wanted.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from support.failures import InputError
from support.progress import bar
from train.networks.float_generator import as_network, float_maps
from train.quantize.least_squares import BATCH, normal_equations
from train.quantize.pipeline import calibration_latents
from train.quantize.rounding import compensate, damped


def prune(config, generator):
    """Choose the channels of a narrower generator and fit its weights.

    Parameters
    ----------
    config : train.run.config.RunConfig
        Of the narrower generator; its `start` describes the other.
    generator : train.run.float_generator.FloatGenerator
        Without biases.

    Returns
    -------
    float32 arrays, one a layer, shape (in_channels, out_channels, kernel, kernel)

    Raises
    ------
    InputError
        A layer of `generator` has fewer channels than is asked for.
    """
    wide, narrow = config.start.spec.channels, config.spec.channels
    if any(few > many for few, many in zip(narrow, wide)):
        few, many = ("-".join(map(str, channels)) for channels in (narrow, wide))
        raise InputError(f"--channels: {few} is wider than the run's {many}; give fewer channels")
    z = calibration_latents(config)[0]
    inputs = np.concatenate([z, *(z + v for v in generator.offsets)])
    network = as_network(generator, config.start.spec)
    maps, weights = inputs[:, :, None, None], []
    counts = (config.spec.latent, *narrow)
    layers = bar(float_maps(network, inputs), total=len(counts), desc="prune", unit="layer")
    for n, wanted in enumerate(layers):
        layer = config.start.spec.shapes[n]
        kept, weight = _fit(layer, generator.weight[n], maps, wanted, counts[n])
        if n:
            weights[-1] = weights[-1][:, kept]
        weights.append(weight.astype(np.float32))
        maps = _activations(layer, maps[:, kept], weights[-1])
    return tuple(np.ascontiguousarray(weight) for weight in weights)


def _fit(layer, weight, inputs, wanted, count):
    """Choose `count` of a layer's inputs; return their indices and weights (count, out, 4, 4)."""
    fits = [
        (phase, compensate(phase.weights(weight), hessian, cross), np.linalg.inv(damped(hessian)))
        for phase, hessian, cross in normal_equations(layer, inputs, wanted)
    ]
    split, matrices, inverses = (list(part) for part in zip(*fits))
    kept = eliminate(np.stack(matrices), np.stack(inverses), len(weight), count)
    fitted = np.zeros(weight.shape)
    for phase, matrix in zip(split, kept[1]):
        phase.put(matrix, fitted)
    return kept[0], fitted[kept[0]]


def eliminate(weights, inverses, channels, count):
    """Take out input channels one at a time: the one whose loss the others make up for best.

    Parameters
    ----------
    weights : float array, shape (phases, channels * taps, outputs)
    inverses : float array, shape (phases, channels * taps, channels * taps)
        Inverses of the sums of x^T x. Changed in place, as `weights`.
    channels, count : int
        Channels there are, and to be left.

    Returns
    -------
    kept : int array, shape (count,)
        The channels left, ascending.
    weights : float array, shape of `weights`
        Least squares on the channels left, 0 elsewhere.

    Taking out rows g of a matrix W raises the sum of squares by ``tr(W_g^T (H^-1)_gg^-1 W_g)``
    when the other rows are refitted. Source: Hassibi and Stork, Optimal Brain Surgeon, NIPS 1992,
    equation 5, for rows in groups.
    """
    phases, rows, outputs = weights.shape
    taps = rows // channels
    left = np.ones(channels, bool)
    for _ in range(channels - count):
        grouped = inverses.reshape(phases, channels, taps, channels, taps)
        blocks = np.einsum("pcicj->pcij", grouped).copy()
        blocks[:, ~left] = np.eye(taps)
        groups = weights.reshape(phases, channels, taps, outputs)
        losses = (groups * np.linalg.solve(blocks, groups)).sum((0, 2, 3))
        worst = int(np.where(left, losses, np.inf).argmin())
        span = slice(worst * taps, (worst + 1) * taps)
        columns = inverses[:, :, span].copy()
        gains = columns @ np.linalg.inv(blocks[:, worst])
        weights -= gains @ weights[:, span]
        inverses -= gains @ columns.swapaxes(1, 2)
        weights[:, span] = 0
        left[worst] = False
    return np.flatnonzero(left), weights


def _activations(layer, maps, weight):
    parts = [
        functional.conv_transpose2d(part, torch.from_numpy(weight), **layer.geometry)
        for part in torch.from_numpy(np.ascontiguousarray(maps)).split(BATCH)
    ]
    return torch.relu(torch.cat(parts)).numpy()
