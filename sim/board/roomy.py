# SPDX-License-Identifier: Apache-2.0
"""The capacity of a virtual board that starts without a model: room for all that people bring."""

from golden.spec import LEAKY_RELU, TABLE, GeneratorSpec, Layer
from hw.capacity import Capacity
from hw.model.schedule import scheduled

SPECS = (
    GeneratorSpec.preset("contest", 8),
    GeneratorSpec.avatars((256, 128, 64, 32), 8),  # 64x64 in three planes
    GeneratorSpec.avatars((512, 256, 128, 64), 8, head="rgb"),  # PyTorch's tutorial
    GeneratorSpec(  # TensorFlow's
        100,
        1,
        (
            Layer(256, 7, 1, 0, activation=LEAKY_RELU),
            Layer(128, 5, 1, 2, activation=LEAKY_RELU),
            Layer(64, 5, 2, 2, 1, activation=LEAKY_RELU),
            Layer(1, 5, 2, 2, 1, activation=TABLE),
        ),
    ),
    GeneratorSpec.of_size(128, (256, 128, 64, 32, 16), head="rgb").with_weight_bits(8),
)


def roomy(array):
    """Return a capacity that holds each network of :data:`SPECS`, and all smaller ones.

    Parameters
    ----------
    array : hw.array.ArraySpec
    """
    return Capacity.of(*(scheduled(spec, array) for spec in SPECS))
