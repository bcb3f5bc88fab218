# SPDX-License-Identifier: Apache-2.0
"""Small random networks of every kind that a machine of the benches holds."""

from golden.spec import LEAKY_RELU, RELU, TABLE, GeneratorSpec, Layer
from hw.tiling import Tiling
from support.failures import InputError

MAX_SIZE = 13  # pixels; larger ones show nothing new, and take longer
MAX_BEATS = 6000  # of a pass
LAST = (  # kernel, stride, padding, output padding of the last layer
    (4, 2, 1, 0),
    (3, 1, 1, 0),
    (3, 2, 1, 1),
    (5, 2, 2, 1),
    (2, 2, 0, 0),
    (4, 2, 2, 0),
    (5, 1, 0, 0),
    (1, 1, 0, 0),
    (1, 2, 0, 1),
    (6, 2, 3, 1),
    (3, 2, 0, 0),
    (2, 1, 1, 0),
    (8, 2, 3, 0),
    (7, 1, 3, 0),
)
KNOWN = (  # networks that showed a fault which random ones seldom show, and their bands
    # A short job follows a long one in its half, while that is read slowly.
    (
        GeneratorSpec(
            11,
            3,
            (
                Layer(6, 4, 1, 0, activation=LEAKY_RELU, weight_bits=2),
                Layer(10, 4, 2, 1, activation=LEAKY_RELU, weight_bits=2),
                Layer(14, 4, 1, 3, weight_bits=2),
                Layer(1, 2, 1, 1, activation=TABLE, weight_bits=2),
            ),
        ),
        (3, 3, 2, 3),
    ),
)


def networks(rng, capacity, count):
    """Yield :data:`KNOWN`, then `count` random ones, one last layer of :data:`LAST` after another.

    Returns
    -------
    iterator of hw.tiling.Tiling
    """
    for spec, bands in KNOWN:
        yield Tiling(spec, capacity.array, bands=bands)
    for n in range(count):
        while (tiling := _draw(rng, capacity, LAST[n % len(LAST)])) is None:
            pass
        yield tiling


def _draw(rng, capacity, last):
    layers = [_layer(rng, first=n == 0) for n in range(rng.integers(1, 4))]
    planes, colours = ((3, 1), (1, 3), (1, 1))[rng.integers(3)]
    kernel, stride, padding, output_padding = last
    layers.append(Layer(colours, kernel, stride, padding, output_padding, TABLE, 2))
    slots = int(rng.integers(1, 5)) if planes == 1 else 1
    latent = int(rng.integers(1, 3 * capacity.array.rows))
    bands = tuple(int(n) for n in rng.integers(1, 4, len(layers)))
    try:
        spec = GeneratorSpec(latent, planes, tuple(layers))
        tiling = Tiling(spec, capacity.array, slots, bands)
        capacity.check(tiling)
    except InputError:
        return None
    small = spec.size <= MAX_SIZE and beats(tiling) <= MAX_BEATS
    return tiling if small and len(spec.layers) > 1 else None


def _layer(rng, *, first):
    kernel, stride = int(rng.integers(1, 8)), int(rng.integers(1, 3))
    return Layer(
        channels=int(rng.integers(1, 21)),
        kernel_size=kernel,
        stride=stride,
        padding=0 if first and rng.random() < 0.7 else int(rng.integers(0, kernel)),
        output_padding=int(rng.integers(0, stride)),
        activation=(RELU, LEAKY_RELU)[rng.integers(2)],
        weight_bits=2,
    )


def beats(tiling):
    """Return the beats of a pass."""
    return sum(
        layer.column_tiles * layer.row_tiles * layer.slots * sweep.rows * sweep.columns
        for layer in tiling.layers
        for job in layer.jobs
        for tap in job.taps
        for sweep in tap.sweeps
    )
