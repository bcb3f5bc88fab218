# SPDX-License-Identifier: Apache-2.0
"""More channels: every hidden channel is copied, and its copies share the weights that follow.

The wider network draws the same pictures. Source: Chen et al., Net2Net, arXiv:1511.05641,
section 2.2, but for the noise, which cancels here.
"""

from __future__ import annotations

import numpy as np

from support.failures import InputError

NOISE = 0.5  # of the root mean square of a layer's shared weights


def grow(weights, channels, rng):
    """Return the weights of a wider generator that draws the same pictures.

    Copies get the same inputs and give the same map. What follows takes a share of each, and noise
    that adds up to 0 over the copies of a channel. Equal shares would stay equal for ever: the
    copies would learn the same, also from shares in proportion, which Adam scales alike.

    Parameters
    ----------
    weights : sequence of float32 arrays, shape (in_channels, out_channels, kernel, kernel)
        Of a generator without biases.
    channels : sequence of int
        Of the hidden layers of the wider one.
    rng : numpy.random.Generator
        Of the noise.

    Returns
    -------
    tuple of float32 arrays, one a layer

    Raises
    ------
    InputError
        A hidden layer has more channels already.
    """
    narrow = [weight.shape[1] for weight in weights[:-1]]
    if any(many < few for many, few in zip(channels, narrow)):
        asked, there = ("-".join(map(str, each)) for each in (channels, narrow))
        raise InputError(
            f"--channels: {asked} is narrower than the run's {there}; give at least as many"
        )
    grown, inputs = [], np.arange(len(weights[0]))
    for weight, count in zip(weights, (*channels, weights[-1].shape[1])):
        outputs = np.arange(count) % weight.shape[1]
        grown.append(_shared(weight[:, outputs], inputs, rng).astype(np.float32))
        inputs = outputs
    return tuple(grown)


def _shared(weight, inputs, rng):
    """Share the rows of a layer's weights among `inputs`, the channels that they are copies of."""
    copies = np.bincount(inputs)
    shares = weight[inputs] / copies[inputs, None, None, None]
    noise = rng.normal(0.0, NOISE * np.sqrt(np.mean(shares**2)), shares.shape)
    sums = np.zeros(weight.shape)
    np.add.at(sums, inputs, noise)
    return shares + noise - sums[inputs] / copies[inputs, None, None, None]
