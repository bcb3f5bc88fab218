# SPDX-License-Identifier: Apache-2.0
"""Networks drawn at random, as small as a simulation wants them; hypothesis shrinks them."""

from hypothesis import strategies as st

from golden.spec import LEAKY_RELU, RELU, TABLE, GeneratorSpec, Layer
from hw.model.schedule import scheduled
from support.failures import InputError

LARGEST = 20  # pixels of a map


@st.composite
def layers(draw, in_size, last, colours, most):
    """Draw a layer whose map is not larger than LARGEST; return it and the map's size."""
    kernel = draw(st.integers(1, 8))
    stride = draw(st.integers(1, 2))
    output_padding = draw(st.integers(0, stride - 1))

    def size(padding):
        return (in_size - 1) * stride - 2 * padding + kernel + output_padding

    paddings = [p for p in range(kernel) if 1 <= size(p) <= LARGEST]
    if not paddings:  # kernel 1 keeps any size
        kernel, stride, output_padding, paddings = 1, 1, 0, [0]
    padding = draw(st.sampled_from(paddings))
    layer = Layer(
        channels=colours if last else draw(st.integers(1, most)),
        kernel_size=kernel,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        activation=TABLE if last else draw(st.sampled_from([RELU, LEAKY_RELU])),
        weight_bits=draw(st.integers(2, 8)),
    )
    return layer, size(padding)


@st.composite
def networks(draw, most_layers=4, most_channels=18, most_latent=24):
    """Draw a :class:`GeneratorSpec`."""
    planes, colours = draw(st.sampled_from([(3, 1), (1, 3), (1, 1)]))
    count = draw(st.integers(2, most_layers))
    size, drawn = 1, []
    for n in range(count):
        layer, size = draw(layers(size, n == count - 1, colours, most_channels))
        drawn.append(layer)
    return GeneratorSpec(draw(st.integers(1, most_latent)), planes, tuple(drawn))


def tasks(capacity):
    """Draw (network, latents of a pass) that a machine holds."""

    def fits(task):
        try:
            return not capacity.missing(scheduled(task[0], capacity.array, task[1]))
        except InputError:
            return False

    def with_slots(spec):
        return st.tuples(st.just(spec), st.integers(1, 4 if spec.planes == 1 else 1))

    return networks().flatmap(with_slots).filter(fits)
