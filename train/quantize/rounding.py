# SPDX-License-Identifier: Apache-2.0
"""Rounding of weights so that a layer's outputs, not the weights themselves, change least."""

from __future__ import annotations

import numpy as np

DAMPING = 0.01  # of the mean of the Hessian's diagonal
CLIPS = np.linspace(0.4, 1.0, 25)


def compensate(weights, hessian, cross):
    """Refit weights to inputs that quantisation has changed.

    Parameters
    ----------
    weights : float array, shape (inputs, outputs)
    hessian : float array, shape (inputs, inputs)
        Sum over samples of x^T x, x the changed inputs.
    cross : float array, shape (inputs, outputs)
        Sum of x^T y, y the outputs wanted.

    Returns
    -------
    float array, shape (inputs, outputs)
        Least squares of ``x w = y``, damped towards `weights`.
    """
    return weights + np.linalg.solve(damped(hessian), cross - hessian @ weights)


def search_steps(weights, importance, limit):
    """Find each output's quantisation step: the clipping with the least weighted square error.

    Parameters
    ----------
    weights : float array, shape (inputs, outputs)
    importance : float array, shape (inputs,)
        Weight of each input's error: its mean square.
    limit : int
        Largest magnitude of a quantised weight.

    Returns
    -------
    float array, shape (outputs,)
        Positive; where all weights are zero, of the size of the others.
    """
    greatest = np.abs(weights).max(axis=0)
    full = np.where(greatest > 0, greatest, greatest.max() or 1.0) / limit
    best, best_error = full, np.full(weights.shape[1], np.inf)
    for clip in CLIPS:
        step = full * clip
        error = weights - step * np.rint(weights / step).clip(-limit, limit)
        error = importance @ error**2
        best = np.where(error < best_error, step, best)
        best_error = np.minimum(error, best_error)
    return best


def round_weights(weights, steps, limit, hessian):
    """Round input by input, each time spreading the error over the weights still to be rounded.

    Parameters
    ----------
    weights : float array, shape (inputs, outputs)
    steps : float array, shape (outputs,)
    limit : int
        Largest magnitude of a quantised weight.
    hessian : float array, shape (inputs, inputs)
        Sum over samples of x^T x.

    Returns
    -------
    rounded : int8 array, shape (inputs, outputs)
    refitted : float array, shape (inputs, outputs)
        What was rounded to them: `weights` and the errors spread over them.

    Source: Frantar et al., GPTQ, arXiv:2210.17323, algorithm 1 without its blocks, inputs in
    falling order of their mean square.
    """
    order = np.argsort(-np.diag(hessian), kind="stable")
    inverse = np.linalg.inv(damped(hessian)[np.ix_(order, order)])
    upper = np.linalg.cholesky(inverse).T
    left = weights[order]
    rounded = np.empty_like(left)
    for i in range(len(left)):
        rounded[i] = np.rint(left[i] / steps).clip(-limit, limit)
        error = (left[i] - rounded[i] * steps) / upper[i, i]
        left[i + 1 :] -= np.outer(upper[i, i + 1 :], error)
    result, refitted = np.empty(weights.shape, np.int8), np.empty_like(weights)
    result[order], refitted[order] = rounded, left
    return result, refitted


def damped(hessian):
    """Return `hessian` with :data:`DAMPING` of its mean on the diagonal: it has an inverse."""
    mean = np.trace(hessian) / len(hessian)
    return hessian + np.eye(len(hessian)) * (DAMPING * mean if mean > 0 else 1.0)
