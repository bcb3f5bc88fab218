# SPDX-License-Identifier: Apache-2.0
"""Random networks of any layers: torch's integers are golden's, layer by layer."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from golden.latents import quantize_latents
from golden.spec import GeneratorSpec, Layer
from support.failures import InputError
from tests.train.quantize.goldens import assert_goldens
from tests.train.runs import float_generator
from tests.train.settings import THOROUGH
from train.networks.outputs import OUTPUTS
from train.quantize import pipeline
from train.quantize.fake_quantize import FakeQuantizedGenerator
from train.run.config import RunConfig

LATENTS, SIZE_MAX = 4, 20  # few and small: the examples stay quick


@st.composite
def layers(draw, last=False, channels=None):
    stride = draw(st.integers(1, 2))
    kernel_size = draw(st.integers(1, 8))
    return Layer(
        channels=channels or draw(st.integers(1, 9)),
        kernel_size=kernel_size,
        stride=stride,
        padding=draw(st.integers(0, min(3, kernel_size - 1))),
        output_padding=draw(st.integers(0, stride - 1)),
        activation="table" if last else draw(st.sampled_from(("relu", "leaky_relu"))),
        weight_bits=draw(st.integers(2, 8)),
    )


@st.composite
def networks(draw):
    planes, colours = draw(st.sampled_from(sorted(GeneratorSpec.HEADS.values())))
    hidden = draw(st.lists(layers(), min_size=1, max_size=4))
    last = draw(layers(last=True, channels=colours))
    try:
        spec = GeneratorSpec(draw(st.integers(1, 30)), planes, (*hidden, last))
    except InputError:
        assume(False)
    assume(max(shape.out_size for shape in spec.shapes) <= SIZE_MAX)
    return spec


@THOROUGH
@given(networks(), st.sampled_from(sorted(OUTPUTS)), st.integers(0, 2**16))
def test_every_layer_and_picture_is_goldens(spec, output, seed):
    config = RunConfig(spec=spec, recipe="fast", steps=5, seed=1)
    generator = replace(float_generator(spec, seed), output=output)
    network = FakeQuantizedGenerator(spec, generator.slopes, output)
    network.start_from(pipeline.round_generator(config, generator, spec)[1])
    offsets = [quantize_latents(offset) for offset in generator.offsets]
    assert_goldens(network, offsets, LATENTS, seed)
