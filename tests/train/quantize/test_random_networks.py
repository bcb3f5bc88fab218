# SPDX-License-Identifier: Apache-2.0
"""Random networks of any layers: torch's integers are golden's, layer by layer."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from golden.arithmetic import plane_inputs
from golden.generator import generate, trace
from golden.latents import quantize_latents
from golden.spec import GeneratorSpec, Layer
from support.failures import InputError
from tests.train.runs import float_generator
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


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(networks(), st.sampled_from(sorted(OUTPUTS)), st.integers(0, 2**16))
def test_every_layer_and_picture_is_goldens(spec, output, seed):
    config = RunConfig(spec=spec, recipe="fast", steps=5, seed=1)
    generator = replace(float_generator(spec, seed), output=output)
    network = FakeQuantizedGenerator(spec, generator.slopes, output)
    network.start_from(pipeline.round_generator(config, generator, spec)[1])

    rng = np.random.default_rng(seed)
    latents = rng.standard_normal((LATENTS, spec.latent))
    latents[0], latents[1] = 9, -9  # saturate
    offsets = [quantize_latents(offset) for offset in generator.offsets]
    model = network.model(offsets)
    q = quantize_latents(latents)
    inputs = plane_inputs(q, *offsets) if offsets else q[:, None].astype(np.int16)
    inputs = inputs.reshape(-1, spec.latent).astype(np.float64)
    for wanted, (acc, outputs) in zip(trace(model, q), network.trace(torch.from_numpy(inputs))):
        np.testing.assert_array_equal(acc.numpy(force=True), wanted.accumulators.reshape(acc.shape))
        np.testing.assert_array_equal(
            outputs.numpy(force=True), wanted.activations.reshape(acc.shape)
        )

    offsets = [torch.from_numpy(offset / np.float32(32)) for offset in offsets]
    pictures = network.colour(torch.from_numpy(latents), *offsets, dtype=torch.float64)
    pictures = ((pictures + 1) * 127.5).round().permute(0, 2, 3, 1).numpy(force=True)
    np.testing.assert_array_equal(pictures, generate(model, q))
