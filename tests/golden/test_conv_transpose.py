# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from golden import conv_transpose
from golden.spec import GeneratorSpec

FORMS = ("scatter", "zero_insertion", "phases")
# in_channels, out_channels, height, width, kernel, stride, padding, output_padding
SHAPES = [
    (5, 3, 1, 1, 4, 1, 0, 0),
    (3, 4, 4, 4, 4, 2, 1, 0),
    (2, 1, 16, 16, 4, 2, 1, 0),
    (3, 2, 5, 3, 3, 2, 0, 0),
    (1, 2, 3, 6, 5, 3, 2, 0),
    (2, 2, 5, 3, 4, 1, 2, 0),
    (2, 3, 4, 4, 3, 2, 1, 1),
    (3, 2, 7, 7, 5, 2, 2, 1),
    (2, 2, 3, 3, 1, 2, 0, 1),
    (2, 2, 5, 6, 8, 2, 6, 1),
    (2, 3, 5, 5, 1, 1, 0, 0),
]


def random_case(shape, seed=0):
    channels, out_channels, height, width, kernel, stride, padding, behind = shape
    rng = np.random.default_rng(seed)
    x = rng.integers(-256, 255, (2, channels, height, width), np.int16)
    weight = rng.integers(-127, 128, (channels, out_channels, kernel, kernel), np.int8)
    return x, weight, {"stride": stride, "padding": padding, "output_padding": behind}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", FORMS)
def test_equals_torch(form, shape):
    x, weight, options = random_case(shape)
    found = getattr(conv_transpose, f"conv_transpose2d_{form}")(x, weight, **options)
    wanted = torch.nn.functional.conv_transpose2d(
        torch.from_numpy(x).double(), torch.from_numpy(weight).double(), **options
    )
    np.testing.assert_array_equal(found, wanted.numpy())


@pytest.mark.parametrize("form", FORMS)
def test_sums_beyond_float32_stay_exact(form):
    x = np.full((1, 2048, 2, 2), 255, np.uint8)
    weight = np.full((2048, 1, 4, 4), 127, np.int8)
    weight[0] = 126  # an odd sum that a float32 above 2**24 cannot hold
    out = getattr(conv_transpose, f"conv_transpose2d_{form}")(x, weight, stride=2, padding=1)
    assert out.max() == 4 * (2048 * 255 * 127 - 255)


def test_sums_beyond_float64_are_refused():
    x = np.full((1, 1, 1, 1), 2**30, np.int64)
    with pytest.raises(OverflowError):
        conv_transpose.conv_transpose2d_phases(x, x, stride=1, padding=0)


def test_a_flag_that_blas_leaves_is_no_warning(monkeypatch):
    """OpenBLAS computes lanes that it drops; what they hold may be no number."""

    def matmul(a, b, exact=np.matmul):
        np.sqrt(np.float32(-1))  # sets the flag of an invalid operation
        return exact(a, b)

    monkeypatch.setattr(np, "matmul", matmul)
    out = conv_transpose.conv_transpose2d_phases(
        np.full((1, 2, 1, 1), 3), np.full((2, 1, 1, 1), -5), stride=1, padding=0
    )
    assert out.tolist() == [[[[-30]]]]


@pytest.mark.parametrize("layer", GeneratorSpec.preset("compact").shapes)
def test_macs_of_the_forms(layer):
    x_shape = (1, layer.in_channels, layer.in_size, layer.in_size)
    scatter, zeros, phases = (
        getattr(conv_transpose, f"macs_{form}")(
            x_shape, layer.weight_shape, stride=layer.stride, padding=layer.padding
        )
        for form in FORMS
    )
    pairs = layer.in_channels * layer.out_channels
    assert scatter == pairs * 16 * layer.in_size**2
    assert zeros == pairs * 16 * layer.out_size**2
    assert phases == layer.useful_macs <= scatter <= zeros


@pytest.mark.parametrize("shape", SHAPES)
def test_macs_of_phases_are_the_products_that_reach_the_picture(shape):
    """Ones everywhere: the outputs' sum counts the products."""
    x, weight, options = random_case(shape)
    x, weight = np.ones_like(x[:1]), np.ones_like(weight)
    out = conv_transpose.conv_transpose2d_scatter(x, weight, **options)
    assert conv_transpose.macs_phases(x.shape, weight.shape, **options) == out.sum()
